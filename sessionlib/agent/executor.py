"""Carrying out what was decided.

Decided here: which lane each action takes, so that nothing slow is ever in the
way of a renewal: the lease has a lane of its own, notes share one, and data has
one without a time-out. Answers are posted to the inbox as events.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

from sessionlib.agent.checkpoint_jobs import CheckpointJobs
from sessionlib.agent.lane import Lane
from sessionlib.agent.lease_io import LeaseWriter, read_lease
from sessionlib.agent.mailbox import Mailbox
from sessionlib.agent.provisioning import Provisioner
from sessionlib.agent.reachability import MailboxMonitor
from sessionlib.core.actions import (
    CollectGarbage,
    Copy,
    FetchAhead,
    ReadLease,
    ReadMailbox,
    RecordHistory,
    Restore,
    Seal,
    WriteLease,
)
from sessionlib.core.events import (
    CopyEnded,
    Event,
    Fetched,
    HistoryRecorded,
    LeaseRead,
    MailboxRead,
    ProgramPrepared,
    Restored,
    Sealed,
    WriteAnswered,
    WriteVerdict,
)
from sessionlib.core.messages import Report
from sessionlib.core.narrate import LogLine
from sessionlib.core.view import LeaseReadStatus
from sessionlib.errors import StoreError
from sessionlib.ports import Store

Inbox = SimpleQueue[Event | None]
"""Where events arrive; None only asks the loop to come round."""

NOTHING_SEEN = MailboxRead({})
"""The answer to a look that took too long, or that failed."""


class Executor:
    """Does things for one agent. Only the agent's loop calls it."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts that one agent has
        self,
        inbox: Inbox,
        lease_store: Store,
        notes: Mailbox,
        copyist: CheckpointJobs,
        outfit: Provisioner,
        timeout_s: float,
        on_report_result: Callable[[str | None], None],
        log: Callable[[LogLine], None],
    ) -> None:
        self._inbox = inbox
        self._lease_store = lease_store
        self._lease_writer = LeaseWriter(lease_store, timeout_s)
        self._notes = notes
        self._checkpoint_jobs = copyist
        self.provisioner = outfit

        def complain(why: str) -> None:
            log(LogLine("error", "fault", why))

        self._lease_lane: Lane[Event] = Lane("lease", inbox.put, timeout_s, complain)
        self._timeout_s = timeout_s
        self._mailbox_monitor = MailboxMonitor(log)
        self._why_nothing = ""
        self._mailbox_lane: Lane[Event] = Lane(
            "peek", self._deliver_mailbox_read, timeout_s, complain
        )
        # Data takes as long as it takes, but one job at a time: they share a directory.
        self._data_lane: Lane[Event | None] = Lane("data", inbox.put, float("inf"), complain)
        self._kit_lane: Lane[Event] = Lane("kit", inbox.put, float("inf"), complain)
        self._report_lane: Lane[str | None] = Lane("tell", on_report_result, timeout_s, complain)

    def tick(self, now_mono: float) -> None:
        """Answer for calls that hang, and let those begin that wait for their turn."""
        for lane in (self._lease_lane, self._mailbox_lane):
            lane.tick(now_mono)
        for slow in (self._data_lane, self._kit_lane, self._report_lane):
            slow.tick(now_mono)

    def read_lease(self, action: ReadLease, now_mono: float) -> None:
        def failed(why: str) -> LeaseRead:
            return LeaseRead(LeaseReadStatus.UNREACHABLE, why=why)

        self._lease_lane.submit(lambda: read_lease(self._lease_store), failed, now_mono)

    def write_lease(self, action: WriteLease, now_mono: float) -> None:
        def failed(why: str) -> WriteAnswered:
            return WriteAnswered(action.write.lease.nonce, WriteVerdict.UNKNOWN, why=why)

        self._lease_lane.submit(lambda: self._lease_writer.write(action.write), failed, now_mono)

    def read_mailbox(self, action: ReadMailbox, now_mono: float) -> None:
        def failed(why: str) -> MailboxRead:
            self._why_nothing = why
            return NOTHING_SEEN

        # The rest of its time is for the listing, and for what isn't an order.
        job = lambda: self._notes.read(self._timeout_s / 4)  # noqa: E731 - a job like the others
        self._mailbox_lane.submit(job, failed, now_mono)

    def _deliver_mailbox_read(self, event: Event) -> None:
        """Pass on what came of a look, or of a record, and say where the look came to nothing."""
        if isinstance(event, MailboxRead):
            self._mailbox_monitor.note_read(self._why_nothing if event is NOTHING_SEEN else None)
        self._inbox.put(event)

    def record_history(self, action: RecordHistory, now_mono: float) -> None:
        def failed(why: str) -> HistoryRecorded:
            return HistoryRecorded(action.history.epoch, why)

        self._mailbox_lane.submit(
            lambda: self._notes.write_history(action.history), failed, now_mono
        )

    def send_report(
        self, report: Report, logs: Callable[[], dict[str, bytes]], now_mono: float
    ) -> bool:
        """Write a report and the logs' tails, unless the last ones are still on their way."""
        if not self._report_lane.is_idle():
            return False

        def job() -> str | None:
            try:
                self._notes.write_report(report)
            except (StoreError, OSError) as error:
                return str(error) or type(error).__name__
            with suppress(StoreError, OSError):
                self._notes.write_logs(logs())
            return None

        self._report_lane.submit(job, lambda why: why, now_mono)
        return True

    def is_report_sent(self) -> bool:
        """Whether the last report is written, or given up on."""
        return self._report_lane.is_idle()

    @property
    def preparing(self) -> str | None:
        """What data and program are busy with, in words."""
        return self.provisioner.progress or self._checkpoint_jobs.progress

    def restore(self, action: Restore, now_mono: float) -> None:
        # A fetch that is under way for later has become pointless, or part of this.
        self._checkpoint_jobs.stop()
        self._data_lane.submit(
            lambda: self._checkpoint_jobs.restore(action.epoch, action.pointer),
            lambda why: Restored(action.epoch, f"the data couldn't be restored: {why}"),
            now_mono,
        )

    def seal(self, action: Seal, now_mono: float) -> None:
        # The work stands still for this: what keeps house is done another time.
        self._checkpoint_jobs.stop()
        self._data_lane.submit(
            lambda: self._checkpoint_jobs.seal(action),
            lambda why: Sealed(action.token, None, f"the data couldn't be sealed: {why}"),
            now_mono,
        )

    def copy(self, action: Copy, now_mono: float) -> None:
        called_off = self._checkpoint_jobs.new_stop_check()
        self._data_lane.submit(
            lambda: self._checkpoint_jobs.copy(action, called_off),
            lambda why: CopyEnded(action.token, None, f"no checkpoint was made: {why}"),
            now_mono,
        )

    def stop_copying(self) -> None:
        self._checkpoint_jobs.stop()

    def fetch(self, action: FetchAhead, now_mono: float) -> None:
        called_off = self._checkpoint_jobs.new_stop_check()
        name = action.pointer.name
        self._data_lane.submit(
            lambda: self._checkpoint_jobs.fetch(action, called_off),
            lambda why: Fetched(name, f"checkpoint {name} couldn't be fetched: {why}"),
            now_mono,
        )

    def collect_garbage(self, action: CollectGarbage, now_mono: float) -> None:
        called_off = self._checkpoint_jobs.new_stop_check()
        # What isn't removed now is next time: nobody waits for an answer.
        self._data_lane.submit(
            lambda: self._checkpoint_jobs.collect(action, called_off), lambda why: None, now_mono
        )

    def prepare(self, now_mono: float) -> None:
        self._kit_lane.submit(
            self.provisioner.prepare, lambda why: ProgramPrepared("", why), now_mono
        )

    def close(self) -> None:
        """Let nothing that was begun outlive the agent for long."""
        self.provisioner.stop()
        self._checkpoint_jobs.stop()
