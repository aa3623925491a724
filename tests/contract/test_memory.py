"""Goal: the memory store can be shared by the threads of one test or simulation."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sessionlib.clock import SystemClock
from sessionlib.ports import Conflict
from sessionlib.stores.memory import MemoryStore

KEY = "state/lease.json"
THREADS = 4


def test_of_racing_threads_exactly_one_wins_each_round() -> None:
    store = MemoryStore(SystemClock())
    version = store.create(KEY, b"start")
    start = Barrier(THREADS)

    def write(expected: str) -> str:
        start.wait()
        try:
            return store.replace(KEY, b"x", expected)
        except Conflict:
            return ""

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(100):
            written = Counter(pool.map(write, [version] * THREADS))
            assert written[""] == THREADS - 1
            version = max(written)


def test_versions_are_the_same_in_every_run() -> None:
    def run() -> list[str]:
        store = MemoryStore(SystemClock())
        first = store.create(KEY, b"a")
        store.put("data/x", b"b")
        return [first, store.replace(KEY, b"c", first)]

    assert run() == run()
