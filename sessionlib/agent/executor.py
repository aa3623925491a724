"""Carrying out what was decided: each action takes its lane, and its answer is an event.

Nothing slow is ever in the way of a renewal: the lease has a lane of its own, the mailbox has
one, and data has one without a time-out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from sessionlib.agent.checkpoint_jobs import CheckpointJobs
from sessionlib.agent.home import Home
from sessionlib.agent.lane import Lane
from sessionlib.agent.lease_io import LeaseWriter, read_lease
from sessionlib.agent.mailbox_io import Mailbox
from sessionlib.agent.provisioning import Provisioner
from sessionlib.agent.reachability import MailboxMonitor
from sessionlib.agent.workload import Workload
from sessionlib.core.actions import (
    Action,
    AnswerOrder,
    CollectGarbage,
    Copy,
    Depart,
    Exit,
    Fence,
    FetchAhead,
    PrepareProgram,
    ReadLease,
    ReadMailbox,
    RecordHistory,
    Restore,
    Seal,
    SetGoal,
    StopCopying,
    SuspendAutoMoves,
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
from sessionlib.core.lease import Tenure
from sessionlib.core.messages import Report
from sessionlib.core.narrate import LogLine
from sessionlib.core.values import Instant
from sessionlib.core.view import LeaseReadStatus, View
from sessionlib.errors import StoreError
from sessionlib.ports import Store

Inbox = SimpleQueue[Event | None]
"""Where events arrive; None only asks the loop to come round."""

NOTHING_READ = MailboxRead({})
"""The answer to a reading that took too long, or that failed."""


class Executor:
    """Does things for one agent. Only the agent's loop calls it.

    `on_report_result` is told why a report wasn't written, or None; `log` takes a line.
    """

    def __init__(  # noqa: PLR0913 - the parts that one agent has, each by its name
        self,
        *,
        inbox: Inbox,
        lease_store: Store,
        mailbox: Mailbox,
        checkpoint_jobs: CheckpointJobs,
        provisioner: Provisioner,
        workload: Workload,
        home: Home,
        timeout_s: float,
        on_report_result: Callable[[str | None], None],
        log: Callable[[LogLine], None],
    ) -> None:
        self._inbox = inbox
        self._lease_store = lease_store
        self._lease_writer = LeaseWriter(lease_store, timeout_s)
        self._mailbox = mailbox
        self._checkpoint_jobs = checkpoint_jobs
        self.provisioner = provisioner
        self._workload = workload
        self._home = home
        self._passed_tenure: Tenure | None = None

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
        self._program_lane: Lane[Event] = Lane("kit", inbox.put, float("inf"), complain)
        self._report_lane: Lane[str | None] = Lane("tell", on_report_result, timeout_s, complain)

    def tick(self, now_mono: float) -> None:
        """Answer for calls that hang, and let those begin that wait for their turn."""
        for lane in (self._lease_lane, self._mailbox_lane):
            lane.tick(now_mono)
        for slow in (self._data_lane, self._program_lane, self._report_lane):
            slow.tick(now_mono)

    def begin(self, action: Action, view: View, now: Instant) -> None:
        """Begin what `action` says, as decided on `view`. It never waits; an answer is an event."""
        _BEGIN[type(action)](self, action, view, now)

    def send_report(
        self, report: Report, logs: Callable[[], dict[str, bytes]], now_mono: float
    ) -> bool:
        """Write a report and the logs' tails, unless the last ones are still on their way."""
        if not self._report_lane.is_idle():
            return False

        def job() -> str | None:
            try:
                self._mailbox.write_report(report)
            except (StoreError, OSError) as error:
                return str(error) or type(error).__name__
            with suppress(StoreError, OSError):
                self._mailbox.write_logs(logs())
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

    def close(self) -> None:
        """Let nothing that was begun outlive the agent for long."""
        self.provisioner.stop()
        self._checkpoint_jobs.stop()

    def _read_lease(self, action: ReadLease, view: View, now: Instant) -> None:
        def failed(why: str) -> LeaseRead:
            return LeaseRead(LeaseReadStatus.UNREACHABLE, why=why)

        self._lease_lane.submit(lambda: read_lease(self._lease_store), failed, now.mono)

    def _write_lease(self, action: WriteLease, view: View, now: Instant) -> None:
        def failed(why: str) -> WriteAnswered:
            return WriteAnswered(action.write.lease.nonce, WriteVerdict.UNKNOWN, why=why)

        self._lease_lane.submit(lambda: self._lease_writer.write(action.write), failed, now.mono)

    def _read_mailbox(self, action: ReadMailbox, view: View, now: Instant) -> None:
        def failed(why: str) -> MailboxRead:
            self._why_nothing = why
            return NOTHING_READ

        # The rest of its time is for the listing, and for what isn't an order.
        job = lambda: self._mailbox.read(self._timeout_s / 4)  # noqa: E731 - a job like the others
        self._mailbox_lane.submit(job, failed, now.mono)

    def _deliver_mailbox_read(self, event: Event) -> None:
        """Pass on what came of a reading, or of a record, and say where it came to nothing."""
        if isinstance(event, MailboxRead):
            self._mailbox_monitor.note_read(self._why_nothing if event is NOTHING_READ else None)
        self._inbox.put(event)

    def _record_history(self, action: RecordHistory, view: View, now: Instant) -> None:
        def failed(why: str) -> HistoryRecorded:
            return HistoryRecorded(action.history.epoch, why)

        self._mailbox_lane.submit(
            lambda: self._mailbox.write_history(action.history), failed, now.mono
        )

    def _set_goal(self, action: SetGoal, view: View, now: Instant) -> None:
        self._pass_renewal_on(view)
        # Held since it woke late: what this very turn sends is later than that, and
        # counts; were it not to, the work would stand still until the next renewal.
        self._workload.set_goal(action.goal, view.suspect or now)

    def _pass_renewal_on(self, view: View) -> None:
        """Pass a renewal on to the guard: the deadline is kept there, whatever becomes of us."""
        tenure = view.tenure
        if tenure is None or tenure == self._passed_tenure or view.spent is not None:
            return
        self._passed_tenure = tenure
        self._workload.grant(tenure.epoch, tenure.sent, tenure.valid_s)

    def _end_session(self, action: Depart, view: View, now: Instant) -> None:
        # By its time or by order; a signal may only mean that the agent restarts.
        self._home.end_session()

    def _restore(self, action: Restore, view: View, now: Instant) -> None:
        # A fetch that is under way for later has become pointless, or part of this.
        self._checkpoint_jobs.stop()
        self._data_lane.submit(
            lambda: self._checkpoint_jobs.restore(action.epoch, action.pointer),
            lambda why: Restored(action.epoch, f"the data couldn't be restored: {why}"),
            now.mono,
        )

    def _seal(self, action: Seal, view: View, now: Instant) -> None:
        # The work stands still for this: what keeps house is done another time.
        self._checkpoint_jobs.stop()
        self._data_lane.submit(
            lambda: self._checkpoint_jobs.seal(action),
            lambda why: Sealed(action.token, None, f"the data couldn't be sealed: {why}"),
            now.mono,
        )

    def _copy(self, action: Copy, view: View, now: Instant) -> None:
        is_cancelled = self._checkpoint_jobs.new_stop_check()
        self._data_lane.submit(
            lambda: self._checkpoint_jobs.copy(action, is_cancelled),
            lambda why: CopyEnded(action.token, None, f"no checkpoint was made: {why}"),
            now.mono,
        )

    def _stop_copying(self, action: StopCopying, view: View, now: Instant) -> None:
        self._checkpoint_jobs.stop()

    def _fetch(self, action: FetchAhead, view: View, now: Instant) -> None:
        is_cancelled = self._checkpoint_jobs.new_stop_check()
        name = action.pointer.name
        self._data_lane.submit(
            lambda: self._checkpoint_jobs.fetch(action, is_cancelled),
            lambda why: Fetched(name, f"checkpoint {name} couldn't be fetched: {why}"),
            now.mono,
        )

    def _collect_garbage(self, action: CollectGarbage, view: View, now: Instant) -> None:
        is_cancelled = self._checkpoint_jobs.new_stop_check()
        # What isn't removed now is next time: nobody waits for an answer.
        self._data_lane.submit(
            lambda: self._checkpoint_jobs.collect(action, is_cancelled), lambda why: None, now.mono
        )

    def _prepare_program(self, action: PrepareProgram, view: View, now: Instant) -> None:
        self._program_lane.submit(
            self.provisioner.prepare, lambda why: ProgramPrepared("", why), now.mono
        )

    def _nothing(self, action: Action, view: View, now: Instant) -> None:
        """For an action that only changes the view, which `begun` has done."""


_BEGIN: Mapping[type[Action], Callable[[Executor, Any, View, Instant], None]] = {
    ReadLease: Executor._read_lease,
    ReadMailbox: Executor._read_mailbox,
    WriteLease: Executor._write_lease,
    SetGoal: Executor._set_goal,
    Restore: Executor._restore,
    Seal: Executor._seal,
    Copy: Executor._copy,
    StopCopying: Executor._stop_copying,
    FetchAhead: Executor._fetch,
    CollectGarbage: Executor._collect_garbage,
    PrepareProgram: Executor._prepare_program,
    RecordHistory: Executor._record_history,
    AnswerOrder: Executor._nothing,
    Depart: Executor._end_session,
    SuspendAutoMoves: Executor._nothing,
    Fence: Executor._nothing,
    Exit: Executor._nothing,
}
"""How each action begins. A test holds that none is missing."""
