"""A process that copies or restores, and dies at a step of it.

`python -m tests.unit.checkpoints.killed_process FOLDER VERB` obeys one line of standard
input after the other: the number of the step before which to die, 0 for not at
all. Each time it forks, and answers `died` or `lived`. Steps are the calls that
change something on the disk, told by their audit events or, where there are none,
by taking their places. Before the first line it has prepared nothing: what it
works on is made by who starts it, and made anew between two lines.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sessionlib.clock import SystemClock
from sessionlib.core.values import Pointer
from sessionlib.stores.folder import FolderStore
from tests.unit.checkpoints.sessions import Side

CHANGING = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink", "os.link", "os.chmod"}
CHANGING |= {"os.truncate", "os.utime"}


class Death:
    """Counts steps, and kills this process before the one it is told."""

    def __init__(self, step: int) -> None:
        self._left = step
        self._lock = threading.Lock()
        sys.addaudithook(self._audited)
        for name in ("write", "pwrite", "fsync", "ftruncate"):
            setattr(os, name, self._counted(getattr(os, name)))

    def step(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any) -> Any:
            self.step()
            return call(*args)

        return counted

    def _audited(self, event: str, args: tuple[Any, ...]) -> None:
        # An open that may make a file has a mode of writing among its flags.
        opens = event == "open" and isinstance(args[2], int) and args[2] & os.O_CREAT
        if opens or event in CHANGING:
            self.step()


def main() -> None:
    folder, verb = Path(sys.argv[1]), sys.argv[2]
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            if int(line):
                Death(int(line))
            obey(folder, verb)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status) and status != 0:
            sys.exit(f"failed with {status}")
        sys.stdout.write("died\n" if os.WIFSIGNALED(status) else "lived\n")
        sys.stdout.flush()


def obey(folder: Path, verb: str) -> None:
    store = FolderStore(folder / "VPS_Shared", SystemClock())
    side = Side(store, folder / "here")
    pointer = Pointer(**json.loads((folder / "pointer.json").read_text()))
    if verb == "copy":
        side.checkpoints.copy(2, pointer)
    elif verb == "fetch":
        side.checkpoints.fetch(pointer)
    else:
        side.checkpoints.restore(pointer.epoch + 1, pointer)


if __name__ == "__main__":
    main()
