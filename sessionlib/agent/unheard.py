"""Whether others hear of this session.

Decided here: after how many reports that couldn't be written the agent says so, and that it
says once when they are written again. Not decided here: when a report is due (`loop`).
"""

from __future__ import annotations

from collections.abc import Callable

from sessionlib.core.narrate import Line

MISSES = 3
"""One that fails is nothing: the next one says all that it would have said."""


class Unheard:
    """Counts the reports that failed, one after the other. Called from one thread at a time."""

    def __init__(self, say: Callable[[Line], None]) -> None:
        self._say = say
        self._missed = 0

    def told(self, why: str | None) -> None:
        """A report was written, or why it was not."""
        missed, self._missed = self._missed, 0 if why is None else self._missed + 1
        if self._missed == MISSES:
            text = f"{MISSES} reports in a row couldn't be written, others may think this one dead"
            self._say(Line("warning", "unheard", f"{text}: {why}"))
        elif why is None and missed >= MISSES:
            self._say(Line("info", "heard", "reports are written again"))
