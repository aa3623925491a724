"""Goal: a store call that never returns ends the copy that it was made for, once it is told to
stop, and no other: its thread is left behind, and does no harm should it come back.

Method: a store in memory whose uploads, or downloads, stand still until the test has seen what
goes on without them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sessionlib.checkpoints import CheckpointCancelled, worker_pool
from sessionlib.clock import SystemClock
from sessionlib.stores.memory import MemoryStore
from tests.unit.checkpoints.sessions import Side, fill, picture

PATIENCE_S = 30.0


class Hanging(MemoryStore):
    """Calls named `hangs` stand still in the threads of a crew; `entered` counts those that do."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.hangs = ""
        self.come_back = threading.Event()
        self.entered = threading.Semaphore(0)

    def _step(self, call: str) -> None:
        if call == self.hangs and threading.current_thread().name == "checkpoint":
            self.entered.release()
            assert self.come_back.wait(PATIENCE_S)

    def put(self, key: str, data: bytes) -> None:
        self._step("put")
        super().put(key, data)

    def get(self, key: str) -> bytes | None:
        self._step("get")
        return super().get(key)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    monkeypatch.setattr(worker_pool, "LAST_JOBS_S", 0.2)
    store = Hanging()
    yield store
    store.come_back.set()
    settle()


def settle() -> None:
    """Wait for the threads that were left behind."""
    for thread in threading.enumerate():
        if thread.name == "checkpoint":
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def stopped(side: Side, call: Callable[[], object], store: Hanging, hanging: int) -> None:
    """`call` is told to stop once so many of its calls hang, and ends with Cancelled."""
    ended: list[BaseException | None] = []

    def run() -> None:
        try:
            call()
        except CheckpointCancelled as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    for _ in range(hanging):
        assert store.entered.acquire(timeout=PATIENCE_S)
    side.checkpoints.cancel()
    thread.join(PATIENCE_S / 2)
    assert not thread.is_alive()
    assert len(ended) == 1


@pytest.fixture
def here(store: Hanging, tmp_path: Path) -> Side:
    return Side(store, tmp_path / "here")


@pytest.mark.parametrize(
    ("files", "hanging"),
    [({"small": "1"}, 1), ({"large": "x" * 100}, 2), ({"larger": "x" * 6400}, worker_pool.THREADS)],
    ids=["it waits for a result", "of a large file", "it waits for a free place"],
)
def test_a_copy_ends_when_told_to_although_the_store_hangs(
    store: Hanging, here: Side, files: dict[str, str], hanging: int
) -> None:
    fill(here.data, **files)
    store.hangs = "put"
    stopped(here, lambda: here.copy(1, None), store, hanging)
    store.hangs = ""
    assert here.copy(1, None).bytes == sum(map(len, files.values()))


def test_the_files_that_it_had_open_are_let_go_once_nobody_reads_them(
    store: Hanging, here: Side
) -> None:
    fill(here.data, a="x" * 640, b="y" * 640)
    store.hangs = "put"
    stopped(here, lambda: here.copy(1, None), store, worker_pool.THREADS)
    store.come_back.set()
    settle()
    assert [path for path in opened_here() if path.is_relative_to(here.data)] == []


def opened_here() -> list[Path]:
    return [fd.resolve() for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]


def test_a_download_that_comes_back_late_writes_into_nobodys_tree(
    store: Hanging, here: Side, tmp_path: Path
) -> None:
    there = Side(store, tmp_path / "there")
    fill(here.data, a="x" * 64)
    first = here.copy(1, None)
    fill(here.data, a="y" * 64)
    second = here.copy(1, first)
    fill(here.data, a="z" * 64)
    third = here.copy(1, second)
    store.hangs = "get"
    stopped(there, lambda: there.checkpoints.fetch(first), store, 1)
    store.hangs = ""
    there.checkpoints.restore(2, second)
    there.checkpoints.fetch(third)
    store.come_back.set()
    settle()
    there.checkpoints.restore(3, third)
    assert picture(there.data) == picture(here.data)
