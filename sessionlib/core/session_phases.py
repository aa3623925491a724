"""Where a session stands in its life: the phases, their bounds, and the three clocks behind them.

Each clock names the source of its figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

HOUR_S = 3600.0
SHORTEST_S = 0.001
"""A lifetime of nothing, or less, has no phases: it counts as this."""
ENDS_NEEDED = 8
"""Fewer natural ends than this teach nothing about an account's sessions."""


class Phase(StrEnum):
    """A session's phase, by what is left of it or by what keeps it from having one."""

    FRESH = "Fresh"
    ACTIVE = "Active"
    WARNING = "Warning"
    HANDOVER = "Handover"
    EXPIRED = "Expired"
    COLD = "Cold"
    STARTING = "Starting"
    LOST = "Lost"
    FENCED = "Fenced"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Above how many seconds left a phase holds; each is half-open, so that none overlap."""

    fresh_s: float = 11 * HOUR_S
    active_s: float = 5 * HOUR_S
    warning_s: float = 1 * HOUR_S

    def __post_init__(self) -> None:
        if not self.fresh_s > self.active_s > self.warning_s > 0:
            raise ValueError("phase bounds must fall: fresh, active, warning, 0")

    @classmethod
    def for_lifetime(cls, lifetime_s: float) -> Bounds:
        """The 12-hour bounds, stretched to another lifetime, which others may have reported."""
        part = max(lifetime_s, SHORTEST_S) / (12 * HOUR_S)
        return cls(11 * HOUR_S * part, 5 * HOUR_S * part, 1 * HOUR_S * part)


def phase_of(remaining_s: float, bounds: Bounds) -> Phase:
    """The phase of a session with `remaining_s` left: `x > bound`, down to Expired at 0."""
    if remaining_s > bounds.fresh_s:
        return Phase.FRESH
    if remaining_s > bounds.active_s:
        return Phase.ACTIVE
    if remaining_s > bounds.warning_s:
        return Phase.WARNING
    return Phase.HANDOVER if remaining_s > 0 else Phase.EXPIRED


class ClockSource(StrEnum):
    """Which of the three clocks a remaining time was read from."""

    LIFETIME = "lifetime"
    IDLE = "idle"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What one clock says is left, in seconds. Only LIFETIME ever starts a plan."""

    source: ClockSource
    remaining_s: float


def clocks(
    age_s: float,
    lifetime_s: float,
    idle: tuple[float, float] | None = None,
    natural_ends_s: Sequence[float] = (),
) -> tuple[ClockReading, ...]:
    """The clocks that can be read for a session `age_s` old, lifetime first.

    `idle` is (seconds without activity, seconds allowed), where activity can be
    seen at all. `natural_ends_s` are the ages at which this account's sessions
    ended by themselves: kills, drills and stops are not among them. From the
    eighth on their lower quartile is advice, for it is the early ends that burn.
    """
    readings = [ClockReading(ClockSource.LIFETIME, max(0.0, lifetime_s - age_s))]
    if idle is not None:
        quiet_s, allowed_s = idle
        readings.append(ClockReading(ClockSource.IDLE, max(0.0, allowed_s - quiet_s)))
    if len(natural_ends_s) >= ENDS_NEEDED:
        lower_quartile_s = sorted(natural_ends_s)[len(natural_ends_s) // 4]
        readings.append(ClockReading(ClockSource.HISTORY, max(0.0, lower_quartile_s - age_s)))
    return tuple(readings)
