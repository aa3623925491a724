"""Goal: nothing that a published checkpoint needs is ever deleted, however late somebody is.

Method: collectors that are frozen before or after they have listed, while
successors publish; every checkpoint that should still be there is then read whole.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sessionlib.checkpoints import CheckpointMissing
from sessionlib.checkpoints.catalog import list_checkpoints, list_names, read_manifest, verify
from sessionlib.checkpoints.store_names import BLOBS, blob_key, manifest_key
from sessionlib.clock import SystemClock
from sessionlib.core.values import Pointer
from sessionlib.stores.memory import MemoryStore
from tests.unit.checkpoints.sessions import Side, fill


class Freezing(MemoryStore):
    """A memory store whose named call stands still, in the one thread that is to freeze."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.frozen_call = ""
        self.skip = 0
        self.is_frozen = threading.Event()
        self.thaw = threading.Event()
        self.sleeper: threading.Thread | None = None

    def _step(self, call: str) -> None:
        if call == self.frozen_call and threading.current_thread() is self.sleeper:
            if self.skip == 0:
                self.is_frozen.set()
                assert self.thaw.wait(30)
            self.skip -= 1

    def list(self, prefix: str) -> list[str]:
        self._step("list")
        found = super().list(prefix)
        self._step("listed")
        return found

    def delete(self, key: str) -> None:
        self._step("delete")
        super().delete(key)


@contextmanager
def frozen(store: Freezing, call: str, skip: int, job: Callable[[], object]) -> Iterator[None]:
    """`job` stands still at a call of its; when the block is over it goes on to its end."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            job()
        except CheckpointMissing as error:
            failed.append(error)  # its own checkpoint is gone: it must not delete then

    store.frozen_call, store.skip = call, skip
    store.sleeper = threading.Thread(target=run)
    store.sleeper.start()
    assert store.is_frozen.wait(30)
    yield
    store.thaw.set()
    store.sleeper.join(30)
    assert not store.sleeper.is_alive()


@pytest.fixture
def store() -> Freezing:
    return Freezing()


@pytest.fixture
def sides(store: Freezing, tmp_path: Path) -> tuple[Side, Side]:
    return Side(store, tmp_path / "old", keep=1), Side(store, tmp_path / "new", keep=2)


def change(side: Side, number: int) -> None:
    """Some of it new, some as it was, in large files and small."""
    fill(side.data, large="x" * 300 + f"{number:064}", **{f"s{number % 3}": f"{number}"})


def publish(side: Side, epoch: int, base: Pointer | None, times: int, first: int) -> list[Pointer]:
    made: list[Pointer] = []
    for number in range(first, first + times):
        change(side, number)
        base = side.copy(epoch, base)
        made.append(base)
    return made


@pytest.mark.parametrize(
    ("call", "skip"),
    [("list", 0), ("listed", 0), ("list", 1), ("listed", 1), ("delete", 0), ("delete", 2)],
)
def test_a_frozen_collector_that_wakes_late_harms_no_successor(
    store: Freezing, sides: tuple[Side, Side], call: str, skip: int
) -> None:
    old, new = sides
    pointers = publish(old, 1, None, 4, first=0)
    with frozen(store, call, skip, lambda: old.checkpoints.collect(pointers[-1])):
        new.checkpoints.restore(2, pointers[-1])
        later = publish(new, 2, pointers[-1], 3, first=10)
        new.checkpoints.collect(later[-1])
        last = publish(new, 2, later[-1], 1, first=20)[-1]
        other = Side(store, old.home.with_name("third"), keep=2)
        other.checkpoints.restore(3, last)
        newest = publish(other, 3, last, 2, first=30)
    standing = [last, *newest]
    for pointer in standing:
        assert verify(store, pointer.name) == []
    reader = Side(store, old.home.with_name("reader"))
    reader.checkpoints.restore(4, newest[-1])
    assert (reader.data / "large").read_text() == "x" * 300 + f"{31:064}"


def test_a_successors_uploads_are_safe_before_they_are_published(
    store: Freezing, sides: tuple[Side, Side]
) -> None:
    old, new = sides
    pointer = publish(old, 1, None, 2, first=0)[-1]
    new.checkpoints.restore(2, pointer)
    with frozen(store, "list", 0, lambda: old.checkpoints.collect(pointer)):
        change(new, 5)
        coming = new.copy(2, pointer)  # uploaded, and the pointer hasn't moved yet
    assert verify(store, coming.name) == []


def test_the_newest_are_kept_and_always_the_one_that_is_pointed_at(
    store: Freezing, tmp_path: Path
) -> None:
    side = Side(store, tmp_path / "here", keep=3)
    pointers = publish(side, 1, None, 6, first=0)
    assert side.checkpoints.collect(pointers[-1]) > 3
    assert list_names(store) == [pointer.name for pointer in reversed(pointers[-3:])]
    for pointer in pointers[-3:]:
        assert verify(store, pointer.name) == []
    needed = frozenset[str]().union(
        *(read_manifest(store, pointer.name).blob_names() for pointer in pointers[-3:])
    )
    assert set(store.list(BLOBS)) == {blob_key(name) for name in needed}
    assert side.checkpoints.collect(pointers[-1]) == 0


def test_what_is_newer_than_the_pointer_is_left_alone(store: Freezing, tmp_path: Path) -> None:
    side = Side(store, tmp_path / "here", keep=1)
    pointers = publish(side, 1, None, 4, first=0)
    side.checkpoints.collect(pointers[1])
    assert list_names(store) == [pointer.name for pointer in reversed(pointers[1:])]
    for pointer in pointers[1:]:
        assert verify(store, pointer.name) == []


def test_copies_that_were_never_published_go_in_the_end(store: Freezing, tmp_path: Path) -> None:
    side = Side(store, tmp_path / "here", keep=1)
    first = publish(side, 1, None, 1, first=0)[-1]
    for number in (1, 2, 3):
        change(side, number)
        side.copy(1, first)
    change(side, 4)
    pointer = side.copy(1, first)
    side.checkpoints.collect(pointer)
    assert list_names(store) == [pointer.name]
    needed = read_manifest(store, pointer.name).blob_names()
    assert set(store.list(BLOBS)) == {blob_key(name) for name in needed}


def test_the_holder_may_remove_what_others_never_published(
    store: Freezing, sides: tuple[Side, Side]
) -> None:
    old, new = sides
    pointer = publish(old, 1, None, 1, first=0)[-1]
    change(old, 1)
    orphan = old.copy(1, pointer)
    for key in store.list(BLOBS):
        if key.startswith(f"{BLOBS}1-2-"):
            store.delete(manifest_key(orphan.name))
    new.checkpoints.restore(2, pointer)
    change(new, 2)
    mine = new.copy(2, pointer)
    assert new.checkpoints.collect(pointer) == 0
    assert new.checkpoints.collect(pointer, epoch=2) > 0
    assert verify(store, pointer.name) == []
    assert verify(store, mine.name) == []


def test_without_a_pointer_nothing_goes(store: Freezing, tmp_path: Path) -> None:
    side = Side(store, tmp_path / "here", keep=1)
    publish(side, 1, None, 2, first=0)
    before = store.list("data/")
    assert side.checkpoints.collect(None) == 0
    assert store.list("data/") == before


def test_a_collector_whose_own_checkpoint_is_gone_deletes_nothing(
    store: Freezing, tmp_path: Path
) -> None:
    side = Side(store, tmp_path / "here", keep=1)
    pointers = publish(side, 1, None, 3, first=0)
    store.delete(manifest_key(pointers[0].name))
    before = store.list("data/")
    side.start()
    with pytest.raises(CheckpointMissing):
        side.checkpoints.collect(pointers[0])
    assert store.list("data/") == before


def test_while_a_kept_manifest_cant_be_read_no_blob_goes(store: Freezing, tmp_path: Path) -> None:
    side = Side(store, tmp_path / "here", keep=2)
    pointers = publish(side, 1, None, 4, first=0)
    key = manifest_key(pointers[2].name)
    found = store.read(key)
    assert found is not None
    store.replace(key, b"{}", found.version)
    side.start()
    blobs = store.list(BLOBS)
    side.checkpoints.collect(pointers[3])
    assert store.list(BLOBS) == blobs
    assert [one.error is None for one in list_checkpoints(store)] == [True, False]


def test_what_isnt_ours_stays(store: Freezing, tmp_path: Path) -> None:
    store.put("data/blobs/somebody-s", b"x")
    store.put("data/manifests/notes.txt", b"x")
    side = Side(store, tmp_path / "here", keep=1)
    side.checkpoints.collect(publish(side, 1, None, 3, first=0)[-1])
    assert store.get("data/blobs/somebody-s") == b"x"
    assert store.get("data/manifests/notes.txt") == b"x"


def test_a_collection_is_stopped_between_two_keys(
    store: Freezing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = Side(store, tmp_path / "here", keep=1)
    pointer = publish(side, 1, None, 6, first=0)[-1]
    gone: list[str] = []
    delete = store.delete

    def stop(key: str) -> None:
        delete(key)
        gone.append(key)
        side.checkpoints.cancel()

    monkeypatch.setattr(store, "delete", stop)
    assert side.checkpoints.collect(pointer) == 1 == len(gone)
    monkeypatch.setattr(store, "delete", delete)
    side.checkpoints.collect(pointer)
    assert list_names(store) == [pointer.name]
