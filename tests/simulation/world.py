"""A simulated fleet: time, its accounts, its store, and the faults that strike it."""

from __future__ import annotations

import heapq
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from sessionlib.core.handover import TENTATIVE_PHASES
from sessionlib.core.handover_schedule import Timeline
from sessionlib.core.messages import ORDER_LIFE_S, OrderAction
from sessionlib.core.timing import Timing
from sessionlib.core.values import Instant, Lease, Role
from sessionlib.core.view import AgentSettings, Member
from tests.simulation.bells import Doorbell, NoDoorbell
from tests.simulation.disks import Content, Depot, Disk, Ledger, LedgerDisk
from tests.simulation.drive import DriveRegister
from tests.simulation.faults import STORE, Fault, Kind, Odds, schedule
from tests.simulation.files import FileDepot, FileDisk
from tests.simulation.mishaps import strike
from tests.simulation.node import Node
from tests.simulation.notes import Noticeboard
from tests.simulation.operators import Operators
from tests.simulation.register import Register, said
from tests.simulation.truth import Truth, Violation, holds

FORGETS = 20
"""Of a thousand uploads so many are silently lost by a store of files."""
UNAWARE_S = 60.0
"""A session that hasn't seen the record for this long, with a store that answers, is no standby
to count on."""
TOUCHY = 20
"""So many moves of the version for nothing, each hour, are in the nature of a store."""


@dataclass(frozen=True, slots=True)
class Profile:
    """An account, as it is configured."""

    priority: int
    role: Role = Role.HOT_STANDBY


@dataclass
class Fleet:
    """The world. `run` goes on for some seconds of it; everything follows from `seed`.

    `left_out` are the numbers of faults in the schedule that don't happen.
    """

    seed: int
    odds: Odds = field(default_factory=Odds)
    names: tuple[str, ...] = ("a", "b", "c")
    hours: float = 2.4
    timing: Timing = field(default_factory=Timing)
    lifetime_s: float | None = None
    policy: Mapping[str, Any] = field(default_factory=dict)
    standby: Literal["cold", "warm"] = "cold"
    roles: Mapping[str, Role] = field(default_factory=dict)
    ttls_s: Mapping[str, float] = field(default_factory=dict)
    """Accounts whose configuration has another ttl."""
    on_files: bool = False
    over_drive: bool = False
    """The register is as the adapter for Google Drive makes it, out of several requests."""
    stays_slow: bool = False
    """Requests take as long in quiet times as before them."""
    has_doorbell: bool = False
    left_out: Collection[int] = ()
    lines: list[str] | None = None
    """The transcript, where one is wanted."""

    def __post_init__(self) -> None:
        self.t = 0.0
        self.out_until = 0.0
        self.slack_s = 60.0
        self.net = random.Random(f"{self.seed}/net")
        self._nonces = random.Random(f"{self.seed}/nonce")
        self._turn = 0
        self._heap: list[tuple[float, int, Callable[[], object]]] = []
        self.struck: Counter[Kind] = Counter()
        self.transitions: set[tuple[Member, Member]] = set()
        self.published: Content = {}
        self.truth = Truth(self)
        self.truth.asks_first = self.settings().takeover == "approve"
        self.operators = Operators(self)
        self.notes = Noticeboard(self)
        self.depot: Depot = self._new_depot()
        self.register = DriveRegister(self) if self.over_drive else Register(self)
        self.profiles = {
            name: Profile(rank, self.roles.get(name, Role.HOT_STANDBY))
            for rank, name in enumerate(self.names, 1)
        }
        self.nodes: list[Node] = []
        self._by_name: dict[str, Node] = {}
        for name, profile in self.profiles.items():
            node = Node(self, name, profile)
            self.nodes.append(node)
            self._by_name[name] = node
        self.bell = Doorbell(self) if self.has_doorbell else NoDoorbell()
        self.faults = schedule(self.seed, self.odds, self.names, self.hours)
        for number, fault in enumerate(self.faults):
            if number not in self.left_out:
                self.after(fault.at_s, self._striker(fault))

    # What the fleet is made of

    def settings(self, name: str = "") -> AgentSettings:
        """What a node is configured with; `policy` holds what differs from the defaults."""
        plain: dict[str, Any] = {
            "plan_timeout_s": 60,
            "copy_every_s": 120,
            "needs_program": True,
            "standby_runs": self.standby == "warm",
        }
        if self.lifetime_s is not None:
            plain["timeline"] = Timeline.for_lifetime(self.lifetime_s, 1)
            plain["lead_s"] = min(60.0, self.lifetime_s / 10)
        return AgentSettings(self.timing_of(name), **{**plain, **self.policy})

    def timing_of(self, name: str) -> Timing:
        ttl_s = self.ttls_s.get(name)
        return self.timing if ttl_s is None else self.timing.scaled(self.timing.ttl_s / ttl_s)

    def _new_depot(self) -> Ledger | FileDepot:
        if not self.on_files:
            return Ledger()
        memory = Path("/dev/shm")
        self._folder = tempfile.TemporaryDirectory(
            prefix="colabvps-simulation-", dir=memory if memory.is_dir() else None
        )
        return FileDepot(self, Path(self._folder.name), FORGETS)

    def new_disk(self, name: str) -> Disk:
        if isinstance(self.depot, FileDepot):
            return FileDisk(self.depot, name)
        assert isinstance(self.depot, Ledger)
        return LedgerDisk(self.depot)

    def now(self) -> Instant:
        """The store's own clock."""
        return Instant(self.t, self.t, self.t)

    def node(self, name: str | None) -> Node | None:
        return self._by_name.get(name or "")

    def nonce(self) -> str:
        return f"{self._nonces.getrandbits(64):016x}"

    def is_cut_off(self, node: Node) -> bool:
        return self.t < self.out_until or self.t < node.partitioned_until

    @property
    def lease(self) -> Lease:
        """The record as it stands."""
        assert self.register.lease is not None, "the record is lost"
        return self.register.lease

    def primary(self) -> Node | None:
        """Who works for effect at this moment."""
        return next((node for node in self.nodes if node.name in self.truth.at_work), None)

    def order_to(self, node: Node) -> None:
        """An operator asks for a move to `node`, now."""
        order = self.operators.on(self.lease, OrderAction.HANDOVER, account=node.name)
        self.notes.give(order)

    # Time

    def after(self, wait_s: float, job: Callable[[], object]) -> None:
        self._turn += 1
        heapq.heappush(self._heap, (self.t + wait_s, self._turn, job))

    def run(self, seconds: float) -> None:
        """Raises Violation as soon as something doesn't hold that must."""
        until, heap, at_work = self.t + seconds, self._heap, self.truth.at_work
        while heap and heap[0][0] <= until:
            self.t, _, job = heapq.heappop(heap)
            job()
            if len(at_work) > 1:
                self.truth.one_at_work()
        self.t = until

    def quiet(self) -> None:
        """No fault strikes from now on, everybody is up and stays, and the operators set right
        what they have done."""
        self.tell(STORE, lambda: "all is quiet from now on")
        self.odds = replace(
            self.odds,
            **dict.fromkeys(
                ("lost", "late", "duplicate", "slow", "stale", "torn", "missed", "midway"), 0.0
            ),
            spurious=0.0,
            rate=0.0,
            copy_fails=0.0,
            seal_fails=0.0,
            delay_s=self.odds.delay_s if self.stays_slow else 0.3,
        )
        self.out_until = 0.0
        self.lifetime_s = None
        self.policy = {**self.policy, "handover": "auto", "takeover": "auto"}
        self.truth.asks_first = False
        self.notes.signal = None
        self.register.remake()
        for node in self.nodes:
            node.calm_down()
        self._set_right()
        if self.odds.touches > TOUCHY:
            self._touch_on()

    def _touch_on(self) -> None:
        """A store that moves versions for nothing all the time does so in quiet times too."""
        self.register.touch()
        self.after(25, self._touch_on)

    def _set_right(self) -> None:
        lease = self.register.lease
        assert lease is not None
        plan = lease.plan
        if lease.paused:
            self.notes.give(self.operators.on(lease, OrderAction.RESUME))
        if plan is not None and plan.phase in TENTATIVE_PHASES:
            self.notes.give(self.operators.on(lease, OrderAction.ABORT, plan=plan.id))
        self.after(20, self._set_right)

    def settles(self) -> None:
        """L1 and L2, some time after all has become quiet. Raises Violation."""
        lease = self.register.lease
        serves = lease is not None and self.truth.at_work.get(lease.holder or "") == lease.epoch
        stands = said(lease) if lease else "lost"
        holds(serves, "L1", f"nobody serves after a quiet time; the record is {stands}")
        holds(lease is not None and lease.plan is None, "L2", f"a move never ended: {stands}")
        for node in self.nodes:
            if node.alive:
                since_s = node.now().mono - node.view.lease_read_mono
                holds(since_s < UNAWARE_S, "L1", f"{node.name} hasn't looked for {since_s:.0f} s")

    # Faults

    def count(self, kind: Kind) -> None:
        self.struck[kind] += 1

    def _striker(self, fault: Fault) -> Callable[[], None]:
        return lambda: self._strike(fault)

    def _strike(self, fault: Fault) -> None:
        match fault.kind:
            case Kind.OUTAGE:
                self.out_until = self.t + fault.for_s
            case Kind.TOUCH:
                self.register.touch()
            case Kind.RECORD_LOST:
                self.register.lose(fault)
            case Kind.OPERATOR:
                self.operators.act(fault)
            case Kind.MOVE:
                self.operators.move(fault)
            case Kind.SIGNAL:
                self.operators.signal(fault)
            case _:
                node = self._by_name[fault.account]
                if not strike(node, fault):
                    return
        self.count(fault.kind)
        if fault.kind not in {Kind.OPERATOR, Kind.MOVE}:
            lasts = f" for {fault.for_s:.1f} s" if fault.for_s else ""
            self.tell(fault.account, lambda: f"-- {fault.kind.value.replace('_', ' ')}{lasts}")

    # The transcript

    def tell(self, who: str, text: Callable[[], str]) -> None:
        if self.lines is not None:
            self.lines.append(f"{self.t:11.3f}  {who:<8}  {text()}")


__all__ = ["ORDER_LIFE_S", "Fleet", "Profile", "Violation"]
