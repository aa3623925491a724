"""One account of a simulated fleet: its machine, and the agent on it.

Method: the agent is the product's own in all but its threads: `decide`, `add` and
`begun` in the order of `agent.loop`, the workload's side of `agent.workload` and
`agent.guard_supervisor`, and guards that go by `guard.policy`. Between any two of its steps it
may be killed or frozen; what it had decided on is done when it thaws, with the time as
it was. Machine, clocks and data outlive an agent, and not a session.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlib.agent.workfiles import WorkFiles, WorkloadContext
from sessionlib.agent.workload import Workload
from sessionlib.core.actions import Action, Exit, SetGoal
from sessionlib.core.decide import decide
from sessionlib.core.events import Event, Late, WorkChanged
from sessionlib.core.learn import begun, learn
from sessionlib.core.report import ReportExtras, report_of
from sessionlib.core.timing import DRIFT
from sessionlib.core.values import Identity, Instant, Lease
from sessionlib.core.view import Member, Peer, View, member_of
from sessionlib.core.work import WorkloadFacts, WorkloadSpec
from sessionlib.guard.policy import Limits
from tests.simulation.clocks import Clocks
from tests.simulation.doing import do
from tests.simulation.faults import Kind
from tests.simulation.guards import Process, SimulatedGuard, guards_of

if TYPE_CHECKING:
    from tests.simulation.world import Fleet, Profile

TICK_S = 0.4
IDLE_TICK_S = 2.0
"""The product's loop comes round every 0.2 s; where nothing is under way this is left out."""
REPORT_S = 5.0
COMES_BACK_S = (0.5, 120.0)
DECISIONS_A_TURN = 4


class _Files(WorkFiles):
    """No files: what a workload says of itself is nothing here."""

    class _Log:
        def close(self) -> None:
            pass

    def prepare(self, spec: WorkloadSpec) -> None:
        pass

    def environment(self, *_: object) -> dict[str, str]:
        return {}

    def start_log_rotation(self) -> _Log:  # type: ignore[override]  # no thread that caps a log
        return self._Log()


class Node:
    """Everything of one account but the store."""

    def __init__(self, fleet: Fleet, name: str, profile: Profile) -> None:
        self.fleet = fleet
        self.name = name
        self.profile = profile
        self.chance = random.Random(f"{fleet.seed}/node/{name}")
        self.disk = fleet.new_disk(name)
        self.clocks = Clocks(self.chance, fleet.t)
        self.life = 0
        self.partitioned_until = self.deaf_until = 0.0
        self.frozen_until = self.asleep_until = 0.0
        self.fails_until = 0.0
        self.asleep_since: float | None = None
        self.alive = False
        self.process: Process | None = None
        self.guard: SimulatedGuard | None = None
        self._said_at = 0.0
        self.session = 0
        self.is_gone = True
        self.begin_session()

    # Lives

    def begin_session(self) -> None:
        """A machine of its own, with nothing on it."""
        if not self.is_gone:
            return
        self.is_gone = False
        self.session += 1
        self.clocks = Clocks(self.chance, self.fleet.t)
        self.disk.wipe()
        self.session_began = self.now()
        session, lifetime_s = self.session, self.fleet.lifetime_s
        if lifetime_s is not None:
            # The platform takes the machine away, whatever runs on it.
            self.fleet.after(self.clocks.lasts(lifetime_s), lambda: self._taken_away(session))
        self.start()

    def begin_session_anew(self) -> None:
        """Leave this machine, and begin on another."""
        self.die("leaves its machine")
        if self.guard is not None:
            self.guard.close()
        self.is_gone = True
        self.begin_session()

    def start(self) -> None:
        """A new incarnation on the same machine."""
        if self.alive:
            return
        fleet = self.fleet
        self.life += 1
        self.alive = True
        self.unfinished: Generator[None, None, None] | None = None
        self.waiting: list[Event] = []
        now = self.now()
        profile = self.profile
        me = Identity(self.name, f"s{self.session}", fleet.nonce(), profile.role, profile.priority)
        self.view = View(
            me=me,
            settings=fleet.settings(self.name),
            started=self.session_began,
            lifetime_s=fleet.lifetime_s or 1e9,
            peers={
                name: Peer(name, other.priority, other.role)
                for name, other in fleet.profiles.items()
                if name != self.name
            },
        )
        self._data_busy_until = 0.0
        self.beat = 0
        self.gist: object = None
        self.told_at = float("-inf")
        self.granted: object = None
        self.woke, self.tick_s = now, TICK_S
        self._tick_due = 0.0
        life = self.life
        self.workload = Workload(
            spec=WorkloadSpec(("work",), fleet.standby, grace_s=5.0),
            files=_Files(WorkloadContext(Path("/nowhere"), self.name, me.session, 0.0)),
            limits=Limits.for_margin(fleet.timing_of(self.name).margin_s, 600.0),
            on_change=lambda facts: self._changed(life, facts),
            notify=lambda: self._soon(life),
            clock=self,
            new_guard=guards_of(self),
        )
        self.workload.start()
        self._tick()
        fleet.tell(self.name, lambda: f"starts, incarnation {me.incarnation[:4]}")

    def die(self, why: str) -> None:
        """The agent is gone. The guard learns of it at once and kills the workload."""
        if not self.alive:
            return
        self.alive = False
        self.fleet.tell(self.name, lambda: why)
        guard = self.guard
        if guard is not None:
            wait_s = self.chance.uniform(0, 0.1)
            self.fleet.after(wait_s, guard.close)

    def come_back(self) -> None:
        """Somebody starts this account's agent again before long."""
        session = self.session
        wait_s = self.chance.uniform(*COMES_BACK_S)
        self.fleet.after(wait_s, lambda: self._back(session))

    def _back(self, session: int) -> None:
        if session != self.session or self.is_gone:
            return
        if self.guard is not None or self.sleeps:
            self.fleet.after(1.0, lambda: self._back(session))
        else:
            self.start()

    def _taken_away(self, session: int) -> None:
        if session != self.session or self.is_gone or self.fleet.lifetime_s is None:
            return
        self.fleet.count(Kind.SESSION_ENDS)
        self.die("its session is over, and its machine is gone")
        if self.guard is not None:
            self.guard.close()
        self.asleep_since = None
        self.asleep_until = self.frozen_until = 0.0
        self.is_gone = True
        self.fleet.after(self.chance.uniform(*COMES_BACK_S), self.begin_session)

    # What the fleet and its operators see of it

    def now(self) -> Instant:
        return self.clocks.now(self.fleet.t)

    @property
    def sleeps(self) -> bool:
        return self.asleep_since is not None

    @property
    def incarnation(self) -> str:
        return self.view.me.incarnation

    def has_ended(self, incarnation: str | None) -> bool:
        """Whether nothing of that incarnation runs any more, and never will."""
        lives = self.alive and self.incarnation == incarnation
        return not lives and self.process is None and self.guard is None

    def may_work_for_s(self, lease: Lease) -> float:
        """How long by true time this holder of `lease` might work on, by what it knows."""
        view = self.view
        if not self.alive or view.tenure is None or view.spent or view.suspect:
            return 0.0
        if (view.tenure.epoch, view.me.incarnation) != (lease.epoch, lease.incarnation):
            return 0.0
        return view.tenure.left_s(self.now()) / (1 + DRIFT)

    # What befalls it: see `mishaps` too

    def freeze(self, for_s: float) -> None:
        """The agent doesn't run; guard and workload do."""
        self.frozen_until = max(self.frozen_until, self.fleet.t + for_s)
        self.fleet.after(for_s, lambda: self.deliver(None))

    def wake(self, session: int) -> None:
        """The machine runs again."""
        if self.asleep_since is None or session != self.session:
            return
        self.clocks.slept(self.fleet.t, self.fleet.t - self.asleep_since)
        self.asleep_since = None
        # Who runs first when a machine thaws can't be chosen. What a workload does before its
        # guard has looked is what the design doesn't promise, and is measured elsewhere.
        if self.guard is not None:
            self.guard.wake()
        if self.process is not None:
            self.process.update()
        self.deliver(None)

    # The agent's loop

    def _tick(self) -> None:
        life = self.life
        self._tick_due = self.fleet.t + self.clocks.lasts(self.tick_s)
        self.fleet.after(self._tick_due - self.fleet.t, lambda: self._on_tick(life))

    def _on_tick(self, life: int) -> None:
        if life != self.life or not self.alive:
            return
        ahead_s = self._tick_due - self.fleet.t
        if ahead_s > 1e-9:
            # Something else has made it come round meanwhile.
            self.fleet.after(ahead_s, lambda: self._on_tick(life))
            return
        self.deliver(None)
        if self.alive:
            self._tick()

    def deliver(self, event: Event | None) -> None:
        """Hand an event to the agent, or keep it until the agent is let run."""
        if not self.alive:
            return
        if self.fleet.t < self.frozen_until or self.sleeps:
            if event is not None:
                self.waiting.append(event)
            return
        if self.unfinished is not None and not self._go_on(self.unfinished):
            if event is not None:
                self.waiting.append(event)
            return
        now = self.now()
        late_s = now.since(self.woke) - self.tick_s
        self.woke = now
        events = [Late(late_s)] if late_s > self.view.timing.margin_s else []
        for each in (*events, *self.waiting, *([event] if event else [])):
            self.become(learn(self.view, each, now, self.fleet.nonce()))
        self.waiting = []
        self._go_on(self._turn(now))

    def _go_on(self, turn: Generator[None, None, None]) -> bool:
        """Step on; True once the turn is over. Between two steps anything may happen."""
        self.unfinished = turn
        odds = self.fleet.odds.midway
        for _ in turn:
            if odds and self.chance.random() < odds:
                if self.chance.random() < 0.5:
                    self.fleet.count(Kind.KILL_MIDWAY)
                    self.die("is killed between two steps")
                    self.come_back()
                else:
                    self.fleet.count(Kind.FREEZE_MIDWAY)
                    self.fleet.tell(self.name, lambda: "is frozen between two steps")
                    self.freeze(self.chance.uniform(1, 150))
                return False
            if not self.alive:
                return False
        self.unfinished = None
        return True

    def _turn(self, now: Instant) -> Generator[None, None, None]:
        for _ in range(DECISIONS_A_TURN):
            actions = decide(self.view, now, self.fleet.nonce())
            for action in actions:
                self.become(begun(self.view, action, now))
                yield
                self._do(action, now)
                if not self.alive:
                    return
            if all(type(action) is SetGoal for action in actions):
                break
        self.workload.step(now)
        self._report(now)
        self.tick_s = IDLE_TICK_S if self._idles() else TICK_S

    def _idles(self) -> bool:
        view = self.view
        member = member_of(view)
        steady = member is Member.STANDBY or (member is Member.PRIMARY and not view.suspect)
        return steady and (view.lease is None or view.lease.plan is None)

    def become(self, view: View) -> None:
        if view is self.view:
            return
        before, after = member_of(self.view), member_of(view)
        if before is not after:
            self.fleet.transitions.add((before, after))
            self.fleet.tell(self.name, lambda: f"{before.value} becomes {after.value}")
            if after is Member.FENCED:
                self.fleet.truth.fenced(self)
        self.view = view

    def _do(self, action: Action, now: Instant) -> None:
        match action:
            case SetGoal(goal):
                tenure = self.view.tenure
                if tenure is not None and tenure != self.granted and self.view.spent is None:
                    self.granted = tenure
                    self.workload.grant(tenure.epoch, tenure.sent, tenure.valid_s)
                self.workload.set_goal(goal, now)
            case Exit(_, reason):
                assert self.process is None, "exited with the workload running"
                self.die(f"exits: {reason}")
                self.come_back()
            case _:
                do(self, action)

    def _changed(self, life: int, facts: WorkloadFacts) -> None:
        """It lies in the agent's inbox, and is learned before anything is decided again."""
        if life == self.life:
            self.waiting.append(WorkChanged(facts))
            self.fleet.after(0.001, lambda: self._soon(life))

    def _soon(self, life: int) -> None:
        if life == self.life:
            self.deliver(None)

    def _report(self, now: Instant) -> None:
        """At times, and at once for what a move waits on."""
        view = self.view
        plan = view.lease.plan if view.lease else None
        gist = (
            view.me,
            plan,
            view.receipts,
            view.fetch.have,
            view.program.ready,
            view.work.state,
            view.leaving,
        )
        if gist == self.gist and self.fleet.t - self.told_at < REPORT_S:
            return
        self.gist, self.told_at = gist, self.fleet.t
        self.beat += 1
        self.fleet.notes.write_report(self, report_of(view, now, self.beat, ReportExtras()))

    # Things that take their time

    def later(self, event: Event, within_s: float) -> None:
        """An answer that comes after a while, to this incarnation only."""
        life = self.life
        self.fleet.after(
            self.chance.uniform(0.005, within_s),
            lambda: self.deliver(event) if self.life == life else None,
        )

    def on_data(self, result: Callable[[], Event | None], within_s: float) -> None:
        """Have `result` happen to the data directory after a while, one job after the other,
        and its answer delivered."""
        life = self.life
        wait_s = max(0.0, self._data_busy_until - self.fleet.t)
        self._data_busy_until = self.fleet.t + wait_s + self.chance.uniform(0.005, within_s)

        def end() -> None:
            # One that slept meanwhile goes on where it was, in its turn.
            if self.life == life and self.alive:
                if self.sleeps:
                    self.fleet.after(self.asleep_until - self.fleet.t + 0.001, end)
                    return
                event = result()
                if event is not None:
                    self.deliver(event)

        self.fleet.after(self._data_busy_until - self.fleet.t, end)

    def in_order(self, within_s: float) -> float:
        """How long from now a word arrives that mustn't overtake the one before."""
        at = max(self._said_at, self.fleet.t + self.chance.uniform(0.001, within_s)) + 1e-6
        self._said_at = at
        return at - self.fleet.t

    def calm_down(self) -> None:
        """Nothing strikes any more."""
        self.frozen_until = self.partitioned_until = self.deaf_until = self.fails_until = 0.0
        if self.sleeps:
            self.wake(self.session)
        if self.alive:
            self.view = replace(
                self.view,
                lifetime_s=1e9,
                settings=self.fleet.settings(self.name),
                started=self.now(),
            )
            self.fleet.after(0.0, lambda: self.deliver(None))
        elif self.is_gone:
            self.begin_session()
        else:
            self._back(self.session)
