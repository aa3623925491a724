"""Goal: the work that stands still for its seal waits for nothing that can be done later.

Method: the hands of an agent as it is started, over a store in memory of which one call stands
still until the test lets it go on; what they have done is looked at in the store.
"""

from __future__ import annotations

import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty
from typing import TypeVar

import pytest

from sessionlib.agent.loop import Agent
from sessionlib.checkpoints.catalog import list_names
from sessionlib.checkpoints.store_names import BLOBS, CheckpointNumber, blob_key, blob_name
from sessionlib.clock import SystemClock, sleep
from sessionlib.core.actions import CollectGarbage, Copy, FetchAhead, Restore, Seal, StopCopying
from sessionlib.core.events import CopyEnded, Fetched, Restored, Sealed
from sessionlib.core.values import Pointer
from sessionlib.stores.memory import MemoryStore
from tests.unit.agent.agents import agent_over, begin

PATIENCE_S = 30.0
OLD = 20
A = TypeVar("A")


class Halting(MemoryStore):
    """One kind of call stands still, once the test says so, and until it says go on."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.halts_at = ""
        self.halted = threading.Event()
        self.go_on = threading.Event()

    def _step(self, call: str) -> None:
        if call == self.halts_at:
            self.halted.set()
            assert self.go_on.wait(PATIENCE_S)

    def delete(self, key: str) -> None:
        self._step("delete")
        super().delete(key)

    def put(self, key: str, data: bytes) -> None:
        self._step("put")
        super().put(key, data)

    def get(self, key: str) -> bytes | None:
        self._step("get")
        return super().get(key)


@contextmanager
def agent_of(folder: Path, store: MemoryStore, *prepare: str) -> Iterator[Agent]:
    changes = {
        "workload": {"command": ["true"], "data": "data"},
        "checkpoint": {"keep": 1, **({"prepare": list(prepare)} if prepare else {})},
    }
    with agent_over(store, folder, changes) as agent:
        try:
            yield agent
        finally:
            agent.executor.close()


@pytest.fixture
def store() -> Halting:
    return Halting()


@pytest.fixture
def agent(tmp_path: Path, store: Halting) -> Iterator[Agent]:
    with agent_of(tmp_path, store) as agent:
        yield agent


def now_mono(agent: Agent) -> float:
    return agent.clock.now().mono


def awaited(agent: Agent, kind: type[A]) -> A:
    """The next answer, of which it is known what it is."""
    deadline = now_mono(agent) + PATIENCE_S
    while now_mono(agent) < deadline:
        agent.executor.tick(now_mono(agent))
        with suppress(Empty):
            event = agent.inbox.get(timeout=0.02)
            if event is not None:
                assert isinstance(event, kind), event
                return event
    raise AssertionError(f"no {kind.__name__} in time")


def working(agent: Agent) -> Pointer:
    """Data that is ready for work, and one checkpoint of it that is published."""
    begin(agent, Restore(1, None))
    awaited(agent, Restored)
    data = agent.home.path / "data"
    (data / "a").write_text("1")
    begin(agent, Copy(1, None, "first"))
    made = awaited(agent, CopyEnded).made
    assert made is not None
    (data / "a").write_text("2")
    return made.pointer


def litter(store: MemoryStore) -> set[str]:
    """Blobs of an upload that came to nothing, which a collection removes."""
    keys = {blob_key(blob_name(CheckpointNumber(1, 1), "0" * 8, n, b"\0" * 32)) for n in range(OLD)}
    for key in keys:
        store.put(key, b"in vain")
    return keys


def left(store: MemoryStore, keys: set[str]) -> int:
    return len(keys & set(store.list(BLOBS)))


def ask_for_seal(agent: Agent, base: Pointer) -> None:
    begin(agent, Seal(1, "seal", base))


def sealed(agent: Agent) -> Pointer:
    answer = awaited(agent, Sealed)
    assert (answer.token, answer.why) == ("seal", None)
    assert answer.pointer is not None
    return answer.pointer


def test_a_seal_ends_the_collection_that_is_under_way(agent: Agent, store: Halting) -> None:
    base, keys = working(agent), litter(store)
    store.halts_at = "delete"
    begin(agent, CollectGarbage(base, 1))
    assert store.halted.wait(PATIENCE_S)
    ask_for_seal(agent, base)
    store.go_on.set()
    assert sealed(agent).name in list_names(store)
    assert left(store, keys) == OLD - 1


def test_what_it_left_goes_with_a_later_one(agent: Agent, store: Halting) -> None:
    base, keys = working(agent), litter(store)
    store.halts_at = "delete"
    begin(agent, CollectGarbage(base, 1))
    assert store.halted.wait(PATIENCE_S)
    ask_for_seal(agent, base)
    store.go_on.set()
    pointer = sealed(agent)
    begin(agent, CollectGarbage(pointer, 1))
    begin(agent, FetchAhead(pointer))  # its answer comes after
    awaited(agent, Fetched)
    assert left(store, keys) == 0


def test_what_waits_for_its_turn_doesnt_begin_before_a_seal(agent: Agent, store: Halting) -> None:
    base, keys = working(agent), litter(store)
    store.halts_at = "put"
    begin(agent, Copy(1, base, "under way"))
    assert store.halted.wait(PATIENCE_S)
    begin(agent, Copy(1, base, "waits"))
    begin(agent, FetchAhead(base))
    begin(agent, CollectGarbage(base, 1))
    ask_for_seal(agent, base)
    store.go_on.set()
    for token in ("under way", "waits"):
        assert awaited(agent, CopyEnded) == CopyEnded(token, None, "")
    assert awaited(agent, Fetched) == Fetched(base.name, "")
    assert sealed(agent).name in list_names(store)
    assert left(store, keys) == OLD


def test_a_seal_stops_no_restore(agent: Agent, store: Halting) -> None:
    base = working(agent)
    store.halts_at = "get"
    begin(agent, Restore(3, base))
    assert store.halted.wait(PATIENCE_S)
    begin(agent, Seal(3, "seal", base))
    store.go_on.set()
    assert awaited(agent, Restored).why is None
    assert sealed(agent).epoch == 3


@pytest.mark.parametrize("asks", ["seal", "stop"])
def test_a_command_that_prepares_a_copy_is_called_off(
    tmp_path: Path, store: Halting, asks: str
) -> None:
    """It may wait for a workload that has stopped."""
    began = tmp_path / "began"
    script = f"echo $$ > {shlex.quote(str(began))}; exec sleep {3 * PATIENCE_S}"
    with agent_of(tmp_path, store, "sh", "-c", script) as agent:
        begin(agent, Restore(1, None))
        awaited(agent, Restored)
        (agent.home.path / "data" / "a").write_text("1")
        begin(agent, Copy(1, None, "copy"))
        pid = told(began)
        if asks == "seal":
            begin(agent, Seal(1, "seal", None))
        else:
            begin(agent, StopCopying())
        assert awaited(agent, CopyEnded) == CopyEnded("copy", None, "")
        assert not Path(f"/proc/{pid}").exists()
        if asks == "seal":
            assert [sealed(agent).name] == list_names(store)


def told(path: Path) -> int:
    """The process id that a command has written there, once it has."""
    for _ in range(int(PATIENCE_S / 0.02)):
        text = path.read_text() if path.exists() else ""
        if text.endswith("\n"):
            return int(text)
        sleep(0.02)
    raise AssertionError("the command didn't begin")
