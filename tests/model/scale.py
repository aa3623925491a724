"""The durations of the model: as small as the product's own inequality lets them be.

Decided here: how long a tick is, which `Timing` goes with it, and how far apart clocks
may run. A tick is 12 s. The lease is three and a half of them, and `DRIFT`, the one
constant of the product that is changed, is 1/7 instead of 1/100, so that what it stands
for is a whole tick: a holder may count on 36 s (three ticks, a margin of one among
them), a challenger waits for 48 s (four). The inequality of `Timing` holds exactly:
12 + 2 x 6 + 12 = 42 x (1 - 1/7).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sessionlib.core import timing
from sessionlib.core.timing import Timing
from sessionlib.core.values import Instant
from sessionlib.guard.policy import Limits

TICK_S = 12.0
DRIFT = 1 / 7
NEVER_S = 1e9

NOW = Instant(0.0, 0.0, 0.0)
"""The moment that every local state is told from: what it remembers lies at or before it."""
NEXT = Instant(TICK_S, TICK_S, TICK_S)

LATE_S = TICK_S
"""How late a guard may act on a deadline: as late as the margin, which is there for it."""
LATE = Instant(-LATE_S, -LATE_S, -LATE_S)
"""What a guard that is as late as it may be takes for now."""

DEAD_TICKS = 3
"""A write sent so many ticks ago lets nobody work any more, not even a late guard's workload:
the product lets it for 24 s, and the margin adds a tick."""
WATCH_TICKS = 4
"""An unchanged record watched for so long is stale."""


@contextmanager
def drifting() -> Iterator[None]:
    """The product with clocks that differ by as much as `DRIFT` here."""
    before = timing.DRIFT
    timing.DRIFT = DRIFT
    try:
        yield
    finally:
        timing.DRIFT = before


def timing_of_model() -> Timing:
    """Raises UnsafeTiming if the product's inequality doesn't hold."""
    return Timing(
        ttl_s=42.0,
        renew_s=TICK_S,
        timeout_s=TICK_S / 2,
        margin_s=LATE_S,
        poll_s=TICK_S,
        rank_step_s=TICK_S,
        poll_fast_s=1.0,
        poll_final_s=0.2,
        report_s=TICK_S,
    )


LIMITS = Limits(margin_s=LATE_S, kill_after_s=NEVER_S, silence_s=NEVER_S)
"""That a frozen workload is killed in the end is an event of its own here."""
