"""The workload's output, kept from filling the disk.

The file is copied and cut, not renamed: the workload writes into it directly and would follow a
rename. What it writes between copy and cut is lost.
"""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path

from sessionlib.agent.safe_open import open_regular

CAP_BYTES = 8 * 1024 * 1024
_EVERY_S = 1.0


def rotate_if_large(path: Path, cap_bytes: int = CAP_BYTES) -> bool:
    """Move the log to `<name>.1`, replacing that, once it is larger; True if it was."""
    with suppress(OSError), open_regular(path, os.O_RDWR) as (fd, status):
        if status.st_size > cap_bytes:
            try:
                _keep(fd, path.with_name(f"{path.name}.1"))
            finally:
                # Also when the disk is full already: then all the more.
                os.ftruncate(fd, 0)
            return True
    return False


def _keep(fd: int, kept: Path) -> None:
    """What is in the log, in a new file of our own."""
    kept.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with (
        os.fdopen(fd, "rb", closefd=False) as log,
        os.fdopen(os.open(kept, flags, 0o600), "wb") as copy,
    ):
        shutil.copyfileobj(log, copy)


class LogRotator:
    """Caps one log in a thread of its own: no disk is slow enough to hold up a renewal."""

    def __init__(self, path: Path, cap_bytes: int = CAP_BYTES) -> None:
        self._path = path
        self._cap_bytes = cap_bytes
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name="worklog", daemon=True).start()

    def _watch(self) -> None:
        while not self._closed.wait(_EVERY_S):
            rotate_if_large(self._path, self._cap_bytes)

    def close(self) -> None:
        self._closed.set()
