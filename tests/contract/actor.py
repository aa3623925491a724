"""A process that uses a folder store on command, and can be stopped at any step of it.

It reads one command a line on standard input and answers with one line. Steps
are the moments before each call that touches the file system: the audit events
of `open` and of `os`, and writing and syncing, which raise none. At the step it
is told it freezes (SIGSTOP) or dies (SIGKILL); the latter in a fork, so that one
process serves for many deaths.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sessionlib.clock import SystemClock, sleep
from sessionlib.errors import Conflict, StoreError, Unknown
from sessionlib.stores.folder import FolderStore
from tests.contract.payload import Payload, decode

Command = dict[str, Any]
Reply = dict[str, Any]

FINISHED = 0


class Steps:
    """Counts steps while armed, and does something at one of them or at each."""

    def __init__(self) -> None:
        self.at_step: Callable[[int], None] | None = None
        self._count = 0
        sys.addaudithook(self._audited)
        write, fsync = os.write, os.fsync

        def write_in_halves(fd: int, data: Any) -> int:
            self.step()
            return write(fd, data[: (len(data) + 1) // 2])

        def counted_fsync(fd: Any) -> None:
            self.step()
            fsync(fd)

        os.write = write_in_halves
        os.fsync = counted_fsync

    def arm(self, at_step: Callable[[int], None]) -> None:
        self._count = 0
        self.at_step = at_step

    def disarm(self) -> None:
        self.at_step = None

    def step(self) -> None:
        if self.at_step is not None:
            self._count += 1
            self.at_step(self._count)

    def _audited(self, event: str, _: tuple[object, ...]) -> None:
        if event == "open" or event.startswith("os."):
            self.step()


def main() -> None:
    store = FolderStore(Path(sys.argv[1]), SystemClock())
    steps = Steps()
    for line in sys.stdin:
        answer(obey(store, steps, json.loads(line)))


def answer(reply: Reply) -> None:
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


def obey(store: FolderStore, steps: Steps, command: Command) -> Reply:
    if "die_at" in command:
        return die(store, steps, command)
    if "freeze_at" in command:
        steps.arm(lambda count: freeze(steps) if count == command["freeze_at"] else None)
    elif "jitter" in command:
        chance = random.Random(command["jitter"])
        steps.arm(lambda _: sleep(chance.random() * 0.001) if chance.random() < 0.3 else None)
    try:
        return perform(store, command)
    finally:
        steps.disarm()


def perform(store: FolderStore, command: Command) -> Reply:
    if command["op"] == "watch":
        return watch(store, command["key"])
    if command["op"] == "count":
        return count(store, command["key"], command["writer"], command["until"])
    try:
        return {"verdict": "done", "value": call(store, command)}
    except StoreError as error:
        return {"verdict": type(error).__name__, "text": str(error)}


def call(store: FolderStore, command: Command) -> object:
    """One call on the store; its value as JSON can carry it."""
    key = command["key"]
    data = command.get("data", "").encode()
    match command["op"]:
        case "create":
            return store.create(key, data)
        case "replace":
            return store.replace(key, data, command["expected"])
        case "read":
            found = store.read(key)
            return found and [found.data.decode(), found.version]
        case "put":
            store.put(key, data)
            return None
        case "delete":
            store.delete(key)
            return None
    raise ValueError(command)


def freeze(steps: Steps) -> None:
    steps.disarm()
    answer({"frozen": True})
    os.kill(os.getpid(), signal.SIGSTOP)


def die(store: FolderStore, steps: Steps, command: Command) -> Reply:
    child = os.fork()
    if child == 0:
        steps.arm(lambda count: kill_self(steps) if count == command["die_at"] else None)
        perform(store, command)
        os._exit(FINISHED)
    _, status = os.waitpid(child, 0)
    return {"died": os.WIFSIGNALED(status), "failed": os.WIFEXITED(status) and status != FINISHED}


def kill_self(steps: Steps) -> None:
    steps.disarm()
    os.kill(os.getpid(), signal.SIGKILL)


def watch(store: FolderStore, key: str) -> Reply:
    """Read over and over until the next line comes; what was read must be whole and not fall."""
    reads, last = 0, -1
    while not select.select([sys.stdin], [], [], 0.0005)[0]:
        found = store.read(key)
        if found is None:
            return {"reads": reads, "problem": "a record that was there is gone"}
        n = decode(found.data).n
        if n < last:
            return {"reads": reads, "problem": f"{n} after {last}"}
        reads, last = reads + 1, n
    sys.stdin.readline()
    return {"reads": reads, "problem": None}


def count(store: FolderStore, key: str, writer: str, until: int) -> Reply:
    """Add one to the record until it says `until`; which numbers were ours, or may have been."""
    acknowledged: list[int] = []
    in_doubt: list[int] = []
    while True:
        found = store.read(key)
        n = until if found is None else decode(found.data).n
        if found is None or n >= until:
            return {"acknowledged": acknowledged, "in_doubt": in_doubt}
        with suppress(Conflict):
            try:
                store.replace(key, Payload(n + 1, writer).encode(), found.version)
                acknowledged.append(n + 1)
            except Unknown:
                in_doubt.append(n + 1)


if __name__ == "__main__":
    main()
