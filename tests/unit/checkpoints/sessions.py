"""Sessions that keep checkpoints in one store, and trees to compare, for the tests of both."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from sessionlib.checkpoints import Checkpoints
from sessionlib.checkpoints.save.copier import BlobSizes
from sessionlib.clock import SystemClock
from sessionlib.core.copies import Made
from sessionlib.core.values import Pointer
from sessionlib.ports import Store

TINY = BlobSizes(piece_bytes=64, pack_bytes=64, small_bytes=16)
"""A few bytes are then a large file of several pieces."""
LONG_AGO_NS = 1_600_000_000_123_456_789


class Side:
    """One account's machine: its data directory and what looks after it."""

    def __init__(self, store: Store, home: Path, keep: int = 3, sizes: BlobSizes = TINY) -> None:
        self.store = store
        self.home = home
        self.data = home / "data"
        self._keep = keep
        self._sizes = sizes
        self.start()

    def start(self) -> None:
        """A new process: nothing is known but what is on the disk."""
        room = self.home / "room"
        clock = SystemClock()
        self.checkpoints = Checkpoints(
            self.store, self.data, room, clock, self._keep, sizes=self._sizes
        )

    def copy(self, epoch: int, base: Pointer | None) -> Pointer:
        return self.made(epoch, base).pointer

    def made(self, epoch: int, base: Pointer | None) -> Made:
        made = self.checkpoints.copy(epoch, base)
        assert made is not None
        return made

    def aside(self) -> list[Path]:
        return sorted(self.home.glob("data.aside-*"))

    def beside(self) -> set[str]:
        """What lies beside the data directory, but for its note."""
        names = {path.name for path in self.home.iterdir()}
        return names - {"data", "data.stem.json"}


def fill(data: Path, **files: str) -> Path:
    """Files by name, `__` standing for a slash."""
    data.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = data / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return data


def rest(data: Path) -> None:
    """Make every file look as if it had been left alone for long.

    Changing the times is itself a change that shows, so this stands for waiting
    only together with a patched tick.
    """
    for path in data.rglob("*"):
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS), follow_symlinks=False)


def picture(root: Path) -> dict[str, tuple[object, ...]]:
    """All that a checkpoint keeps of a tree."""
    found: dict[str, tuple[object, ...]] = {}
    for path in [root, *root.rglob("*")]:
        status = path.lstat()
        mode, name = stat.S_IMODE(status.st_mode), str(path.relative_to(root))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))  # noqa: PTH115 - as it stands
        elif path.is_dir():
            found[name] = ("dir", mode, status.st_mtime_ns)
        else:
            found[name] = ("file", mode, status.st_mtime_ns, path.read_bytes())
    return found
