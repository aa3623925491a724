"""The only place that reads a clock; `core` is handed instants and never asks for one.

ruff forbids `time.time` and its relatives everywhere else.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol

from sessionlib.core.values import Instant

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """Something that knows what time it is."""

    def now(self) -> Instant:
        """The present, by three clocks of this machine."""


class SystemClock:
    """The machine's own clocks. Where there is no boot-time clock (macOS), monotonic stands in."""

    def now(self) -> Instant:
        mono = time.monotonic()
        boot_clock = getattr(time, "CLOCK_BOOTTIME", None)
        boot = mono if boot_clock is None else time.clock_gettime(boot_clock)
        return Instant(boot=boot, mono=mono, wall=time.time())


def boot_id() -> str | None:
    """Which run of which kernel this is; None where the system doesn't say. Boot-time instants
    compare only within one."""
    try:
        return _BOOT_ID.read_text().strip() or None
    except OSError:
        return None


def sleep(seconds: float) -> None:
    """Wait. Here, so that the core's ban on clocks can be checked by name."""
    time.sleep(max(0.0, seconds))
