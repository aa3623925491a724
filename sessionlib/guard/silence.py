"""When a peer that talks all the time counts as lost: after both a time and a number of looks."""

# Time alone would condemn a peer for our own absence: after a suspend we must first read what has
# arrived. Looks alone would never end where other news keep waking us.

from __future__ import annotations

from sessionlib.core.values import Instant

LOOKS = 4


class SilenceDetector:
    """One peer's silence, as seen from here."""

    def __init__(self, limit_s: float, now: Instant) -> None:
        self._limit_s = limit_s
        self._looks = 0
        self._heard = now

    @property
    def look_s(self) -> float:
        """How often to look, and to talk oneself."""
        return self._limit_s / LOOKS

    def note_look(self, heard: bool, now: Instant) -> None:
        """One look at what has arrived."""
        self._looks = 0 if heard else self._looks + 1
        if heard:
            self._heard = now

    def lost(self, now: Instant) -> bool:
        return self._looks >= LOOKS and now.mono - self._heard.mono >= self._limit_s
