"""Agents at rest in a time that a test moves: the rules, notes, copies and reports of real ones,
one after the other in one thread. What is left out: lanes, the guard, and a workload."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sessionlib.agent.checkpoint_jobs import CheckpointJobs
from sessionlib.agent.lease_io import read_lease, write_lease
from sessionlib.agent.mailbox_io import Mailbox
from sessionlib.agent.provisioning import Provisioner
from sessionlib.checkpoints import Checkpoints
from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.core.actions import (
    Action,
    CollectGarbage,
    Copy,
    FetchAhead,
    ReadLease,
    ReadMailbox,
    RecordHistory,
    Restore,
    SetGoal,
    WriteLease,
)
from sessionlib.core.decide import decide
from sessionlib.core.events import Event, WorkChanged
from sessionlib.core.learn import begun, learn
from sessionlib.core.messages import Report, WorkState
from sessionlib.core.report import ReportExtras, is_news, report_of
from sessionlib.core.values import Identity
from sessionlib.core.view import AgentSettings, Peer, View
from sessionlib.core.work import Aim, WorkloadFacts
from sessionlib.ports import Store
from sessionlib.stores import timing_of
from tests.drive.fake_drive import Stopwatch

TURNS = 6
STANDBY_UNITS = 10_000
PRIMARY_UNITS = 25_000
TALKING_UNITS = 3_000
"""What it costs besides that a program prints something every minute."""


@dataclass
class Resting:
    """One account's agent over `store`."""

    config: Config
    account: str
    store: Store
    clock: Clock
    home: Path
    public_key: str
    view: View = field(init=False)
    log: bytes = b""
    _beat: int = 0
    _last: Report | None = None
    _told_mono: float = float("-inf")
    _nonces: int = 0

    def __post_init__(self) -> None:
        own = self.config.account(self.account)
        me = Identity(self.account, "s", f"inc-{self.account}", own.role, own.priority)
        peers = {
            name: Peer(name, other.priority, other.role)
            for name, other in self.config.accounts.items()
            if name != self.account
        }
        settings = AgentSettings(timing_of(self.config))
        lifetime_s = self.config.lifetime_s(self.account)
        self.view = View(me, settings, self.clock.now(), lifetime_s, peers)
        self.data = self.home / "data"
        self.data.mkdir(parents=True)
        checkpoints = Checkpoints(
            self.store,
            self.data,
            self.home / "checkpoints",
            self.clock,
            self.config.checkpoint.keep,
        )
        self._checkpoint_jobs = CheckpointJobs(checkpoints, self.store, None)
        provisioner = Provisioner(
            store=self.store,
            config=self.config,
            home=self.home,
            public_key=self.public_key,
            secrets={},
            clock=self.clock,
        )
        names = tuple(self.config.accounts)
        self._notes = Mailbox(
            self.store,
            fleet=self.config.fleet,
            public_key=self.public_key,
            accounts=names,
            account=self.account,
            read_published=provisioner.read_published,
        )

    def turn(self) -> None:
        """One turn of the loop, at the clock's present."""
        for _ in range(TURNS):
            actions = decide(self.view, self.clock.now(), self._nonce())
            for action in actions:
                self.view = begun(self.view, action, self.clock.now())
                event = self._done(action)
                if event is not None:
                    self.view = learn(self.view, event, self.clock.now(), self._nonce())
            if all(isinstance(action, SetGoal) for action in actions):
                break
        self._report()

    def _nonce(self) -> str:
        self._nonces += 1
        return f"{self.account}-{self._nonces:08}"

    def _done(self, action: Action) -> Event | None:
        match action:
            case ReadLease():
                return read_lease(self.store)
            case WriteLease(write):
                return write_lease(self.store, write)
            case ReadMailbox():
                return self._notes.read()
            case RecordHistory(history):
                return self._notes.write_history(history)
            case SetGoal(goal):
                state = WorkState.SERVING if goal.aim is Aim.SERVE else WorkState.NONE
                facts = WorkloadFacts(state, goal.epoch, empty=state is WorkState.NONE, goal=goal)
                return None if facts == self.view.work else WorkChanged(facts)
            case _:
                return self._copied(action)

    def _copied(self, action: Action) -> Event | None:
        match action:
            case Copy():
                return self._checkpoint_jobs.copy(action)
            case Restore(epoch, pointer):
                return self._checkpoint_jobs.restore(epoch, pointer)
            case FetchAhead():
                return self._checkpoint_jobs.fetch(action)
            case CollectGarbage():
                self._checkpoint_jobs.collect(action)
        return None

    def _report(self) -> None:
        now = self.clock.now()
        report = report_of(self.view, now, self._beat, ReportExtras())
        due = now.mono - self._told_mono >= self.view.timing.report_s
        if due or is_news(self._last, report):
            self._last, self._told_mono = report, now.mono
            self._beat += 1
            self._notes.write_report(report)
            self._notes.write_logs({"agent.jsonl": b"started\n", "workload.log": self.log})


def pass_time(watch: Stopwatch, agents: list[Resting], seconds: int, *, busy: bool = False) -> None:
    for second in range(seconds):
        watch.at_s += 1
        if busy and second % 60 == 0:
            agents[0].log += b"a line\n"
        for agent in agents:
            agent.turn()
