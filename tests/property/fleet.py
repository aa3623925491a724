"""A fleet of agents on the product's own core, in simulated time.

Method: a heap of events, one register as the store, and for each node its own
clocks (offset, and a rate within half the drift assumed), a guard that goes by
the grants it was given, and a workload that takes a moment to start and stop.
Requests are delayed, lost before or after taking effect, or arrive late; nodes
are partitioned, frozen, killed and started again. Everything follows from the
seed. S1 and S2 are checked at every event.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sessionlib.core.actions import (
    Action,
    Copy,
    Exit,
    FetchAhead,
    Look,
    Peek,
    Prepare,
    Record,
    Restore,
    Seal,
    Send,
    Work,
)
from sessionlib.core.copies import Made
from sessionlib.core.decide import decide
from sessionlib.core.events import (
    CopyEnded,
    Event,
    Fetched,
    Late,
    LeaseRead,
    Leave,
    Peeked,
    Prepared,
    Recorded,
    Restored,
    Sealed,
    Verdict,
    WorkChanged,
    WriteAnswered,
)
from sessionlib.core.learn import begun, learn
from sessionlib.core.lease import first_record
from sessionlib.core.notes import History, Order, OrderAction, Report, WorkState
from sessionlib.core.report import Surroundings, report_of
from sessionlib.core.timing import DRIFT, Timing
from sessionlib.core.values import Identity, Instant, Lease, Pointer, Role
from sessionlib.core.view import Member, Peer, Settings, Sight, View, Write, member_of
from sessionlib.core.work import Aim, Facts, Goal

TICK_S = 0.5


@dataclass(frozen=True)
class Odds:
    """How often each fault strikes, per request or per simulated hour and node."""

    lost: float = 0.05
    """A request that never arrives, or whose answer doesn't: half of each."""
    late: float = 0.02
    """A request that takes effect after its sender has given it up."""
    kills: float = 2.0
    freezes: float = 2.0
    partitions: float = 2.0
    orders: float = 4.0
    departs: float = 1.0
    seal_fails: float = 0.05
    copy_fails: float = 0.1
    delay_s: float = 0.3
    """How long a request, and its answer, takes at the most."""


CALM = Odds(0, 0, 0, 0, 0, 0, 0, 0, 0)


class Node:
    """One account: its clocks, its agent's view, its guard and its workload."""

    def __init__(self, fleet: Fleet, name: str, priority: int) -> None:
        self.fleet = fleet
        self.name = name
        self.priority = priority
        chance = fleet.chance
        self.offset = (chance.uniform(0, 1e5), chance.uniform(0, 1e5), chance.uniform(-1e5, 1e5))
        self.rate = 1 + chance.uniform(-DRIFT / 2, DRIFT / 2)
        self.life = 0
        self.partitioned_until = 0.0
        self.frozen_until = 0.0
        self.alive = False
        self.waiting: list[Event] = []
        self.start()

    def start(self) -> None:
        """A new incarnation. Nothing of the last one is left but the clocks."""
        self.life += 1
        self.alive = True
        self.waiting = []
        now = self.now()
        me = Identity(self.name, "s", self.fleet.nonce(), Role.HOT_STANDBY, self.priority)
        others = {
            name: Peer(name, rank, Role.HOT_STANDBY)
            for rank, name in enumerate(self.fleet.names, 1)
            if name != self.name
        }
        self.view = View(
            me=me,
            settings=self.fleet.settings(),
            started=now,
            lifetime_s=self.fleet.lifetime_s,
            peers=others,
        )
        self.goal = Goal(Aim.REST)
        self.beat = 0
        self.gist: object = None
        self.told_at = 0.0
        self.grant: tuple[int, Instant, float] | None = None
        self.run_epoch: int | None = None
        self.dying = False
        self.thaw_after: Instant | None = None
        self.woke = now
        self.fleet.after(TICK_S, self._ticker(self.life))

    def now(self) -> Instant:
        t = self.fleet.t * self.rate
        return Instant(*(t + offset for offset in self.offset))

    def _ticker(self, life: int) -> Callable[[], None]:
        def tick() -> None:
            if self.life == life and self.alive:
                self.fleet.after(TICK_S, tick)
                self.deliver(None)

        return tick

    def deliver(self, event: Event | None) -> None:
        """Hand an event to the agent, or keep it until the agent is let run."""
        if not self.alive:
            return
        if self.fleet.t < self.frozen_until:
            if event is not None:
                self.waiting.append(event)
            return
        now = self.now()
        late_s = now.since(self.woke) - TICK_S
        self.woke = now
        events = [Late(late_s)] if late_s > self.view.timing.margin_s else []
        for each in (*events, *self.waiting, *([event] if event else [])):
            self.become(learn(self.view, each, now, self.fleet.nonce()))
        self.waiting = []
        self.turn(now)

    def turn(self, now: Instant) -> None:
        for _ in range(4):
            actions = decide(self.view, now, self.fleet.nonce())
            for action in actions:
                self.become(begun(self.view, action, now))
                self.do(action, now)
            if all(isinstance(action, Work) for action in actions):
                break
        self.report(now)

    def report(self, now: Instant) -> None:
        """Once a second, and at once for what a move waits on."""
        gist = (self.view.me, self.view.lease and self.view.lease.plan, self.view.receipts)
        if gist == self.gist and self.fleet.t - self.told_at < 1:
            return
        self.gist, self.told_at = gist, self.fleet.t
        self.beat += 1
        report = report_of(self.view, now, self.beat, Surroundings())
        self.fleet.reports[self.name] = (report, self.fleet.t)

    def become(self, view: View) -> None:
        before, after = member_of(self.view), member_of(view)
        if before is not after:
            self.fleet.transitions.add((before, after))
        self.view = view

    def do(self, action: Action, now: Instant) -> None:
        match action:
            case Work(goal):
                self.pass_grant()
                self.set_goal(goal, now)
            case Look():
                self.fleet.request(self, None)
            case Send(write):
                self.fleet.request(self, write)
            case Peek():
                orders = tuple(self.fleet.orders)
                self.later(Peeked(self.fleet.fresh_reports(self), orders), 0.2)
            case Record(history):
                self.fleet.history.append(history)
                self.later(Recorded(history.epoch), 0.2)
            case Exit():
                assert self.run_epoch is None, "exited with the workload running"
                self.die()
            case _:
                self.carry(action)

    def carry(self, action: Action) -> None:
        """What concerns data and program."""
        match action:
            case Restore(epoch, _):
                self.later(Restored(epoch), 0.5)
            case Copy(epoch, _, token):
                self.later(self.copied(epoch, token), 1.0)
            case FetchAhead(pointer):
                lost = self.fleet.chance.random() < self.fleet.odds.copy_fails
                self.later(Fetched(pointer.name, "gone" if lost else None), 0.5)
            case Prepare():
                self.later(Prepared("v1"), 5.0)
            case Seal(epoch, token):
                assert self.run_epoch is None, "sealed while the workload was at work"
                fails = self.fleet.chance.random() < self.fleet.odds.seal_fails
                done = (
                    Sealed(token, None, "full")
                    if fails
                    else Sealed(token, Pointer(epoch, 0, "c", 1))
                )
                self.later(done, 0.5)
            case _:
                pass

    def copied(self, epoch: int, token: str) -> CopyEnded:
        """What comes of a checkpoint made while the workload runs."""
        if self.fleet.chance.random() < self.fleet.odds.copy_fails:
            return CopyEnded(token, None, "a file doesn't settle")
        moved_bytes = self.fleet.chance.choice([0, 0, 10**6, 10**8])
        pointer = Pointer(epoch, self.beat, f"{epoch}-{token}", 10**9)
        return CopyEnded(token, Made(pointer, moved_bytes, moved_bytes / 1e8, "all of it"))

    def later(self, event: Event, within_s: float) -> None:
        life = self.life
        wait_s = self.fleet.chance.uniform(0.01, within_s)
        self.fleet.after(wait_s, lambda: self.deliver(event) if self.life == life else None)

    def pass_grant(self) -> None:
        tenure = self.view.tenure
        if tenure is not None and self.view.spent is None:
            self.grant = (tenure.epoch, tenure.sent, tenure.valid_s)
            if self.thaw_after is not None and tenure.sent.mono > self.thaw_after.mono:
                self.thaw_after = None

    def set_goal(self, goal: Goal, now: Instant) -> None:
        """The guard and the workload, as far as safety depends on them."""
        if goal != self.goal:
            self.goal = goal
            self.tell_facts()
        match goal.aim:
            case Aim.SERVE if self.run_epoch is None and not self.dying and self.granted(goal):
                self.run_epoch = goal.epoch
                self.fleet.started(self)
                self.tell_facts()
            case Aim.HOLD if self.thaw_after is None:
                self.thaw_after = now
            case Aim.REST | Aim.WARM if self.run_epoch is not None and not self.dying:
                self.dying = True
                life = self.life
                self.fleet.after(0.3, lambda: self.stopped() if self.life == life else None)
            case Aim.DEAD if self.run_epoch is not None:
                self.stopped()
            case _:
                pass

    def stopped(self) -> None:
        self.run_epoch = None
        self.dying = False
        self.tell_facts()

    def tell_facts(self) -> None:
        """The agent hears a moment later how things are by then."""
        life = self.life
        wait_s = self.fleet.chance.uniform(0.01, 0.3)

        def tell() -> None:
            if self.life == life:
                runs = self.run_epoch is not None
                state = WorkState.SERVING if runs else WorkState.NONE
                facts = Facts(state, self.run_epoch, empty=not runs, goal=self.goal)
                self.deliver(WorkChanged(facts))

        self.fleet.after(wait_s, tell)

    def granted(self, goal: Goal) -> bool:
        if self.grant is None or self.thaw_after is not None:
            return False
        epoch, sent, valid_s = self.grant
        return epoch == goal.epoch and self.now().since(sent) < valid_s

    def works(self) -> bool:
        """Whether the workload runs for effect at this moment, by the guard's rules."""
        if self.run_epoch is None or self.grant is None or self.thaw_after is not None:
            return False
        epoch, sent, valid_s = self.grant
        return epoch == self.run_epoch and self.now().since(sent) < valid_s

    def die(self) -> None:
        """The agent is gone, and so the guard has killed the workload."""
        self.alive = False
        self.run_epoch = None
        self.dying = False


@dataclass
class Fleet:
    """The world. `run` goes on for some seconds of it."""

    seed: int
    odds: Odds = field(default_factory=Odds)
    names: tuple[str, ...] = ("a", "b", "c")
    timing: Timing = field(default_factory=Timing)
    lifetime_s: float = 1e9
    policy: Mapping[str, Any] = field(default_factory=dict)

    def settings(self) -> Settings:
        """What every node is configured with; `policy` holds what differs from that."""
        plain: dict[str, Any] = {"plan_timeout_s": 60, "copy_every_s": 120, "needs_kit": True}
        return Settings(self.timing, **{**plain, **self.policy})

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.t = 0.0
        self.turn = 0
        self.heap: list[tuple[float, int, Callable[[], None]]] = []
        self.lease: Lease = first_record(self.nonce(), self.timing.ttl_s)
        self.version = 0
        self.written_at = 0.0
        self.reports: dict[str, tuple[Report, float]] = {}
        self.orders: list[Order] = []
        self.history: list[History] = []
        self.claims: list[tuple[int, str | None]] = []
        self.transitions: set[tuple[Member, Member]] = set()
        self.ended_at = float("inf")
        self.nodes = [Node(self, name, rank) for rank, name in enumerate(self.names, 1)]
        for node in self.nodes:
            for fault, per_hour in self._faults():
                self._recur(node, fault, per_hour)

    def nonce(self) -> str:
        return f"{self.chance.getrandbits(64):016x}"

    def after(self, wait_s: float, job: Callable[[], None]) -> None:
        self.turn += 1
        heapq.heappush(self.heap, (self.t + wait_s, self.turn, job))

    def run(self, seconds: float) -> None:
        until = self.t + seconds
        while self.heap and self.heap[0][0] <= until:
            self.t, _, job = heapq.heappop(self.heap)
            job()
            self.check()
        self.t = until

    def check(self) -> None:
        """S1: at no moment do two nodes run the workload for effect."""
        at_work = [node.name for node in self.nodes if node.works()]
        assert len(at_work) <= 1, f"seed {self.seed}, t {self.t:.2f}: {at_work} at work"

    def started(self, node: Node) -> None:
        self.check()

    def primary(self) -> Node | None:
        return next((node for node in self.nodes if node.works()), None)

    # The store

    def request(self, node: Node, write: Write | None) -> None:
        """Read (None) or write the register, with whatever the odds do to it."""
        life = node.life
        timeout_s = self.timing.timeout_s
        answered = [False]

        def answer(event: Event) -> None:
            if not answered[0] and node.life == life:
                answered[0] = True
                node.deliver(event)

        self.after(timeout_s, lambda: answer(_no_answer(write)))
        fate = self.chance.random()
        if self.t < node.partitioned_until or fate < self.odds.lost / 2:
            return
        delay_s = self.chance.uniform(0.01, self.odds.delay_s)
        if fate > 1 - self.odds.late:
            delay_s = self.chance.uniform(timeout_s, 8 * timeout_s)
        loses_answer = fate < self.odds.lost

        def arrive() -> None:
            event = self.take(write)
            if not loses_answer:
                self.after(self.chance.uniform(0.01, self.odds.delay_s), lambda: answer(event))

        self.after(delay_s, arrive)

    def take(self, write: Write | None) -> Event:
        """One atomic step of the register."""
        if write is None:
            return LeaseRead(Sight.SEEN, self.lease, str(self.version), self.t - self.written_at)
        if write.expected != str(self.version):
            return WriteAnswered(write.lease.nonce, Verdict.CONFLICT)
        passes = write.lease.holder is not None and write.lease.mark[:3] != self.lease.mark[:3]
        if passes or write.lease.epoch != self.lease.epoch:
            assert write.lease.epoch == self.lease.epoch + 1, "S2: a claim without the next epoch"
            self.claims.append((write.lease.epoch, write.lease.holder))
        self.lease = write.lease
        self.version += 1
        self.written_at = self.t
        return WriteAnswered(write.lease.nonce, Verdict.DONE, str(self.version))

    def fresh_reports(self, reader: Node) -> Mapping[str, tuple[Report, float]]:
        return {
            name: (report, self.t - at)
            for name, (report, at) in self.reports.items()
            if name != reader.name
        }

    # The faults

    def _faults(self) -> list[tuple[Callable[[Node], None], float]]:
        return [
            (self._kill, self.odds.kills),
            (self._freeze, self.odds.freezes),
            (self._partition, self.odds.partitions),
            (self._order, self.odds.orders),
            (self._depart, self.odds.departs),
        ]

    def _recur(self, node: Node, fault: Callable[[Node], None], per_hour: float) -> None:
        if per_hour <= 0:
            return

        def strike() -> None:
            if self.t < self.ended_at:
                fault(node)
                self._recur(node, fault, per_hour)

        self.after(self.chance.expovariate(per_hour / 3600), strike)

    def _kill(self, node: Node) -> None:
        node.die()
        self.after(self.chance.uniform(1, 200), lambda: None if node.alive else node.start())

    def _freeze(self, node: Node) -> None:
        node.frozen_until = self.t + self.chance.uniform(1, 150)

    def _partition(self, node: Node) -> None:
        node.partitioned_until = self.t + self.chance.uniform(1, 150)

    def _depart(self, node: Node) -> None:
        if node.alive:
            node.deliver(Leave("told to"))
            self.after(self.chance.uniform(10, 200), lambda: None if node.alive else node.start())

    def _order(self, node: Node) -> None:
        """An operator who looked a moment ago asks for a move to `node`."""
        order = Order(
            id=self.nonce(),
            fleet="f",
            action=OrderAction.HANDOVER,
            account=node.name,
            epoch=self.lease.epoch,
            incarnation=self.lease.incarnation,
            renewal=self.lease.renewal,
            by="op",
        )
        self.orders = [*self.orders[-3:], order]

    def quiet(self) -> None:
        """No fault strikes from now on, and everybody is up."""
        self.ended_at = self.t
        self.odds = replace(self.odds, lost=0, late=0)
        for node in self.nodes:
            node.frozen_until = node.partitioned_until = 0
            if not node.alive:
                node.start()


def _no_answer(write: Write | None) -> Event:
    if write is None:
        return LeaseRead(Sight.UNREACHABLE, why="no answer")
    return WriteAnswered(write.lease.nonce, Verdict.UNKNOWN, why="no answer")
