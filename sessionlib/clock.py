"""The only place that reads a clock; `core` is handed instants and never asks for one.

ruff forbids `time.time` and its relatives everywhere else.
"""

from __future__ import annotations

import time
from typing import Protocol

from sessionlib.core.values import Instant


class Clock(Protocol):
    """Something that knows what time it is."""

    def now(self) -> Instant:
        """The present, by three clocks of this machine."""


class SystemClock:
    """The machine's own clocks. Where there is no boot-time clock (macOS), monotonic stands in."""

    def now(self) -> Instant:
        mono = time.monotonic()
        boot_id = getattr(time, "CLOCK_BOOTTIME", None)
        boot = mono if boot_id is None else time.clock_gettime(boot_id)
        return Instant(boot=boot, mono=mono, wall=time.time())


def sleep(seconds: float) -> None:
    """Wait. Here, so that the core's ban on clocks can be checked by name."""
    time.sleep(max(0.0, seconds))
