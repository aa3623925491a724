"""From a file to a `Config`, or to every reason why not, in the order of the file.

It stands above `config`, because only `stores` and `launchers` know their kinds.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from sessionlib.config import cross_checks, problem_texts, yaml_document
from sessionlib.config.config import Config, ConfigOrigin
from sessionlib.errors import ConfigError
from sessionlib.launchers.kinds import KINDS as LAUNCHER_KINDS
from sessionlib.stores import KINDS as STORE_KINDS


def load(path: Path | str) -> Config:
    """Read the configuration. Raises ConfigError with every problem in it."""
    path = Path(path)
    try:
        text = yaml_document.read_text(path)
    except ValueError as error:
        raise ConfigError([f"{path}: {error}"]) from None
    return parse(text, path)


def parse(text: str, path: Path) -> Config:
    """The configuration in `text`, as if it had been read from `path`."""
    read = yaml_document.parse(text)
    found = read.problems
    config = None
    if read.data is not None:
        try:
            config = Config.model_validate(read.data)
        except ValidationError as error:
            found += problem_texts.schema_problems(error, read)
        found += [
            yaml_document.ConfigProblem(read.line_of(where), where, said)
            for where, said in (
                *cross_checks.problems_between_settings(read.data),
                *cross_checks.unknown_store_kind(read.data, STORE_KINDS),
                *cross_checks.unknown_launchers(read.data, LAUNCHER_KINDS),
            )
        ]
    if config is None or found:
        in_order = sorted(found, key=lambda problem: problem.line)
        raise ConfigError(
            [problem_texts.format_problem(str(path), problem) for problem in in_order]
        )
    return config.read_from(ConfigOrigin(path, read.lines))
