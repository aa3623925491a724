"""Goal: a process frozen at any step holds nobody up, and does no harm when it wakes.

Method: freeze it by SIGSTOP one step later each time, let others write a little
or far more than is kept, thaw it, and hold its verdict against what was seen.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from sessionlib.stores.folder import KEEP, FolderStore
from tests.contract.actors import Actor
from tests.contract.payload import Payload, decode

MOST_STEPS = 100
# The name that a frozen writer is about to take goes with the write KEEP + 1.
FURTHER_WRITES = [1, 3, KEEP, KEEP + 1, 3 * KEEP]


@pytest.fixture(autouse=True)
def _others_need_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of things is on trial here, not their durability; syncing would take minutes."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


class Others:
    """Everybody else: writes one record on and on, and remembers each version of it."""

    def __init__(self, folder: FolderStore, key: str) -> None:
        self._folder = folder
        self._key = key
        self.seen: dict[str, Payload] = {}
        self.last = Payload(0, "nobody")

    def look(self) -> str | None:
        found = self._folder.read(self._key)
        if found is None:
            return None
        payload = decode(found.data)
        assert payload.n >= self.last.n, "an older value stands again"
        assert self.seen.setdefault(found.version, payload) == payload, "one version, two values"
        self.last = payload
        return found.version

    def write(self, count: int) -> None:
        """Nobody else is awake, so that each of these must succeed."""
        for _ in range(count):
            version = self.look()
            data = Payload(self.last.n + 1, "others").encode()
            if version is None:
                self._folder.create(self._key, data)
            else:
                self._folder.replace(self._key, data, version)
            self.look()

    def has_seen(self, writer: str) -> bool:
        return any(payload.writer == writer for payload in self.seen.values())


def judge(others: Others, writer: str, reply: dict[str, str]) -> str:
    """Hold a thawed writer's verdict against what the others have seen of it."""
    last = others.last
    others.look()
    assert others.last == last, "the late write became the record"
    possible = ("done", "Unknown") if others.has_seen(writer) else ("Conflict", "Unknown")
    assert reply["verdict"] in possible, reply
    return reply["verdict"]


@pytest.mark.parametrize("further", FURTHER_WRITES)
@pytest.mark.parametrize("height", [0, KEEP + 4])
def test_a_frozen_replace(
    folder: FolderStore, start_actor: Callable[[], Actor], height: int, further: int
) -> None:
    actor = start_actor()
    verdicts: set[str] = set()
    for step in range(1, MOST_STEPS):
        key = f"state/r{step}.json"
        others = Others(folder, key)
        others.write(height + 1)
        writer = f"frozen{step}"
        data = Payload(others.last.n + 1, writer).encode().decode()
        if not actor.freeze(step, op="replace", key=key, data=data, expected=str(height)):
            break
        others.write(further)
        verdicts.add(judge(others, writer, actor.thaw()))
        others.write(KEEP + 1)
        assert folder.list("state/") == sorted(f"state/r{n}.json" for n in range(1, step + 1))
    else:
        raise AssertionError("no end of steps")
    assert {"done", "Conflict"} <= verdicts
    assert ("Unknown" in verdicts) is (further >= KEEP)


@pytest.mark.parametrize("further", FURTHER_WRITES)
def test_a_frozen_create(
    folder: FolderStore, start_actor: Callable[[], Actor], further: int
) -> None:
    actor = start_actor()
    verdicts: set[str] = set()
    for step in range(1, MOST_STEPS):
        key = f"state/new{step}/x.json"
        others = Others(folder, key)
        writer = f"frozen{step}"
        if not actor.freeze(step, op="create", key=key, data=Payload(1, writer).encode().decode()):
            break
        others.write(further)
        verdicts.add(judge(others, writer, actor.thaw()))
    else:
        raise AssertionError("no end of steps")
    assert verdicts == {"done", "Conflict"}


@pytest.mark.parametrize("further", FURTHER_WRITES)
@pytest.mark.parametrize("height", [0, 1])
def test_a_frozen_read_gives_a_value_with_its_own_version(
    folder: FolderStore, start_actor: Callable[[], Actor], height: int, further: int
) -> None:
    actor = start_actor()
    for step in range(1, MOST_STEPS):
        key = f"state/r{step}.json"
        others = Others(folder, key)
        others.write(height + 1)
        oldest_n = others.last.n
        if not actor.freeze(step, op="read", key=key):
            break
        others.write(further)
        data, version = actor.thaw()["value"]
        assert others.seen[version] == decode(data.encode())
        assert others.seen[version].n >= oldest_n
    else:
        raise AssertionError("no end of steps")
    assert step > 4


def test_readers_throughout_see_whole_values_that_never_fall(
    folder: FolderStore, start_actor: Callable[[], Actor]
) -> None:
    """All on one record: writers frozen in turn, thawed late, a reader looking all the time."""
    key = "state/lease.json"
    actor, watcher = start_actor(), start_actor()
    others = Others(folder, key)
    others.write(1)
    watcher.send(op="watch", key=key)
    for step in range(1, MOST_STEPS):
        version = others.look()
        data = Payload(others.last.n + 1, f"frozen{step}").encode().decode()
        if not actor.freeze(step, op="replace", key=key, data=data, expected=version):
            break
        others.write(FURTHER_WRITES[step % len(FURTHER_WRITES)])
        judge(others, f"frozen{step}", actor.thaw())
    watched = watcher.ask(op="enough")
    assert watched["problem"] is None
    assert watched["reads"] > 0


def test_a_blob_frozen_while_written_is_the_old_or_the_new_one(
    folder: FolderStore, start_actor: Callable[[], Actor]
) -> None:
    actor = start_actor()
    old, new = Payload(1, "old").encode(), Payload(2, "new").encode()
    for step in range(1, MOST_STEPS):
        folder.put("data/x", old)
        if not actor.freeze(step, op="put", key="data/x", data=new.decode()):
            break
        assert folder.get("data/x") in (old, new)
        assert folder.list("data/") == ["data/x"]
        assert actor.thaw()["verdict"] == "done"
        assert folder.get("data/x") == new
    else:
        raise AssertionError("no end of steps")
