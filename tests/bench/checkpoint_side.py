"""One side's checkpoints in a process of its own, told what to do on standard input.

`copy POINTER` answers with the new pointer, `restore POINTER` with `done`, `peak`
with the most memory it ever had, in MB. Pointers are JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

from sessionlib.checkpoints import Checkpoints
from sessionlib.clock import SystemClock
from sessionlib.core.values import Pointer
from sessionlib.stores.folder import FolderStore


def main() -> None:
    folder, side = Path(sys.argv[1]), sys.argv[2]
    store = FolderStore(folder / "VPS_Shared", SystemClock())
    store.provision()
    home = folder / side
    home.mkdir(exist_ok=True)
    checkpoints = Checkpoints(store, home / "data", home / "room", SystemClock(), keep=12)
    for line in sys.stdin:
        sys.stdout.write(f"{_answer(checkpoints, line)}\n")
        sys.stdout.flush()


def _answer(checkpoints: Checkpoints, line: str) -> str:
    verb, _, rest = line.strip().partition(" ")
    if verb == "peak":
        return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}"
    body = json.loads(rest)
    pointer = None if body is None else Pointer(**body)
    if verb == "restore":
        checkpoints.restore(2, pointer)
        return "done"
    made = checkpoints.copy(1, pointer)
    return json.dumps(made and asdict(made.pointer))


if __name__ == "__main__":
    main()
