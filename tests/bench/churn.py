"""A workload with data: it counts as `counter.py` does, and rewrites 1 % of it a minute.

Run beside `counter.py`. CHURN_BYTES in CHURN_FILES files are made at the first
start, of bytes that can't be compressed; later starts find them.
"""

from __future__ import annotations

import os
import random
import signal
import time
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
    chance, began, written = random.Random(epoch), time.monotonic(), 0  # noqa: TID251
    count = counter._load(data)
    with counter._journal(epoch).open("a", buffering=1) as journal:
        while not stopping:
            count += 1
            counter._save(data / "count.json", {"count": count})
            journal.write(f"{counter._now():.6f} {epoch} {count}\n")
            while written < (time.monotonic() - began) * writes_s:  # noqa: TID251
                rewrite(chance.choice(paths), chance)
                written += 1
            time.sleep(counter.STEP_S)  # noqa: TID251 - a program of its own


def make(paths: list[Path], each_bytes: int) -> None:
    for path in paths:
        if not path.exists():
            path.write_bytes(os.urandom(each_bytes))


def rewrite(path: Path, chance: random.Random) -> None:
    size_bytes = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(chance.randrange(max(1, size_bytes - WRITE_BYTES)))
        file.write(os.urandom(min(WRITE_BYTES, size_bytes)))


if __name__ == "__main__":
    main()
