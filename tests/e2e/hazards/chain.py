"""The lease record's every version, read as it comes to be.

Goal: the record never names two holders for one epoch, and no epoch follows a
higher one, whatever is done to a fleet meanwhile. Method: a thread reads each new
version of the chain; versions are pruned much later than it looks.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

from sessionlib.clock import SystemClock
from sessionlib.core.values import Lease, LeaseState
from sessionlib.errors import RecordUnreadable
from sessionlib.records import decode

EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Written:
    """One state of the record, by the boot-time clock: when it was first seen, and when its file
    was written, which is a little before it became the record."""

    version: int
    at_s: float
    lease: Lease
    made_s: float


class ChainWatch:
    """Watches one chain until it is closed. What is no lease is passed over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: set[int] = set()
        self._nonces: set[str] = set()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self.written: list[Written] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._closed.wait(EVERY_S):
            self._look()

    def _look(self) -> None:
        with self._lock:
            self._read_new()

    def _read_new(self) -> None:
        heights = self._heights()
        if self._seen and max(heights, default=0) < max(self._seen):
            # Somebody cut the chain: what has been read is known by its nonce.
            self._seen.clear()
        for version in sorted(set(heights) - self._seen):
            self._seen.add(version)
            self._read(version)

    def _heights(self) -> list[int]:
        try:
            return [int(path.name) for path in self._folder.iterdir() if path.name.isdigit()]
        except OSError:
            return []

    def _read(self, version: int) -> None:
        try:
            with (self._folder / str(version)).open("rb") as file:
                lease = decode(Lease, file.read(2_000))
                made_unix_s = os.fstat(file.fileno()).st_mtime
        except (OSError, RecordUnreadable):
            return
        if lease.nonce not in self._nonces:
            self._nonces.add(lease.nonce)
            now = SystemClock().now()
            made_s = made_unix_s - now.wall + now.boot
            self.written.append(Written(version, now.boot, lease, made_s))

    def count(self) -> int:
        """How many states there were, up to now: a look that is under way is waited for."""
        self._look()
        return len(self.written)

    def last(self, epoch: int) -> Written:
        """The newest state under `epoch`."""
        return [one for one in self.written if one.lease.epoch == epoch][-1]

    def first(self, epoch: int) -> Written:
        """The claim of `epoch`."""
        return next(one for one in self.written if one.lease.epoch == epoch)

    def judge(self) -> None:
        """One holder for each epoch, and epochs in order."""
        self._look()
        holders: dict[int, set[tuple[str | None, str | None]]] = {}
        for one in self.written:
            if one.lease.state is not LeaseState.FREE:
                who = (one.lease.holder, one.lease.incarnation)
                holders.setdefault(one.lease.epoch, set()).add(who)
        assert all(len(names) == 1 for names in holders.values()), holders
        epochs = [one.lease.epoch for one in self.written]
        assert epochs == sorted(epochs), epochs

    def close(self) -> None:
        self._closed.set()
        self._thread.join()
