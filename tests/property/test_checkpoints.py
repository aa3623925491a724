"""Goal: whatever a tree holds and however it is edited, what was copied is what comes back.

Method: random trees, edits, moves between two sessions and collections; after
each move the tree must be what it was, and after each copy all checkpoints that
are kept must be whole and name nothing but what the rule allows.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from sessionlib.checkpoints.catalog import list_names, read_manifest, verify
from sessionlib.checkpoints.store_names import blob_number
from sessionlib.clock import SystemClock
from sessionlib.core.values import Pointer
from sessionlib.stores.memory import MemoryStore
from tests.unit.checkpoints.sessions import Side, picture

NAMES = st.sampled_from(["a", "b", "c c", "ü", os.fsdecode(b"\xff")])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CONTENTS = st.one_of(
    st.binary(max_size=20),
    st.tuples(st.binary(min_size=1, max_size=2), st.integers(1, 150)).map(lambda c: c[0] * c[1]),
)
KEEP = 2


class Moves(RuleBasedStateMachine):
    """Two machines, one of which works."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="colabvps-property-"))
        self.store = MemoryStore(SystemClock())
        self.sides = [Side(self.store, self.folder / name, keep=KEEP) for name in "xy"]
        self.worker = self.sides[0]
        self.epoch = 1
        self.pointer: Pointer | None = None
        self.worker.checkpoints.restore(1, None)

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @rule(path=PATHS, content=CONTENTS)
    def write(self, path: str, content: bytes) -> None:
        file = self.room_for(path)
        file.write_bytes(content)

    @rule(path=PATHS, at=st.integers(0, 200), content=st.binary(min_size=1, max_size=3))
    def edit(self, path: str, at: int, content: bytes) -> None:
        file = self.worker.data / path
        if file.is_file() and not file.is_symlink():
            with file.open("r+b") as opened:
                opened.seek(at)
                opened.write(content)

    @rule(path=PATHS)
    def make_folder(self, path: str) -> None:
        self.room_for(path).mkdir()

    @rule(path=PATHS, to=PATHS)
    def link(self, path: str, to: str) -> None:
        self.room_for(path).symlink_to("../" * path.count("/") + to)

    @rule(path=PATHS, mode=st.sampled_from([0o600, 0o640, 0o755]))
    def give_rights(self, path: str, mode: int) -> None:
        file = self.worker.data / path
        if file.is_file() and not file.is_symlink():
            file.chmod(mode)

    @rule(path=PATHS)
    def remove(self, path: str) -> None:
        self.clear(self.worker.data / path)

    @rule()
    def copy(self) -> None:
        base = self.pointer
        self.pointer = self.worker.copy(self.epoch, base)
        allowed = set() if base is None else read_manifest(self.store, base.name).blob_names()
        made = read_manifest(self.store, self.pointer.name)
        fresh = {name for name in made.blob_names() if name not in allowed}
        assert {blob_number(name) for name in fresh} == {(self.pointer.epoch, self.pointer.seq)}

    @rule()
    def copy_without_publishing(self) -> None:
        self.worker.copy(self.epoch, self.pointer)

    @precondition(lambda self: self.pointer is not None)
    @rule()
    def collect(self) -> None:
        self.worker.checkpoints.collect(self.pointer)
        newest = list_names(self.store)
        assert self.pointer is not None
        assert self.pointer.name in newest
        for name in newest:
            assert verify(self.store, name) == []

    @precondition(lambda self: self.pointer is not None)
    @rule()
    def fetch(self) -> None:
        assert self.pointer is not None
        self.other().checkpoints.fetch(self.pointer)

    @rule()
    def restart_the_other(self) -> None:
        self.other().start()

    @rule()
    def move(self) -> None:
        """Seal, and let the other one restore."""
        self.pointer = self.worker.copy(self.epoch, self.pointer)
        sealed = picture(self.worker.data)
        self.worker, self.epoch = self.other(), self.epoch + 1
        done = self.worker.checkpoints.restore(self.epoch, self.pointer)
        assert not done.kept_existing
        assert picture(self.worker.data) == sealed

    @rule()
    def restart(self) -> None:
        """The same one claims again: nothing may be lost, published or not."""
        before = picture(self.worker.data)
        self.worker.start()
        self.epoch += 1
        assert self.worker.checkpoints.restore(self.epoch, self.pointer).kept_existing
        assert picture(self.worker.data) == before

    @precondition(lambda self: self.pointer is not None)
    @rule()
    def lose(self) -> None:
        """The worker dies; the other takes over from what was published."""
        lost = picture(self.worker.data)
        loser = self.worker
        self.worker, self.epoch = self.other(), self.epoch + 1
        self.worker.checkpoints.restore(self.epoch, self.pointer)
        assert picture(loser.data) == lost

    @invariant()
    def nothing_is_left_lying(self) -> None:
        for side in getattr(self, "sides", []):
            for name in side.beside() if side.home.exists() else ():
                assert name.startswith((".data.next", "data.aside-")), name

    def other(self) -> Side:
        return self.sides[self.worker is self.sides[0]]

    def room_for(self, path: str) -> Path:
        """A place where nothing is, in folders that are."""
        here = self.worker.data
        parts = path.split("/")
        for part in parts[:-1]:
            here /= part
            if here.is_symlink() or not here.is_dir():
                self.clear(here)
                here.mkdir()
        here /= parts[-1]
        self.clear(here)
        return here

    def clear(self, path: Path) -> None:
        if path.is_symlink() or path.is_file():
            if path.parent.resolve().is_relative_to(self.worker.data.resolve()):
                path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)


TestMoves = Moves.TestCase
TestMoves.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
