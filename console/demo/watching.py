"""Showing the fleet while something happens to it.

Decided here: that the picture and the performance don't wait for each other,
and that what goes wrong in the one ends the other.
"""

from __future__ import annotations

import shutil
import sys
import threading
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

from console.cli.opened import Fleet
from console.output import Output, is_screen
from console.readmodel import fleet_view
from console.screen import Redrawn
from console.words import Line, fleet_lines
from sessionlib.clock import sleep

REFRESH_S = 0.5
LINES_TOLD = 8
T = TypeVar("T")


def watched(out: Output, fleet: Fleet, perform: Callable[[Callable[[str], None]], T]) -> T:
    """The result of `perform`, which runs in a thread while the fleet is drawn, with what it
    tells below. Where nothing can be drawn over, only what it tells is printed."""
    if not is_screen(sys.stdout) or out.json:
        return perform(out.tell)
    told: deque[str] = deque(maxlen=LINES_TOLD)
    ended: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            ended.put((perform(told.append), None))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            ended.put((None, error))

    screen = Redrawn(out)
    threading.Thread(target=run, daemon=True).start()
    try:
        while True:
            lines = fleet_lines(fleet_view(fleet.config, fleet.look()), "demo")
            events = [Line(f"  {text}", "dim") for text in list(told)]
            screen.draw([*lines, Line(), *events], shutil.get_terminal_size())
            try:
                result, error = ended.get_nowait()
            except Empty:
                sleep(REFRESH_S)
                continue
            if error is not None:
                raise error
            return result  # type: ignore[return-value]  # T may itself be None
    finally:
        screen.leave()
