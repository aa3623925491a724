"""Carrying out what was decided.

Decided here: which lane each action takes, so that nothing slow is ever in the
way of a renewal: the lease has a lane of its own, notes share one, and data has
one without a time-out. Answers are posted to the inbox as events.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

from sessionlib.agent.checkpoint_jobs import Copyist
from sessionlib.agent.lane import Lane
from sessionlib.agent.lease_io import LeaseWriter, read_lease
from sessionlib.agent.mailbox import Notes
from sessionlib.agent.provisioning import Outfit
from sessionlib.agent.reachability import Deaf
from sessionlib.core.actions import (
    Collect,
    Copy,
    FetchAhead,
    Look,
    Peek,
    Record,
    Restore,
    Seal,
    Send,
)
from sessionlib.core.events import (
    CopyEnded,
    Event,
    Fetched,
    LeaseRead,
    Peeked,
    Prepared,
    Recorded,
    Restored,
    Sealed,
    Verdict,
    WriteAnswered,
)
from sessionlib.core.messages import Report
from sessionlib.core.narrate import Line
from sessionlib.core.view import Sight
from sessionlib.errors import StoreError
from sessionlib.ports import Store

Inbox = SimpleQueue[Event | None]
"""Where events arrive; None only asks the loop to come round."""

NOTHING_SEEN = Peeked({})
"""The answer to a look that took too long, or that failed."""


class Hands:
    """Does things for one agent. Only the agent's loop calls it."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts that one agent has
        self,
        inbox: Inbox,
        lease_store: Store,
        notes: Notes,
        copyist: Copyist,
        outfit: Outfit,
        timeout_s: float,
        on_told: Callable[[str | None], None],
        say: Callable[[Line], None],
    ) -> None:
        self._inbox = inbox
        self._lease_store = lease_store
        self._lease_writer = LeaseWriter(lease_store, timeout_s)
        self._notes = notes
        self._copyist = copyist
        self.outfit = outfit

        def complain(why: str) -> None:
            say(Line("error", "fault", why))

        self._lease_lane: Lane[Event] = Lane("lease", inbox.put, timeout_s, complain)
        self._timeout_s = timeout_s
        self._deaf = Deaf(say)
        self._why_nothing = ""
        self._peek_lane: Lane[Event] = Lane("peek", self._peeked, timeout_s, complain)
        # Data takes as long as it takes, but one job at a time: they share a directory.
        self._data_lane: Lane[Event | None] = Lane("data", inbox.put, float("inf"), complain)
        self._kit_lane: Lane[Event] = Lane("kit", inbox.put, float("inf"), complain)
        self._tell_lane: Lane[str | None] = Lane("tell", on_told, timeout_s, complain)

    def tick(self, now_mono: float) -> None:
        """Answer for calls that hang, and let those begin that wait for their turn."""
        for lane in (self._lease_lane, self._peek_lane):
            lane.tick(now_mono)
        for slow in (self._data_lane, self._kit_lane, self._tell_lane):
            slow.tick(now_mono)

    def look(self, action: Look, now_mono: float) -> None:
        def failed(why: str) -> LeaseRead:
            return LeaseRead(Sight.UNREACHABLE, why=why)

        self._lease_lane.submit(lambda: read_lease(self._lease_store), failed, now_mono)

    def send(self, action: Send, now_mono: float) -> None:
        def failed(why: str) -> WriteAnswered:
            return WriteAnswered(action.write.lease.nonce, Verdict.UNKNOWN, why=why)

        self._lease_lane.submit(lambda: self._lease_writer.write(action.write), failed, now_mono)

    def peek(self, action: Peek, now_mono: float) -> None:
        def failed(why: str) -> Peeked:
            self._why_nothing = why
            return NOTHING_SEEN

        # The rest of its time is for the listing, and for what isn't an order.
        job = lambda: self._notes.peek(self._timeout_s / 4)  # noqa: E731 - a job like the others
        self._peek_lane.submit(job, failed, now_mono)

    def _peeked(self, event: Event) -> None:
        """Pass on what came of a look, or of a record, and say where the look came to nothing."""
        if isinstance(event, Peeked):
            self._deaf.peeked(self._why_nothing if event is NOTHING_SEEN else None)
        self._inbox.put(event)

    def record(self, action: Record, now_mono: float) -> None:
        def failed(why: str) -> Recorded:
            return Recorded(action.history.epoch, why)

        self._peek_lane.submit(lambda: self._notes.record(action.history), failed, now_mono)

    def tell(self, report: Report, logs: Callable[[], dict[str, bytes]], now_mono: float) -> bool:
        """Write a report and the logs' tails, unless the last ones are still on their way."""
        if not self._tell_lane.is_idle():
            return False

        def job() -> str | None:
            try:
                self._notes.report(report)
            except (StoreError, OSError) as error:
                return str(error) or type(error).__name__
            with suppress(StoreError, OSError):
                self._notes.ship(logs())
            return None

        self._tell_lane.submit(job, lambda why: why, now_mono)
        return True

    def told(self) -> bool:
        """Whether the last report is written, or given up on."""
        return self._tell_lane.is_idle()

    @property
    def preparing(self) -> str | None:
        """What data and program are busy with, in words."""
        return self.outfit.progress or self._copyist.progress

    def restore(self, action: Restore, now_mono: float) -> None:
        # A fetch that is under way for later has become pointless, or part of this.
        self._copyist.stop()
        self._data_lane.submit(
            lambda: self._copyist.restore(action.epoch, action.pointer),
            lambda why: Restored(action.epoch, f"the data couldn't be restored: {why}"),
            now_mono,
        )

    def seal(self, action: Seal, now_mono: float) -> None:
        # The work stands still for this: what keeps house is done another time.
        self._copyist.stop()
        self._data_lane.submit(
            lambda: self._copyist.seal(action),
            lambda why: Sealed(action.token, None, f"the data couldn't be sealed: {why}"),
            now_mono,
        )

    def copy(self, action: Copy, now_mono: float) -> None:
        called_off = self._copyist.until_stopped()
        self._data_lane.submit(
            lambda: self._copyist.copy(action, called_off),
            lambda why: CopyEnded(action.token, None, f"no checkpoint was made: {why}"),
            now_mono,
        )

    def stop_copying(self) -> None:
        self._copyist.stop()

    def fetch(self, action: FetchAhead, now_mono: float) -> None:
        called_off = self._copyist.until_stopped()
        name = action.pointer.name
        self._data_lane.submit(
            lambda: self._copyist.fetch(action, called_off),
            lambda why: Fetched(name, f"checkpoint {name} couldn't be fetched: {why}"),
            now_mono,
        )

    def collect(self, action: Collect, now_mono: float) -> None:
        called_off = self._copyist.until_stopped()
        # What isn't removed now is next time: nobody waits for an answer.
        self._data_lane.submit(
            lambda: self._copyist.collect(action, called_off), lambda why: None, now_mono
        )

    def prepare(self, now_mono: float) -> None:
        self._kit_lane.submit(self.outfit.prepare, lambda why: Prepared("", why), now_mono)

    def close(self) -> None:
        """Let nothing that was begun outlive the agent for long."""
        self.outfit.stop()
        self._copyist.stop()
