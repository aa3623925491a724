"""A workload with data: it counts as `counter.py` does, and rewrites 1 % of it a minute.

Run beside `counter.py`. CHURN_BYTES in CHURN_FILES files are made at the first
start, of bytes that can't be compressed; later starts find them. With CHURN_SCATTERED
what is rewritten lies anywhere, 4 KiB at a time, as a database does it; else one
file after the other from its beginning, as most programs do.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

# By itself, from its folder: its package loads a hundred times as much, at every start.
counter = import_module("counter")

WRITE_BYTES = 4096
A_MINUTE = 0.01


def main() -> None:
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    epoch = int(os.environ["SESSION_EPOCH"])
    data = Path(os.environ["SESSION_DATA_DIR"])
    size_bytes, files = int(os.environ["CHURN_BYTES"]), int(os.environ["CHURN_FILES"])
    paths = [data / f"part-{at:03d}" for at in range(files)]
    make(paths, size_bytes // files)
    writes_s = A_MINUTE * size_bytes / 60 / WRITE_BYTES
    place = scattered if os.environ.get("CHURN_SCATTERED") else in_turn
    places = place(paths, size_bytes // files, random.Random(epoch))
    began, written = time.monotonic(), 0  # noqa: TID251 - a program of its own - a program of its own
    count = counter._load(data)
    with counter._journal(epoch).open("a", buffering=1) as journal:
        while not stopping:
            count += 1
            counter._save(data / "count.json", {"count": count})
            journal.write(f"{counter._now():.6f} {epoch} {count}\n")
            while written < (time.monotonic() - began) * writes_s:  # noqa: TID251 - a program of its own
                rewrite(*next(places))
                written += 1
            time.sleep(counter.STEP_S)  # noqa: TID251 - a program of its own - a program of its own


def make(paths: list[Path], each_bytes: int) -> None:
    for path in paths:
        if not path.exists():
            path.write_bytes(os.urandom(each_bytes))


def scattered(
    paths: list[Path], each_bytes: int, chance: random.Random
) -> Iterator[tuple[Path, int]]:
    while True:
        yield chance.choice(paths), chance.randrange(max(1, each_bytes - WRITE_BYTES))


def in_turn(
    paths: list[Path], each_bytes: int, chance: random.Random
) -> Iterator[tuple[Path, int]]:
    while True:
        path = chance.choice(paths)
        for at in range(0, each_bytes, WRITE_BYTES):
            yield path, at


def rewrite(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(os.urandom(WRITE_BYTES))


if __name__ == "__main__":
    main()
