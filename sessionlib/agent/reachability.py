"""Whether others hear of this session, and it of them.

After some reports that couldn't be written the agent says so, and once more when they are written
again. A mailbox that can't be read is logged at once.
"""

from __future__ import annotations

from collections.abc import Callable

from sessionlib.core.narrate import LogLine

MISSES = 3
"""One that fails is nothing: the next one says all that it would have said."""


class ReportMonitor:
    """Counts the reports that failed, one after the other. Called from one thread at a time."""

    def __init__(self, log: Callable[[LogLine], None]) -> None:
        self._log = log
        self._missed = 0

    def note_result(self, why: str | None) -> None:
        """A report was written, or why it was not."""
        missed, self._missed = self._missed, 0 if why is None else self._missed + 1
        if self._missed == MISSES:
            text = f"{MISSES} reports in a row couldn't be written, others may think this one dead"
            self._log(LogLine("warning", "unheard", f"{text}: {why}"))
        elif why is None and missed >= MISSES:
            self._log(LogLine("info", "heard", "reports are written again"))


class MailboxMonitor:
    """Logs when the mailbox can't be read. Called from one thread at a time."""

    def __init__(self, log: Callable[[LogLine], None]) -> None:
        self._log = log
        self._reads_fail = False

    def note_read(self, why: str | None) -> None:
        """The mailbox was read, or why it was not: nothing that it might have held is known."""
        failed_before, self._reads_fail = self._reads_fail, why is not None
        if self._reads_fail and not failed_before:
            text = "no order and no report arrives: a look at them came to nothing"
            self._log(LogLine("warning", "deaf", f"{text}: {why}"))
        elif failed_before and not self._reads_fail:
            self._log(LogLine("info", "hears", "orders and reports arrive again"))
