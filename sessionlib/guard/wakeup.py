"""Waking from a wait the moment a child ends: SIGCHLD makes a socket readable."""

from __future__ import annotations

import signal
import socket
from contextlib import suppress


class Wakeup:
    """Readable once a child has ended since the last `drain`. For the whole process; a
    forked child makes its own."""

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)

    def fileno(self) -> int:
        return self._read.fileno()

    def drain(self) -> None:
        with suppress(BlockingIOError):
            self._read.recv(4096)
