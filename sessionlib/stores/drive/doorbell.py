"""The doorbell: what was created last, in the description of one file."""

# A listing costs twenty times a read and lags behind by minutes. So whoever creates a record
# writes its key and id here, by conditional write, and everybody else reads this one file. That
# write also decides which of two files of one name is the record: the first to be rung. A reader
# that has missed more than the doorbell remembers lists folders again.

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

MAX_BELL_BYTES = 2_000
MAX_RINGS = 16
_SCHEMA = "bell/1"


@dataclass(frozen=True, slots=True)
class Ring:
    """One creation. `number` rises by one with each."""

    number: int
    key: str
    id: str


@dataclass(frozen=True, slots=True)
class DriveBell:
    """The last creations. `cast` changes when the bell had to be made anew."""

    cast: str
    number: int = 0
    rings: tuple[Ring, ...] = ()

    def id_of(self, key: str) -> str | None:
        return next((ring.id for ring in self.rings if ring.key == key), None)

    def with_ring(self, *files: tuple[str, str]) -> DriveBell:
        """The bell after a ring for each key and id, the oldest forgotten where there are too
        many."""
        number = self.number + len(files)
        new = [Ring(self.number + 1 + i, key, id_) for i, (key, id_) in enumerate(files)]
        bell = replace(self, number=number, rings=(*self.rings, *new)[-MAX_RINGS:])
        while len(encode(bell)) > MAX_BELL_BYTES and len(bell.rings) > 1:
            bell = replace(bell, rings=bell.rings[1:])
        return bell

    def since(self, before: DriveBell | None) -> tuple[Ring, ...] | None:
        """The rings after `before`; None if some of them are forgotten."""
        if before is None or before.number > self.number:
            return None
        if before.cast not in {self.cast, BLANK.cast}:
            return None
        missed = self.number - before.number
        newer = tuple(ring for ring in self.rings if ring.number > before.number)
        return newer if len(newer) == missed else None


BLANK = DriveBell("")
"""Before the first ring; and what is made of a bell that can't be made out."""


def encode(bell: DriveBell) -> bytes:
    rings = [[ring.number, ring.key, ring.id] for ring in bell.rings]
    body = {"schema": _SCHEMA, "cast": bell.cast, "number": bell.number, "rings": rings}
    return json.dumps(body, separators=(",", ":")).encode()


def decode(text: str) -> DriveBell | None:
    """The bell in `text`; None for anything else, which says nothing."""
    try:
        body = json.loads(text)
        if body["schema"] != _SCHEMA:
            return None
        rings = tuple(Ring(_number(n), _text(key), _text(id_)) for n, key, id_ in body["rings"])
        return DriveBell(_text(body["cast"]), _number(body["number"]), rings)
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError
    return value
