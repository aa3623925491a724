"""The agent's loop, the only endless one: wait, learn, decide, do.

Decided here: the order of a turn, and how often one happens at the least. What
to do is the core's decision; how, is `hands`'. The loop itself never blocks on
anything but its inbox, and notices when it was not let run.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING

from sessionlib import __version__, crash_text
from sessionlib.agent.executor import Hands, Inbox
from sessionlib.agent.home import Home
from sessionlib.agent.logs import AgentLog, tail
from sessionlib.agent.mailbox import LOG_TAIL_BYTES
from sessionlib.agent.resources import ResourceMeter
from sessionlib.agent.workload import Workload
from sessionlib.clock import Clock
from sessionlib.core.actions import (
    Action,
    Collect,
    Copy,
    Depart,
    Exit,
    FetchAhead,
    Look,
    Peek,
    Prepare,
    Record,
    Restore,
    Seal,
    Send,
    StopCopying,
    Work,
)
from sessionlib.core.decide import decide
from sessionlib.core.events import Event, Late, Leave, Rung
from sessionlib.core.learn import begun, learn
from sessionlib.core.lease import Tenure
from sessionlib.core.messages import Report
from sessionlib.core.narrate import Line, narrate
from sessionlib.core.report import Surroundings, is_news, report_of
from sessionlib.core.values import Instant
from sessionlib.core.view import View

if TYPE_CHECKING:
    from sessionlib.agent.coordinator_link import Voice
    from sessionlib.agent.notifier import Speaker

DECISIONS_A_TURN = 4
"""A decision may change what the next one is; it never takes more than a few to come to rest."""

LAST_WORD_S = 2.0
"""How long a departing agent waits for its last report to be written."""


@dataclass(slots=True)
class Agent:
    """One incarnation of an account's agent. `run` returns its exit code."""

    view: View
    fleet: str
    clock: Clock
    inbox: Inbox
    hands: Hands
    workload: Workload
    home: Home
    log: AgentLog
    meter: ResourceMeter
    voice: Voice | None = None
    speaker: Speaker | None = None

    _tenure: Tenure | None = None
    _beat: int = 0
    _last: Report | None = None
    _told_mono: float = float("-inf")
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
            self.log.say(Line("info", "exit", f"ending: {why}"), code=code)
            self._say_goodbye(why)
            if self.voice is not None:
                self.voice.tell(self._report(self.clock.now(), why), self.view)
                self.voice.close()
            if self.speaker is not None:
                self.speaker.close()
            self.log.close()
        return code

    def _crashed(self, error: Exception) -> str:
        path = self.home.logs / "crash.txt"
        with suppress(OSError):
            path.unlink(missing_ok=True)
            crash_text.keep(path, crash_text.report(error, "agent"))
        why = f"a fault in this program ({type(error).__name__}); {path} says where"
        self.log.say(Line("error", "crash", why))
        return why

    def _close_workload(self) -> None:
        self.hands.close()
        self.workload.close()
        if not self.workload.facts.empty:
            why = self.workload.facts.error or "processes of it don't end"
            self.log.say(Line("error", "workload_left", f"the workload is still there: {why}"))

    def _turns(self) -> Exit:
        tick_s = self.view.timing.poll_final_s
        now = self.clock.now()
        self.log.say(Line("info", "start", f"agent {self.view.me.incarnation} starts"))
        self.workload.start()
        if self.voice is not None:
            self.voice.start()
        if self.speaker is not None:
            self.speaker.start()
        while True:
            meant = now
            event = self._next_event(tick_s)
            now = self.clock.now()
            late_s = now.since(meant) - tick_s
            if late_s > self.view.timing.margin_s:
                self._learn(Late(late_s), now)
            while event is not None:
                # Each at its own moment, never before it arrived: a watch begins with it.
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
        self._become(learn(self.view, event, now, secrets.token_hex(4)))

    def _become(self, view: View) -> None:
        for line in narrate(self.view, view):
            self.log.say(line, epoch=view.seen_epoch)
        if view.seen_epoch > self.view.seen_epoch:
            self.home.remember_epoch(self.fleet, view.seen_epoch)
        self.view = view

    def _turn(self, now: Instant) -> Exit | None:
        self.hands.tick(now.mono)
        if self.voice is not None and self.voice.rang():
            self._learn(Rung(), now)
        for _ in range(DECISIONS_A_TURN):
            actions = decide(self.view, now, secrets.token_hex(8))
            for action in actions:
                self._become(begun(self.view, action, now))
                if isinstance(action, Exit):
                    return action
                self._do(action, now)
            if all(isinstance(action, Work) for action in actions):
                break
        self.workload.step(now)
        self._report_if_due(now)
        return None

    def _do(self, action: Action, now: Instant) -> None:
        match action:
            case Work(goal):
                self._grant()
                # Held since it woke late: what this very turn sends is later than that, and
                # counts; were it not to, the work would stand still until the next renewal.
                self.workload.set_goal(goal, self.view.suspect or now)
            case Look():
                self.hands.look(action, now.mono)
            case Peek():
                self.hands.peek(action, now.mono)
            case Send():
                self.hands.send(action, now.mono)
            case Record():
                self.hands.record(action, now.mono)
            case Depart():
                # By its time or by order; a signal may only mean that the agent restarts.
                self.home.end_session()
            case _:
                self._carry(action, now)

    def _carry(self, action: Action, now: Instant) -> None:
        """What concerns data and program."""
        match action:
            case Restore():
                self.hands.restore(action, now.mono)
            case Seal():
                self.hands.seal(action, now.mono)
            case Copy():
                self.hands.copy(action, now.mono)
            case StopCopying():
                self.hands.stop_copying()
            case FetchAhead():
                self.hands.fetch(action, now.mono)
            case Collect():
                self.hands.collect(action, now.mono)
            case Prepare():
                self.hands.prepare(now.mono)
            case _:
                # Answer, HoldOff and Fence change the view, which `begun` has done.
                pass

    def _grant(self) -> None:
        """Pass a renewal on to the guard: the deadline is kept there, whatever becomes of us."""
        tenure = self.view.tenure
        if tenure is None or tenure == self._tenure or self.view.spent is not None:
            return
        self._tenure = tenure
        self.workload.grant(tenure.epoch, tenure.sent, tenure.valid_s)

    def _report_if_due(self, now: Instant) -> None:
        report = self._report(now, None)
        if self.voice is not None:
            self.voice.tell(report, self.view)
        if self.speaker is not None:
            self.speaker.tell(report, self.view, now)
        due = now.mono - self._told_mono >= self.view.timing.report_s
        if (due or is_news(self._last, report)) and self.hands.tell(report, self._logs, now.mono):
            self._last = report
            self._beat += 1
            self._told_mono = now.mono

    def _warn(self) -> str | None:
        """Tell, once, of what in the store isn't genuine; the first of it goes into the report."""
        warnings = self.hands.outfit.warnings
        for text in warnings:
            if text not in self._warned:
                self.log.say(Line("warning", "not_genuine", text))
        self._warned = warnings
        return next(iter(warnings), None)

    def _report(self, now: Instant, ended: str | None) -> Report:
        progress, tasks, url = self.workload.status()
        around = Surroundings(
            version=__version__,
            progress=progress,
            tasks=tasks,
            url=url,
            ended=ended,
            resources=self.meter.read(),
            config=self.hands.outfit.config_words,
            preparing=self.hands.preparing,
            warning=self._warn(),
        )
        return report_of(self.view, now, self._beat, around)

    def _logs(self) -> dict[str, bytes]:
        names = (self.log.path, Path(self.workload.log_path))
        return {path.name: tail(path, LOG_TAIL_BYTES) for path in names}

    def _say_goodbye(self, why: str) -> None:
        """The last report says that this session has ended, so that nobody waits for it."""
        began = self.clock.now()
        waited_s = 0.0
        told = False
        while waited_s < LAST_WORD_S and not (told and self.hands.told()):
            now = self.clock.now()
            self.hands.tick(now.mono)
            told = told or self.hands.tell(self._report(now, why), self._logs, now.mono)
            self._next_event(0.02)
            waited_s = now.since(began)
