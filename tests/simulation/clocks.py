"""The three clocks of one simulated machine.

Goal: what a real machine's clocks do. Method: each runs at the machine's own rate,
within half of the drift that is assumed; the wall clock is stepped now and then; while
the machine sleeps the monotonic clock stands still. Fleet time is the simulation's own,
which nobody in it can read.
"""

from __future__ import annotations

import random

from sessionlib.core.timing import DRIFT
from sessionlib.core.values import Instant


class Clocks:
    """Asked with the fleet's time, which never falls."""

    def __init__(self, chance: random.Random, t: float) -> None:
        self._chance = chance
        self._at = t
        self._boot = chance.uniform(0, 1e5)
        self._mono = self._boot - chance.uniform(0, 1e4)
        self._wall = 1.8e9 + chance.uniform(-1e5, 1e5)
        self.rate = self._some_rate()
        self._known = (t, self._instant(t))

    def now(self, t: float) -> Instant:
        """The present by these clocks."""
        if t != self._known[0]:
            self._known = (t, self._instant(t))
        return self._known[1]

    def lasts(self, own_s: float) -> float:
        """How much of the fleet's time `own_s` by these clocks is, as long as nothing is set."""
        return own_s / self.rate

    def drift(self, t: float) -> None:
        """Run at another rate from now on."""
        self._rebase(t)
        self.rate = self._some_rate()

    def step(self, t: float, by_s: float) -> None:
        """The wall clock is set, forward or back."""
        self._rebase(t)
        self._wall += by_s
        self._known = (t, self._instant(t))

    def slept(self, t: float, for_s: float) -> None:
        """The machine has slept for the last `for_s` of the fleet's time."""
        self._rebase(t)
        self._mono -= for_s * self.rate
        self._known = (t, self._instant(t))

    def _some_rate(self) -> float:
        return 1 + self._chance.uniform(-DRIFT / 2, DRIFT / 2)

    def _rebase(self, t: float) -> None:
        now = self._instant(t)
        self._at, self._boot, self._mono, self._wall = t, now.boot, now.mono, now.wall

    def _instant(self, t: float) -> Instant:
        passed_s = (t - self._at) * self.rate
        return Instant(self._boot + passed_s, self._mono + passed_s, self._wall + passed_s)
