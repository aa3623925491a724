"""What a simulated machine keeps of the workload's data, and the checkpoints in the store.

Goal: data whose losses and forks show. Method: the data is how many milliseconds of work
were done under each epoch. `LedgerDisk` keeps it as a dict and follows the product's
own rules on notes and names; one seed in ten has a `FileDisk` (`files`) instead, which
is the product's `Checkpoints` on real files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sessionlib.checkpoints.data_directory import StemNote, may_continue, next_stems
from sessionlib.checkpoints.errors import CheckpointDamaged, CheckpointError, CheckpointMissing
from sessionlib.checkpoints.store_names import MAX_NUMBER, CheckpointNumber, next_number
from sessionlib.core.values import Pointer

__all__ = [
    "CheckpointDamaged",
    "CheckpointError",
    "CheckpointMissing",
    "Content",
    "Depot",
    "Disk",
    "LedgerDisk",
]

Content = Mapping[int, int]
"""Milliseconds of work by the epoch that they were done under."""

KEEP = 3


class Depot(Protocol):
    """The checkpoints of a fleet, as the truth sees them."""

    def content(self, name: str) -> Content | None:
        """What a checkpoint holds; None where it isn't whole."""

    def newest(self) -> Pointer | None:
        """The newest whole one, published or not."""


class Disk(Protocol):
    """One machine's data, and what may be done with it. Errors are CheckpointErrors."""

    def write(self, epoch: int, ms: int) -> None: ...

    def content(self) -> Content: ...

    def copy(self, epoch: int, base: Pointer | None) -> Pointer | None: ...

    def fetch(self, pointer: Pointer) -> None: ...

    def restore(self, epoch: int, pointer: Pointer | None) -> bool: ...

    def collect(self, pointer: Pointer, epoch: int) -> None: ...

    def wipe(self) -> None: ...


@dataclass
class Ledger:
    """The checkpoints of a fleet, without their files."""

    saved: dict[str, tuple[Pointer, Content]] = field(default_factory=dict)
    made: int = 0

    def content(self, name: str) -> Content | None:
        found = self.saved.get(name)
        return None if found is None else found[1]

    def newest(self) -> Pointer | None:
        pointers = [pointer for pointer, _ in self.saved.values()]
        return max(pointers, key=lambda one: (one.epoch, one.seq), default=None)

    def save(self, mark: CheckpointNumber, content: Content) -> Pointer:
        self.made += 1
        name = f"{mark.epoch}-{mark.seq}-{self.made:032x}"
        pointer = Pointer(mark.epoch, mark.seq, name, sum(content.values()))
        self.saved[name] = (pointer, dict(content))
        return pointer

    def _mark(self, name: str) -> CheckpointNumber:
        pointer = self.saved[name][0]
        return CheckpointNumber(pointer.epoch, pointer.seq)

    def collect(self, pointer: Pointer, epoch: int) -> None:
        """As `checkpoints.garbage` judges: by names alone."""
        newest = max(
            CheckpointNumber(pointer.epoch, pointer.seq), CheckpointNumber(epoch - 1, MAX_NUMBER)
        )
        older = [
            name
            for name in sorted(self.saved, key=self._mark, reverse=True)
            if name != pointer.name and self._mark(name) <= newest
        ]
        for name in older[KEEP - 1 :]:
            del self.saved[name]


class LedgerDisk:
    """Data as a dict."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.wipe()

    def wipe(self) -> None:
        """Another machine, with nothing on it."""
        self._content: dict[int, int] | None = None
        self._note: StemNote | None = None
        self._last: CheckpointNumber | None = None

    def write(self, epoch: int, ms: int) -> None:
        assert self._content is not None, "worked without a data directory"
        self._content[epoch] = self._content.get(epoch, 0) + ms

    def content(self) -> Content:
        return self._content or {}

    def copy(self, epoch: int, base: Pointer | None) -> Pointer | None:
        if base is not None and base.epoch > epoch:
            raise CheckpointError("somebody else has published since")
        if self._content is None:
            return None
        known = None if base is None else CheckpointNumber(base.epoch, base.seq)
        mark = self._last = next_number(epoch, known, self._last)
        pointer = self._ledger.save(mark, self._content)
        of = None if base is None else base.name
        self._note = next_stems(self._note, epoch, of, pointer.name)
        return pointer

    def fetch(self, pointer: Pointer) -> None:
        if pointer.name not in self._ledger.saved:
            raise CheckpointMissing(f"{pointer.name} isn't there")

    def restore(self, epoch: int, pointer: Pointer | None) -> bool:
        note = StemNote(epoch, (None if pointer is None else pointer.name,))
        if self._content is not None and may_continue(self._note, note):
            self._note = note
            return True
        if pointer is not None:
            self.fetch(pointer)
        held = self._ledger.saved[pointer.name][1] if pointer is not None else {}
        self._content, self._note = dict(held), note
        return False

    def collect(self, pointer: Pointer, epoch: int) -> None:
        self._ledger.collect(pointer, epoch)
