"""The adapters that the suite runs over.

A new one is a line in ADAPTERS: from an empty folder of its own to a store that
is provisioned and empty. Its own failure modes go into a file of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from sessionlib.clock import SystemClock
from sessionlib.ports import Store
from sessionlib.stores.drive.store import DriveStore
from sessionlib.stores.folder import FolderStore
from sessionlib.stores.memory import MemoryStore
from tests.drive.emulator import kit


def memory(_: Path) -> Store:
    return MemoryStore(SystemClock())


def folder(path: Path) -> FolderStore:
    store = FolderStore(path / "VPS_Shared", SystemClock())
    store.provision()
    return store


@cache
def drives() -> kit.Drives:
    """One emulator and one sign-in for all tests of a process; each has a tree of its own."""
    return kit.Drives()


def drive(_: Path) -> DriveStore:
    return drives().store()


ADAPTERS: Mapping[str, Callable[[Path], Store]] = {
    "drive": drive,
    "folder": folder,
    "memory": memory,
}
