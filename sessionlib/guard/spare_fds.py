"""Spare descriptors, for the day on which there are no others.

Finding a process takes one, and signalling exactly that one takes two. Whoever has to stop
processes gives its spare ones up for one try when a file table is full.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from sessionlib.guard.tree import SCARCE

_HELD = 2
T = TypeVar("T")


class SpareDescriptors:
    """For one process, and made early in it: a low number stays below a limit that is lowered."""

    def __init__(self) -> None:
        self._held: list[int] = []
        self._hold()

    def attempt(self, act: Callable[[], T]) -> T:
        """What `act` returns, tried once more with the reserve if descriptors are wanting.
        `act` must be fit to be done twice. Raises OSError if that is in vain too."""
        try:
            return act()
        except OSError as error:
            if error.errno not in SCARCE:
                raise
        self._give_up()
        try:
            return act()
        finally:
            self._hold()

    def _hold(self) -> None:
        with suppress(OSError):
            while len(self._held) < _HELD:
                self._held.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))

    def _give_up(self) -> None:
        while self._held:
            os.close(self._held.pop())
