"""A workload that is harder to move than the demonstration's own.

Run as `python fleet_worker.py KIND...` beside `counter.py`, it counts and journals as `counter.py`
does, into one file a run, and besides:

- `slow`: goes on working for a while after SIGTERM, so that quiescing takes time;
- `session`: has a child in a session of its own that writes ticks too;
- `daemon`: has a double-forked child that writes ticks too and ignores SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

# By itself, from its folder: its package loads a hundred times as much, at every start.
counter = import_module("counter")

SLOW_S = 0.3


def main(kinds: list[str]) -> None:
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    epoch = int(os.environ["SESSION_EPOCH"])
    data = Path(os.environ["SESSION_DATA_DIR"])
    journal = os.open(counter._journal(epoch), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    step(data, journal, epoch)
    if "session" in kinds:
        beside(lambda: follow(data, journal, epoch))
    if "daemon" in kinds:
        beside(lambda: daemon(data, journal, epoch))
    while not stopping:
        step(data, journal, epoch)
    if "slow" in kinds:
        for _ in range(round(SLOW_S / counter.STEP_S)):
            step(data, journal, epoch)


def step(data: Path, journal: int, epoch: int) -> None:
    count = counter._load(data) + 1
    counter._save(data / "count.json", {"count": count})
    write(journal, epoch, count)
    pause()


def write(journal: int, epoch: int, count: int) -> None:
    # In one call each: several processes append to the same file.
    os.write(journal, f"{counter._now():.6f} {epoch} {count}\n".encode())


def pause() -> None:
    time.sleep(counter.STEP_S)  # noqa: TID251 - a program of its own


def beside(act: Callable[[], None]) -> None:
    """Do something in a child, in a session of its own, that never comes back."""
    if os.fork() == 0:
        try:
            os.setsid()
            act()
        finally:
            os._exit(0)


def daemon(data: Path, journal: int, epoch: int) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    beside(lambda: follow(data, journal, epoch))


def follow(data: Path, journal: int, epoch: int) -> None:
    """Write ticks for as long as it is let."""
    while True:
        write(journal, epoch, counter._load(data))
        pause()


if __name__ == "__main__":
    main(sys.argv[1:])
