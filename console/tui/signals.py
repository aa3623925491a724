"""How the screen ends by a signal: SIGTERM and SIGHUP give the terminal back.

A process whose terminal is gone ends within seconds, even where it can't end in order.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.app import App

GONE_CODE = 128 + signal.SIGHUP
GRACE_S = 3.0


class SignalWatch:
    """Watches for what ends an app from outside."""

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._over = threading.Event()
        self._before: dict[signal.Signals, Any] = {}

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on, until it is over."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            self._before[number] = signal.getsignal(number)
            if self._before[number] is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._leave, 128 + number)
        if sys.__stdin__ is not None and sys.__stdin__.isatty():
            args = (loop, sys.__stdin__.fileno())
            threading.Thread(target=self._watch_terminal, args=args, daemon=True).start()

    def restore(self) -> None:
        """The app has ended, and the terminal is given back: what was before counts again."""
        self._over.set()
        for number, handler in self._before.items():
            if handler is not None:
                signal.signal(number, handler)

    def _leave(self, code: int) -> None:
        self._app.exit(return_code=code)

    def _watch_terminal(self, loop: asyncio.AbstractEventLoop, terminal: int) -> None:
        watched = select.poll()
        # Asked for nothing, it tells of a hang-up all the same.
        watched.register(terminal, 0)
        watched.poll()
        with suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(self._leave, GONE_CODE)
        if not self._over.wait(GRACE_S):
            # What is left waits to write to a terminal that never comes back.
            os._exit(GONE_CODE)
