"""Phases without gaps or overlaps, and the three clocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlib.core.session_phases import Bounds, ClockSource, Phase, clocks, phase_of

HOUR_S = 3600


@pytest.mark.parametrize(
    ("hours", "phase"),
    [
        (12, Phase.FRESH),
        (11.01, Phase.FRESH),
        (11, Phase.ACTIVE),
        (5.5, Phase.ACTIVE),
        (5, Phase.WARNING),
        (1.001, Phase.WARNING),
        (1, Phase.HANDOVER),
        (0.001, Phase.HANDOVER),
        (0, Phase.EXPIRED),
        (-30, Phase.EXPIRED),
    ],
)
def test_the_bounds_are_half_open(hours: float, phase: Phase) -> None:
    assert phase_of(hours * HOUR_S, Bounds()) is phase


@given(st.floats(-1e6, 1e6), st.floats(allow_nan=False, allow_infinity=False))
def test_every_remaining_time_has_one_phase_at_any_lifetime(remaining: float, life: float) -> None:
    bounds = Bounds.for_lifetime(life)
    assert phase_of(remaining, bounds) in Phase
    order = [Phase.EXPIRED, Phase.HANDOVER, Phase.WARNING, Phase.ACTIVE, Phase.FRESH]
    later = order.index(phase_of(remaining, bounds))
    assert order.index(phase_of(remaining - 1, bounds)) <= later


def test_bounds_that_dont_fall_are_refused() -> None:
    with pytest.raises(ValueError, match="fall"):
        Bounds(fresh_s=10, active_s=20, warning_s=5)


def test_a_session_older_than_a_day_has_nothing_left() -> None:
    # The origin took the seconds of a timedelta without its days: at 24 h 5 min it
    # had nearly its whole lifetime left again.
    (lifetime,) = clocks(age_s=24 * HOUR_S + 300, lifetime_s=12 * HOUR_S)
    assert lifetime.remaining_s == 0


def test_idle_and_history_only_where_they_are_known() -> None:
    ends = [8 * HOUR_S] * 7
    assert [r.source for r in clocks(0, 100)] == [ClockSource.LIFETIME]
    assert [r.source for r in clocks(0, 100, (30, 90), ends)] == [
        ClockSource.LIFETIME,
        ClockSource.IDLE,
    ]
    with_history = clocks(3600, 12 * HOUR_S, None, [*ends, 2 * HOUR_S])
    assert with_history[-1].source is ClockSource.HISTORY
    assert with_history[-1].remaining_s == 7 * HOUR_S


def test_one_early_end_in_eight_does_not_scare() -> None:
    ends = [40 * 60.0, *[11.0 * HOUR_S] * 7]
    assert clocks(0, 12 * HOUR_S, None, ends)[-1].remaining_s == 11 * HOUR_S
