"""What time it is by a file server's clock, told from the files that it dates for us.

The machine that dates the files may disagree with ours. So an age comes from two of *its* dates.
"""

from __future__ import annotations

from sessionlib.clock import Clock

FRESH_S = 60.0


class ServerClock:
    """The server's clock, last seen at some moment of ours and counted on from there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: tuple[float, float] | None = None

    def reading(self) -> float:
        """Our side of a look; taken before the file is written, so that an age comes out
        too high rather than too low: too high voids an order, too low would prolong it."""
        return self._clock.now().boot

    def note_file_time(self, mtime_s: float, before_boot: float) -> None:
        """The server dated a file `mtime_s` that we began to write at `before_boot`."""
        self._seen = (mtime_s, before_boot)

    def is_fresh(self) -> bool:
        return self._seen is not None and self.reading() - self._seen[1] < FRESH_S

    def age_s(self, mtime_s: float) -> float:
        """How old a file is. By our own wall clock where the server's was never seen."""
        now = self._clock.now()
        if self._seen is None:
            return max(0.0, now.wall - mtime_s)
        seen_s, seen_boot = self._seen
        return max(0.0, seen_s + (now.boot - seen_boot) - mtime_s)

    def ahead_s(self) -> float | None:
        """How far the server's clock is ahead of this machine's; None where it was never seen."""
        if self._seen is None:
            return None
        seen_s, seen_boot = self._seen
        now = self._clock.now()
        return seen_s + (now.boot - seen_boot) - now.wall
