"""The cases, as the files in `cases/` list them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
CASES = HERE / "cases"
FLEETS = HERE / "fleets"
RECORDED = HERE / "recorded"


@dataclass(frozen=True)
class Mask:
    """A value that differs from run to run.

    `path` names fields, as `accounts[].remaining_s`. `within` is a regular expression:
    what its groups match is masked, the rest of the text is compared. Without it the
    whole value is masked, except for its type.
    """

    path: str
    within: str | None = None


@dataclass(frozen=True)
class Case:
    """One command line over one fleet.

    `fleet` names folders in `fleets/`, each copied over the ones before. `without` are
    paths that are removed then. Once an order is there, `then` are copied as well, with
    its id in place of ORDER. `lines` is how many lines of standard output count; the
    program is interrupted after them.
    """

    name: str
    args: tuple[str, ...]
    fleet: tuple[str, ...]
    without: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: str = ""
    lines: int | None = None
    masks: tuple[Mask, ...] = ()


def load_cases(folder: Path = CASES) -> list[Case]:
    """Every case, sorted by its file and as it stands there."""
    return [case for path in sorted(folder.glob("*.yaml")) for case in _cases_in(path)]


def _cases_in(path: Path) -> list[Case]:
    body = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [_case(name, entry, body) for name, entry in body["cases"].items()]


def _case(name: str, entry: dict[str, Any], shared: dict[str, Any]) -> Case:
    """A case with the masks and the variables that all of its file have."""
    fields: dict[str, Any] = {
        key: tuple(v) if isinstance(v, list) else v for key, v in entry.items()
    }
    fields["args"] = tuple(shlex.split(entry["args"]))
    fields["env"] = {**shared.get("env", {}), **entry.get("env", {})}
    fields["masks"] = (*_masks(shared.get("masks", {})), *_masks(entry.get("masks", {})))
    return Case(name, **fields)


def _masks(entries: Mapping[str, str | None]) -> tuple[Mask, ...]:
    return tuple(Mask(path, within) for path, within in entries.items())
