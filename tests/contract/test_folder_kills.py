"""Goal: a writer that dies at any step leaves the old value or the new one, whole.

Method: the same call over and over, killed by SIGKILL one step later each time,
until it gets through.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sessionlib.stores.folder import KEEP, FolderStore
from tests.contract.actors import Actor
from tests.contract.payload import Payload, decode

KEY = "state/lease.json"
BLOB = "data/pieces/ab/cd"
MOST_STEPS = 100


def deaths(
    actor: Actor, command: Callable[[int], dict[str, str]], check: Callable[[int], None]
) -> int:
    """Kill `command` at step 1, 2, ..., looking after each; how many steps it had."""
    for step in range(1, MOST_STEPS):
        reply = actor.ask(**command(step), die_at=step)
        assert not reply["failed"]
        check(step)
        if not reply["died"]:
            return step - 1
    raise AssertionError("no end of steps")


def write_next(folder: FolderStore, key: str) -> Payload:
    """The next writer's turn: it must succeed at once, whatever was left behind."""
    found = folder.read(key)
    if found is None:
        payload = Payload(1, "next")
        folder.create(key, payload.encode())
    else:
        payload = Payload(decode(found.data).n + 1, "next")
        folder.replace(key, payload.encode(), found.version)
    found = folder.read(key)
    assert found is not None
    assert found.data == payload.encode()
    return payload


def test_create(folder: FolderStore, start_actor: Callable[[], Actor]) -> None:
    seen: set[bool] = set()

    def command(step: int) -> dict[str, str]:
        data = Payload(1, "doomed").encode().decode()
        return {"op": "create", "key": f"state/new{step}/x.json", "data": data}

    def check(step: int) -> None:
        key = f"state/new{step}/x.json"
        found = folder.read(key)
        assert found is None or decode(found.data) == Payload(1, "doomed")
        assert folder.list(f"state/new{step}/") == ([] if found is None else [key])
        seen.add(found is None)
        write_next(folder, key)

    assert deaths(start_actor(), command, check) >= 8
    assert seen == {True, False}


@pytest.mark.parametrize("height", [0, 1, KEEP + 4])
def test_replace(folder: FolderStore, start_actor: Callable[[], Actor], height: int) -> None:
    """From version 0 it makes the chain, from 20 on it prunes."""
    seen: set[str] = set()
    before: dict[int, Payload] = {}

    def key_of(step: int) -> str:
        return f"state/r{step}.json"

    def command(step: int) -> dict[str, str]:
        for _ in range(height + 1):
            before[step] = write_next(folder, key_of(step))
        data = Payload(before[step].n + 1, "doomed").encode().decode()
        return {"op": "replace", "key": key_of(step), "data": data, "expected": str(height)}

    def check(step: int) -> None:
        found = folder.read(key_of(step))
        assert found is not None
        payload = decode(found.data)
        assert payload in (before[step], Payload(before[step].n + 1, "doomed"))
        seen.add(payload.writer)
        assert write_next(folder, key_of(step)).n == payload.n + 1
        assert folder.list("state/") == sorted(map(key_of, range(1, step + 1)))

    assert deaths(start_actor(), command, check) >= 12
    assert seen == {"next", "doomed"}


@pytest.mark.parametrize("op", ["put", "delete"])
def test_blob(folder: FolderStore, start_actor: Callable[[], Actor], op: str) -> None:
    seen: set[bytes | None] = set()
    old, new = Payload(1, "old").encode(), Payload(2, "new").encode()

    def command(_: int) -> dict[str, str]:
        folder.put(BLOB, old)
        return {"op": op, "key": BLOB, "data": new.decode()}

    def check(_: int) -> None:
        data = folder.get(BLOB)
        seen.add(data)
        assert folder.has(BLOB) == (None if data is None else len(data))
        assert folder.list("data/") == ([] if data is None else [BLOB])

    assert deaths(start_actor(), command, check) >= 2
    assert seen == ({old, new} if op == "put" else {old, None})


def test_put_where_there_was_nothing(folder: FolderStore, start_actor: Callable[[], Actor]) -> None:
    new = Payload(2, "new").encode()

    def check(step: int) -> None:
        assert folder.get(f"data/{step}a/b/c") in (None, new)
        folder.put(f"data/{step}a/b/c", new)
        assert folder.get(f"data/{step}a/b/c") == new

    actor = start_actor()
    key = "data/{}a/b/c"
    deaths(actor, lambda n: {"op": "put", "key": key.format(n), "data": new.decode()}, check)
