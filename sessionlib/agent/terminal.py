"""The agent's lines on the terminal, which may take none for hours: nobody waits for it.

Lines beyond a bound are left out and counted. An agent that ends waits a moment for its last
lines.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections import deque
from typing import TextIO

MAX_WAITING = 1_000
LAST_WORDS_S = 1.0


class TerminalHandler(logging.Handler):
    """Writes lines to `stream` in a thread of its own. `close` waits a short while for it."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._changed = threading.Condition()
        self._lines: deque[str] = deque()
        self._left_out = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Returns at once, whatever the terminal does."""
        try:
            line = self.format(record)
            with self._changed:
                if len(self._lines) >= MAX_WAITING:
                    self._left_out += 1
                    return
                self._note_left_out()
                self._lines.append(line)
                self._changed.notify()
                self._start()
        except Exception:  # noqa: BLE001 - as the library's own handlers do
            self.handleError(record)

    def close(self) -> None:
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(LAST_WORDS_S)
        super().close()

    def _start(self) -> None:
        if self._thread is None:
            # Left behind where a terminal never comes back.
            thread = threading.Thread(target=self._run, name="terminal", daemon=True)
            # Where there are no more threads the next line tries again.
            thread.start()
            self._thread = thread

    def _run(self) -> None:
        while (line := self._next()) is not None:
            try:
                self._write(f"{line}\n")
            except Exception:  # noqa: BLE001, S112 - a terminal that is gone costs lines, nothing else
                continue

    def _next(self) -> str | None:
        with self._changed:
            while not self._lines and not self._left_out and not self._closed:
                self._changed.wait()
            if not self._lines:
                self._note_left_out()
            return self._lines.popleft() if self._lines else None

    def _note_left_out(self) -> None:
        """Where the lines are missing, once there is room again."""
        if self._left_out:
            self._lines.append(f"({self._left_out} lines are left out here: nobody read them)")
            self._left_out = 0

    def _write(self, text: str) -> None:
        if self._stream is not sys.__stderr__:
            # A notebook's, or whatever else somebody has put in its place.
            self._stream.write(text)
            self._stream.flush()
            return
        # Below Python's own buffering: the interpreter waits at its end for whoever is in there.
        data = text.encode(self._stream.encoding, "backslashreplace")
        while data:
            data = data[os.write(self._stream.fileno(), data) :]
