"""What can become of a file in a folder that others write to.

Method: each kind of damage is put in place whole, by a rename where that can be,
so that nobody sees a state between. `words` is what must be said of it when it
stands where a record should.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_DRAFT = ".damage-"
HUGE_BYTES = 100 * 1024 * 1024

ORIGINS_STATE = {
    "primary_worker_id": "primary-1732270000",
    "session_start": "2024-11-22T10:00:00.000000",
    "last_update": "2024-11-22T10:05:00.000000",
    "status": "active",
    "remaining_hours": 11.9,
    "current_tasks": [],
    "system_state": {},
}


@dataclass(frozen=True, slots=True)
class Damage:
    """One kind: `make` puts it at a path that is free, given what should stand there."""

    name: str
    words: str
    make: Callable[[Path, bytes], object]

    def do(self, path: Path, good: bytes) -> None:
        """Put it in the place of whatever is at `path`."""
        beside = path.with_name(_DRAFT + path.name)
        clear(beside)
        self.make(beside, good)
        if beside.is_dir() or path.is_dir():
            clear(path)
        beside.replace(path)


def clear(path: Path) -> None:
    """Remove whatever is at `path`, if anything is."""
    with suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def mend(path: Path, good: bytes | None) -> None:
    """Put back what stood at `path`; None: nothing did."""
    if good is None:
        clear(path)
    else:
        Damage("", "", Path.write_bytes).do(path, good)


def _huge(path: Path, good: bytes) -> None:
    # Sparse, so that it costs no disk; whoever reads it whole still gets every byte.
    with path.open("wb") as file:
        file.write(b'{"schema": "lease/1", "note": "')
        file.truncate(HUGE_BYTES)


def _json(**changes: object) -> Callable[[Path, bytes], object]:
    def make(path: Path, good: bytes) -> None:
        path.write_text(json.dumps({**json.loads(good), **changes}))

    return make


def _twice(path: Path, good: bytes) -> None:
    path.write_bytes(
        good[:-1] + b',"schema":' + json.dumps(json.loads(good)["schema"]).encode() + b"}"
    )


def _loop(path: Path, good: bytes) -> None:
    path.symlink_to(path.name.removeprefix(_DRAFT))


def _unreadable(path: Path, good: bytes) -> None:
    path.write_bytes(good)
    path.chmod(0)


CONTENTS = (
    Damage("torn", "torn", lambda path, good: path.write_bytes(good[: len(good) // 2])),
    Damage("empty", "empty", lambda path, good: path.touch()),
    Damage("huge", "more than", _huge),
    Damage("binary", "not JSON", lambda path, good: path.write_bytes(bytes(range(256)) * 4)),
    Damage("pickle", "not JSON", lambda path, good: path.write_bytes(b"\x80\x04cos\nsystem\n.")),
    Damage("foreign", "foreign", lambda path, good: path.write_text(json.dumps(ORIGINS_STATE))),
    Damage("list", "not an object", lambda path, good: path.write_bytes(b"[" + good + b"]")),
    Damage("newer", "newer", _json(schema="lease/2", quorum=["a", "b"])),
    Damage("deep", "deeper", lambda path, good: path.write_bytes(b'{"a":' * 50 + b"1" + b"}" * 50)),
    Damage("abyss", "not JSON", lambda path, good: path.write_bytes(b"[" * 60_000)),
    Damage("nan", "not JSON", _json(ttl_s=float("nan"), remaining_s=float("nan"))),
    Damage("twice", "stands twice", _twice),
    Damage("stampless", "schema", lambda path, good: path.write_bytes(b'{"status": "active"}')),
)
"""A file that can be read, and is no record of ours."""

PLACES = (
    Damage("directory", "not a regular file", lambda path, good: path.mkdir()),
    Damage("dangling", "", lambda path, good: path.symlink_to("nowhere")),
    Damage("loop", "symbolic links", _loop),
    Damage("pipe", "not a regular file", lambda path, good: os.mkfifo(path)),
    Damage("unreadable", "Permission denied", _unreadable),
)
"""Something at its place that isn't a file that can be read."""

DAMAGES = {damage.name: damage for damage in (*CONTENTS, *PLACES)}
