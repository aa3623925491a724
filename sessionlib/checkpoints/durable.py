"""Putting things onto the disk for good.

Decided here: that a tree is synced with one call for its whole file system where
there is such a call, which is a hundred times quicker than one for each file.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path


def sync_tree(root: Path) -> None:
    """Put all that was written below `root` onto the disk. Raises OSError."""
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
        if syncfs is None:  # not Linux
            os.sync()
        elif syncfs(fd) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(root))
    finally:
        os.close(fd)


def sync_folder(folder: Path) -> None:
    """Put the names in `folder` onto the disk. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_file(path: Path, data: bytes) -> None:
    """Replace a small file, durably, by one that is whole at any moment. Raises OSError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)
