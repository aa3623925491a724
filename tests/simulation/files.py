"""The same on real files: the product's checkpoints, in memory-backed folders.

Method: every epoch's count is a file, so that most of them are named again from one
checkpoint to the next. The store is the product's own in memory; it loses an upload
silently now and then, which only its durability receipt shows.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import threading
from pathlib import Path

from sessionlib.checkpoints import Checkpoints
from sessionlib.checkpoints.catalog import list_checkpoints, verify
from sessionlib.checkpoints.save.copier import BlobSizes
from sessionlib.checkpoints.store_names import BLOBS
from sessionlib.clock import Clock
from sessionlib.core.values import Pointer
from sessionlib.stores.memory import MemoryStore
from tests.simulation.disks import KEEP, CheckpointError, Content

TINY = BlobSizes(piece_bytes=64, pack_bytes=64, small_bytes=16)


class FileDepot(MemoryStore):
    """A store that now and then says that it has what it hasn't."""

    def __init__(self, clock: Clock, folder: Path, forgets: int) -> None:
        super().__init__(clock)
        self.folder = folder
        self.clock = clock
        self._forgets = forgets
        self._known: dict[str, Content] = {}
        self._begun: dict[str, dict[str, int]] = {}
        self._lock_of_begun = threading.Lock()

    def put(self, key: str, data: bytes) -> None:
        if not (key.startswith(BLOBS) and self._forgets > self._lot(key)):
            super().put(key, data)

    def _lot(self, key: str) -> int:
        """A number below a thousand for this upload: by its place in its copy and by how often
        that copy was begun, which a seed decides; names and threads it doesn't."""
        mark, nonce, number, _ = key.removeprefix(BLOBS).rsplit("-", 3)
        with self._lock_of_begun:
            begun = self._begun.setdefault(mark, {}).setdefault(nonce, len(self._begun[mark]))
        digest = hashlib.sha256(f"{mark}/{begun}/{number}".encode()).digest()
        return int.from_bytes(digest[:4]) % 1000

    def know(self, name: str, content: Content) -> None:
        """What the checkpoint of this name was made from."""
        self._known[name] = dict(content)

    def content(self, name: str) -> Content | None:
        try:
            harmed = verify(self, name)
        except CheckpointError:
            return None
        return None if harmed else self._known.get(name)

    def newest(self) -> Pointer | None:
        whole = (one for one in list_checkpoints(self) if one.error is None)
        return next((Pointer(one.epoch, one.seq, one.name, one.bytes) for one in whole), None)


class FileDisk:
    """One account's data directory, and the product's checkpoints over it."""

    def __init__(self, depot: FileDepot, name: str) -> None:
        self._depot = depot
        self._home = depot.folder / name
        self.wipe()

    def wipe(self) -> None:
        shutil.rmtree(self._home, ignore_errors=True)
        self._home.mkdir(parents=True)
        self.data = self._home / "data"
        self._checkpoints = Checkpoints(
            self._depot, self.data, self._home / "room", self._depot.clock, KEEP, TINY
        )

    def write(self, epoch: int, ms: int) -> None:
        file = self.data / f"epoch-{epoch}"
        before = int(file.read_text()) if file.exists() else 0
        file.write_text(f"{before + ms:020d}")

    def content(self) -> Content:
        if not self.data.is_dir():
            return {}
        # Sorted: in what order a folder gives its files no seed decides.
        epochs = sorted(int(file.name[6:]) for file in self.data.glob("epoch-*"))
        return {epoch: int((self.data / f"epoch-{epoch}").read_text()) for epoch in epochs}

    def copy(self, epoch: int, base: Pointer | None) -> Pointer | None:
        made = self._checkpoints.copy(epoch, base)
        if made is None:
            return None
        self._depot.know(made.pointer.name, self.content())
        return made.pointer

    def fetch(self, pointer: Pointer) -> None:
        self._checkpoints.fetch(pointer)

    def restore(self, epoch: int, pointer: Pointer | None) -> bool:
        return self._checkpoints.restore(epoch, pointer).kept_existing

    def collect(self, pointer: Pointer, epoch: int) -> None:
        with contextlib.suppress(CheckpointError):
            self._checkpoints.collect(pointer, epoch)
