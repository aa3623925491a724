"""A simulated fleet: its store, its faults, and what must hold at every moment."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sessionlib.core.events import Event, LeaseRead, Leave, Peeked, Verdict, WriteAnswered
from sessionlib.core.handover import UNASKED
from sessionlib.core.lease import first_record
from sessionlib.core.notes import History, OrderAction, Report
from sessionlib.core.timeline import Timeline
from sessionlib.core.timing import Timing
from sessionlib.core.values import Lease
from sessionlib.core.view import Member, Settings, Sight, Write
from tests.property.fleet.node import FOREVER_S, Node
from tests.property.fleet.odds import Odds
from tests.property.fleet.operators import Operators
from tests.property.fleet.truth import Truth


@dataclass
class Fleet:
    """The world. `run` goes on for some seconds of it."""

    seed: int
    odds: Odds = field(default_factory=Odds)
    names: tuple[str, ...] = ("a", "b", "c")
    timing: Timing = field(default_factory=Timing)
    lifetime_s: float = FOREVER_S
    policy: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_finite(self) -> bool:
        return self.lifetime_s < FOREVER_S

    def settings(self) -> Settings:
        """What every node is configured with; `policy` holds what differs from that."""
        plain: dict[str, Any] = {"plan_timeout_s": 60, "copy_every_s": 120, "needs_kit": True}
        if self.is_finite:
            plain["timeline"] = Timeline.for_lifetime(self.lifetime_s, 1)
            plain["lead_s"] = min(60.0, self.lifetime_s / 10)
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
        self.truth = Truth(self.seed)
        self.truth.asks_first = self.settings().takeover == "approve"
        self.operators = Operators(self)
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
        assert node.run_epoch is not None
        self.truth.starts(node.run_epoch, node.number, self.lease)

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
        writer = write.lease.holder or self.lease.holder
        number = next((node.number for node in self.nodes if node.name == writer), 0)
        self.truth.written(self.lease, write.lease, number)
        self.lease = write.lease
        self.version += 1
        self.written_at = self.t
        return WriteAnswered(write.lease.nonce, Verdict.DONE, str(self.version))

    def peeked(self, reader: Node) -> Peeked:
        """What stands in the notes for one who reads them now."""
        ages, orders, old = self.operators.standing(self.odds.missed)
        signal = self.operators.found_signal()
        return Peeked(self.fresh_reports(reader), tuple(orders), tuple(old), ages, signal)

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
            (lambda node: self.operators.act(), self.odds.words),
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
        node.come_back()

    def _freeze(self, node: Node) -> None:
        node.frozen_until = self.t + self.chance.uniform(1, 150)

    def _partition(self, node: Node) -> None:
        node.partitioned_until = self.t + self.chance.uniform(1, 150)

    def _depart(self, node: Node) -> None:
        if node.alive:
            node.deliver(Leave("told to"))

    def _order(self, node: Node) -> None:
        """An operator who looked a moment ago asks for a move to `node`."""
        self.operators.give(self.operators.on(self.lease, OrderAction.HANDOVER, account=node.name))

    def quiet(self) -> None:
        """No fault strikes from now on, everybody is up and stays, and the operators set right
        what they have done."""
        self.ended_at = self.t
        self.odds = replace(self.odds, lost=0, late=0, missed=0)
        self.lifetime_s = FOREVER_S
        self.policy = {**self.policy, "handover": "auto", "takeover": "auto"}
        self.truth.asks_first = False
        self.operators.signal = None
        for node in self.nodes:
            node.frozen_until = node.partitioned_until = 0
            if not node.alive:
                node.start()
            node.view = replace(node.view, lifetime_s=FOREVER_S, settings=self.settings())
        self._set_right()

    def _set_right(self) -> None:
        plan = self.lease.plan
        if self.lease.paused:
            self.operators.give(self.operators.on(self.lease, OrderAction.RESUME))
        if plan is not None and plan.phase in UNASKED:
            self.operators.give(self.operators.on(self.lease, OrderAction.ABORT, plan=plan.id))
        self.after(20, self._set_right)


def _no_answer(write: Write | None) -> Event:
    if write is None:
        return LeaseRead(Sight.UNREACHABLE, why="no answer")
    return WriteAnswered(write.lease.nonce, Verdict.UNKNOWN, why="no answer")
