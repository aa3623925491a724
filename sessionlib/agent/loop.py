"""The agent's loop, the only endless one: wait, learn, decide, begin.

It never blocks on anything but its inbox, and notices when it was not let run.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING

from sessionlib import __version__, crash_text
from sessionlib.agent.executor import Executor, Inbox
from sessionlib.agent.home import Home
from sessionlib.agent.logs import AgentLog, tail
from sessionlib.agent.mailbox_io import LOG_TAIL_BYTES
from sessionlib.agent.resources import ResourceMeter
from sessionlib.agent.workload import Workload
from sessionlib.clock import Clock
from sessionlib.core.actions import Exit, SetGoal
from sessionlib.core.decide import decide
from sessionlib.core.events import DoorbellRang, Event, Late, Leave
from sessionlib.core.learn import begun, learn
from sessionlib.core.messages import Report
from sessionlib.core.narrate import LogLine, narrate
from sessionlib.core.report import ReportExtras, is_news, report_of
from sessionlib.core.values import Instant
from sessionlib.core.view import View

if TYPE_CHECKING:
    from sessionlib.agent.coordinator_link import CoordinatorLink
    from sessionlib.agent.notifier import Notifier

DECISIONS_A_TURN = 4
"""A decision may change what the next one is; it never takes more than a few to come to rest."""

LAST_WORD_S = 2.0
"""How long a departing agent waits for its last report to be written."""


@dataclass(slots=True, kw_only=True)
class Agent:
    """One incarnation of an account's agent. `run` returns its exit code."""

    view: View
    fleet: str
    clock: Clock
    inbox: Inbox
    executor: Executor
    workload: Workload
    home: Home
    log: AgentLog
    meter: ResourceMeter
    coordinator_link: CoordinatorLink | None = None
    notifier: Notifier | None = None

    _beat: int = 0
    _last_report: Report | None = None
    _reported_mono: float = float("-inf")
    _warned: tuple[str, ...] = ()

    def leave(self, reason: str) -> None:
        """Ask the agent to stop, seal, vacate and exit. Fit for a signal handler."""
        self.inbox.put(Leave(reason))

    def run(self) -> int:
        """Turn until something decides to exit; afterwards nothing of the workload is left."""
        code = 1
        why = "the agent was interrupted"
        try:
            exit_ = self._turns()
            code, why = exit_.code, exit_.reason
        except Exception as error:  # noqa: BLE001 - the user gets a sentence, a file the rest
            why = self._crashed(error)
        finally:
            self._close_workload()
            self.log.write(LogLine("info", "exit", f"ending: {why}"), code=code)
            self._send_last_report(why)
            if self.coordinator_link is not None:
                self.coordinator_link.send_state(self._report(self.clock.now(), why), self.view)
                self.coordinator_link.close()
            if self.notifier is not None:
                self.notifier.close()
            self.log.close()
        return code

    def _crashed(self, error: Exception) -> str:
        path = self.home.logs / "crash.txt"
        with suppress(OSError):
            path.unlink(missing_ok=True)
            crash_text.keep(path, crash_text.report(error, "agent"))
        why = f"a fault in this program ({type(error).__name__}); {path} says where"
        self.log.write(LogLine("error", "crash", why))
        return why

    def _close_workload(self) -> None:
        self.executor.close()
        self.workload.close()
        if not self.workload.facts.empty:
            why = self.workload.facts.error or "processes of it don't end"
            self.log.write(LogLine("error", "workload_left", f"the workload is still there: {why}"))

    def _turns(self) -> Exit:
        tick_s = self.view.timing.poll_final_s
        now = self.clock.now()
        self.log.write(LogLine("info", "start", f"agent {self.view.me.incarnation} starts"))
        self.workload.start()
        if self.coordinator_link is not None:
            self.coordinator_link.start()
        if self.notifier is not None:
            self.notifier.start()
        while True:
            meant = now
            event = self._next_event(tick_s)
            now = self.clock.now()
            late_s = now.since(meant) - tick_s
            if late_s > self.view.timing.margin_s:
                self._learn(Late(late_s), now)
            while event is not None:
                # Each at its own time, never before it arrived: a watch begins with it.
                self._learn(event, self.clock.now())
                event = self._next_event(0)
            exit_ = self._turn(self.clock.now())
            if exit_ is not None:
                return exit_

    def _next_event(self, wait_s: float) -> Event | None:
        try:
            return self.inbox.get(timeout=wait_s) if wait_s else self.inbox.get_nowait()
        except Empty:
            return None

    def _learn(self, event: Event, now: Instant) -> None:
        self._set_view(learn(self.view, event, now, secrets.token_hex(4)))

    def _set_view(self, view: View) -> None:
        for line in narrate(self.view, view):
            self.log.write(line, epoch=view.seen_epoch)
        if view.seen_epoch > self.view.seen_epoch:
            self.home.remember_epoch(self.fleet, view.seen_epoch)
        self.view = view

    def _turn(self, now: Instant) -> Exit | None:
        self.executor.tick(now.mono)
        if self.coordinator_link is not None and self.coordinator_link.has_rung():
            self._learn(DoorbellRang(), now)
        for _ in range(DECISIONS_A_TURN):
            actions = decide(self.view, now, secrets.token_hex(8))
            for action in actions:
                self._set_view(begun(self.view, action, now))
                if isinstance(action, Exit):
                    return action
                self.executor.begin(action, self.view, now)
            if all(isinstance(action, SetGoal) for action in actions):
                break
        self.workload.step(now)
        self._report_if_due(now)
        return None

    def _report_if_due(self, now: Instant) -> None:
        report = self._report(now, None)
        if self.coordinator_link is not None:
            self.coordinator_link.send_state(report, self.view)
        if self.notifier is not None:
            self.notifier.send_notices(report, self.view, now)
        due = now.mono - self._reported_mono >= self.view.timing.report_s
        if (due or is_news(self._last_report, report)) and self.executor.send_report(
            report, self._logs, now.mono
        ):
            self._last_report = report
            self._beat += 1
            self._reported_mono = now.mono

    def _log_warnings(self) -> str | None:
        """Log once what in the store isn't genuine; returns the first of it, for the report."""
        warnings = self.executor.provisioner.warnings
        for text in warnings:
            if text not in self._warned:
                self.log.write(LogLine("warning", "not_genuine", text))
        self._warned = warnings
        return next(iter(warnings), None)

    def _report(self, now: Instant, ended: str | None) -> Report:
        progress, tasks, url = self.workload.status()
        around = ReportExtras(
            version=__version__,
            progress=progress,
            tasks=tasks,
            url=url,
            ended=ended,
            resources=self.meter.read(),
            config=self.executor.provisioner.config_words,
            preparing=self.executor.preparing,
            warning=self._log_warnings(),
        )
        return report_of(self.view, now, self._beat, around)

    def _logs(self) -> dict[str, bytes]:
        names = (self.log.path, Path(self.workload.log_path))
        return {path.name: tail(path, LOG_TAIL_BYTES) for path in names}

    def _send_last_report(self, why: str) -> None:
        """The last report says that this session has ended, so that nobody waits for it."""
        began = self.clock.now()
        waited_s = 0.0
        sent = False
        while waited_s < LAST_WORD_S and not (sent and self.executor.is_report_sent()):
            now = self.clock.now()
            self.executor.tick(now.mono)
            sent = sent or self.executor.send_report(self._report(now, why), self._logs, now.mono)
            self._next_event(0.02)
            waited_s = now.since(began)
