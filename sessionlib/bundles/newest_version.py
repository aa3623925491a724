"""The newest published version that an agent has seen, kept in its home as it was signed.

Somebody who can write to the store, but not sign, can't bring an older one back.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from sessionlib.bundles.records import CODE_RECORDS, PublishedCode
from sessionlib.errors import RecordUnreadable


class NewestVersionFile:
    """One version in one file. Whatever goes wrong with it, we only know less."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def recall(self, fleet: str) -> PublishedCode | None:
        """The newest version seen of this fleet. It was genuine by the key of that time."""
        with suppress(OSError, RecordUnreadable):
            known = CODE_RECORDS.decode(self._path.read_bytes())
            return known if known.fleet == fleet else None
        return None

    def remember(self, seen: PublishedCode) -> None:
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(CODE_RECORDS.encode(seen))
            draft.replace(self._path)
