"""From a file to a `Config`, or to every reason why not.

Decided here: that all problems are told at once, in the order of the file, and
where a configuration is looked for. Not decided here: what is a problem
(`document`, `schema`, `checks`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs
from pydantic import ValidationError

from sessionlib.config import checks, document, problems
from sessionlib.config.config import Config, Origin
from sessionlib.errors import ConfigError

VARIABLE = "COLABVPS_CONFIG"
NAME = "accounts.yaml"


def load(path: Path | str) -> Config:
    """Read the configuration. Raises ConfigError with every problem in it."""
    path = Path(path)
    try:
        text = document.read_text(path)
    except ValueError as error:
        raise ConfigError([f"{path}: {error}"]) from None
    return parse(text, path)


def parse(text: str, path: Path) -> Config:
    """The configuration in `text`, as if it had been read from `path`."""
    read = document.parse(text)
    found = read.problems
    config = None
    if read.data is not None:
        try:
            config = Config.model_validate(read.data)
        except ValidationError as error:
            found += problems.of_schema(error, read)
        found += [
            document.Problem(read.line_of(where), where, said)
            for where, said in checks.findings(read.data)
        ]
    if config is None or found:
        in_order = sorted(found, key=lambda problem: problem.line)
        raise ConfigError([problems.written(str(path), problem) for problem in in_order])
    return config.read_from(Origin(path, read.lines))


def find_config(
    explicit: Path | str | None = None, environ: Mapping[str, str] | None = None
) -> Path:
    """Where the configuration is: named, `$COLABVPS_CONFIG`, here, or the user's directory.

    A place that was named is taken at its word; that nothing is there is told by
    `load`. Raises ConfigError with what was tried.
    """
    environ = os.environ if environ is None else environ
    named = explicit or environ.get(VARIABLE)
    if named:
        return Path(named)
    places = [Path(NAME), user_config_dir() / NAME]
    for place in places:
        if place.is_file():
            return place
    tried = ", ".join(["--config (not given)", f"${VARIABLE} (not set)", *map(str, places)])
    raise ConfigError([f"no configuration found; tried {tried}: `colabvps-console init` makes one"])


def user_config_dir() -> Path:
    """The user's own directory for settings."""
    return Path(platformdirs.user_config_dir("colabvps", appauthor=False))
