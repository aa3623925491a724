"""The unpacked bundles of one home, in `code/<first digits of the hash>`: each whole, or not there.

The last two in use stay. A folder that a process works in is never removed.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from sessionlib.bundles.records import PublishedCode
from sessionlib.bundles.unpacking import unpack

KEPT = 2
_NAME_DIGITS = 16


class BundleCache:
    """The folder `code` of a home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, published: PublishedCode) -> Path:
        """Where the bundle is, or is to be."""
        return self.folder / published.digest[:_NAME_DIGITS]

    def marker(self, name: str) -> Path:
        """The note beside it that its set-up has been run."""
        return self.folder / f"{name}.ready.json"

    def add(self, published: PublishedCode, fetch: Callable[[IO[bytes]], None]) -> Path:
        """Have the bundle there; `fetch` writes its archive where it isn't yet. Raises KitError
        and whatever `fetch` raises, and then nothing is left of it."""
        place = self.path_of(published)
        if not place.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
            self._clear_drafts()
            draft = self.folder / f".{secrets.token_hex(8)}"
            draft.mkdir()
            try:
                self._fill(draft, published, fetch)
                (draft / "code").rename(place)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        with suppress(OSError):
            os.utime(place)
        return place

    def _fill(
        self, draft: Path, published: PublishedCode, fetch: Callable[[IO[bytes]], None]
    ) -> None:
        with (draft / "archive").open("w+b") as archive:
            # Fetched whole and found right before a byte of it is looked into.
            fetch(archive)
            archive.seek(0)
            (draft / "code").mkdir()
            unpack(archive, draft / "code", published.content_bytes, published.files)

    def _clear_drafts(self) -> None:
        """Remove what an agent that was killed has left; a home has one agent at a time."""
        for path in self.folder.glob(".*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)

    def tidy(self, in_use: Iterable[Path] = ()) -> None:
        """Remove bundles that nobody uses. Best effort: what stays is in nobody's way."""
        with suppress(OSError):
            found = [path for path in self.folder.iterdir() if path.is_dir()]
            found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
            spared = {path.resolve() for path in in_use}
            for path in found[KEPT:]:
                if path.resolve() not in spared and not _is_worked_in(path):
                    self.marker(path.name).unlink(missing_ok=True)
                    shutil.rmtree(path, ignore_errors=True)


def _is_worked_in(folder: Path) -> bool:
    """Whether a process has its working directory in it. Those of others can't be seen, and
    an agent's workload is its own user's."""
    inside = str(folder.resolve())
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            place = str((process / "cwd").readlink())
            if place == inside or place.startswith(f"{inside}/"):
                return True
    return False
