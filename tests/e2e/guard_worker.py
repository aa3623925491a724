"""A workload that makes itself hard to stop, and writes down that it runs.

Run as `python guard_worker.py JOURNAL KIND...`. Every process of it appends a
line a tick to the journal: its name, its number, the boot-time clock, and what
the control file says it is. The journal is what the tests judge by.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from sessionlib.clock import SystemClock, sleep

TICK_S = 0.005
FORKER_TICKS = 60
CLOCK = SystemClock()


class Journal:
    def __init__(self, path: str) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, name: str) -> None:
        line = f"{name} {os.getpid()} {CLOCK.now().boot:.4f} {mode()}\n"
        os.write(self._handle, line.encode())


def mode() -> str:
    path = os.environ.get("SESSION_CONTROL_FILE")
    body = json.loads(Path(path).read_text()) if path else {}
    return f"{body.get('mode')} {body.get('epoch')}"


def tick(journal: Journal, name: str, ticks: int | None = None) -> None:
    done = 0
    while ticks is None or done < ticks:
        journal.write(name)
        sleep(TICK_S)
        done += 1


def beside(act: Callable[[Journal], None], journal: Journal) -> None:
    """Do something in a child that never comes back."""
    if os.fork() == 0:
        try:
            act(journal)
        finally:
            os._exit(0)


def daemon(journal: Journal) -> None:
    os.setsid()
    beside(lambda journal: tick(journal, "daemon"), journal)


def forker(journal: Journal) -> None:
    """A child every few milliseconds, each of which lives for a while."""
    while True:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        beside(lambda journal: tick(journal, "born", FORKER_TICKS), journal)
        sleep(0.004)


def comet(journal: Journal) -> None:
    """A process that is never the same for longer than a tick."""
    while True:
        journal.write("comet")
        sleep(0.001)
        if os.fork():
            os._exit(0)


def session_child(journal: Journal) -> None:
    os.setsid()
    tick(journal, "setsid")


def nameless(journal: Journal) -> None:
    """Detached, and without the environment by which its kind is found."""
    os.setsid()
    words = [sys.executable, __file__, sys.argv[1], "unmarked"]
    os.execve(words[0], words, {"PYTHONPATH": os.environ["PYTHONPATH"]})  # noqa: S606 - as meant
    del journal


BESIDE: dict[str, Callable[[Journal], None]] = {
    "child": lambda journal: tick(journal, "child"),
    "setsid": session_child,
    "daemon": daemon,
    "forker": forker,
    "comet": comet,
    "nameless": nameless,
}


def main(path: str, kinds: list[str]) -> None:
    journal = Journal(path)

    def on_term(_number: int, _frame: FrameType | None) -> None:
        journal.write("warned")
        if "saver" in kinds:
            sleep(0.3)
            journal.write("saved")
            os._exit(0)
        if "stubborn" not in kinds:
            os._exit(0)

    signal.signal(signal.SIGTERM, on_term)
    signal.signal(signal.SIGUSR1, lambda *_: journal.write("told"))
    if "leaver" in kinds:
        beside(lambda journal: tick(journal, "left"), journal)
        sleep(0.1)
        os._exit(3)
    for kind in kinds:
        if kind in BESIDE:
            beside(BESIDE[kind], journal)
    if "ready" in kinds:
        sleep(0.2)
        Path(os.environ["SESSION_DATA_DIR"], "ready").write_text("yes")
    tick(journal, "nameless" if "unmarked" in kinds else "main")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
