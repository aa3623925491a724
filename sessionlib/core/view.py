"""Everything an agent knows, as one frozen value.

Which member of the fleet an agent is follows from it. A member is computed, never stored, so the
two can't disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sessionlib.core.copies import Copies, Fetch, ProgramState
from sessionlib.core.handover_schedule import Timeline
from sessionlib.core.lease import Tenure, Watch
from sessionlib.core.messages import MoveKind, Order, Receipt, Signal
from sessionlib.core.timing import Timing
from sessionlib.core.values import (
    UNKNOWN_HOLDER,
    Identity,
    Instant,
    Lease,
    LeaseState,
    PlanPhase,
    Pointer,
    Readiness,
    Role,
)
from sessionlib.core.work import WorkloadFacts


class LeaseReadStatus(StrEnum):
    """What the last reading of the lease record found."""

    UNSEEN = "unseen"
    SEEN = "seen"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    ROLLED_BACK = "rolled_back"
    UNREACHABLE = "unreachable"


class Member(StrEnum):
    """What an agent is to its fleet."""

    STANDBY = "standby"
    CLAIMING = "claiming"
    PRIMARY = "primary"
    QUIESCING = "quiescing"
    GIVING_UP = "giving_up"
    FENCED = "fenced"


class Finding(StrEnum):
    """What the lease record means to one agent."""

    UNSEEN = "unseen"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"
    VACANT = "vacant"
    OFFERED = "offered"
    MINE = "mine"
    OTHERS = "others"
    STALE = "stale"


class WriteKind(StrEnum):
    """What a write of the lease record is for."""

    CLAIM = "claim"
    RENEW = "renew"
    OFFER = "offer"
    VACATE = "vacate"


@dataclass(frozen=True, slots=True)
class Write:
    """A lease write that was sent and isn't settled. `sent` is from before it left, `carries`
    are the orders that it carries out."""

    kind: WriteKind
    lease: Lease
    expected: str
    sent: Instant
    carries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Peer:
    """Another account, as its reports show it. `changed_mono` is when *we* last saw it beat."""

    account: str
    priority: int
    role: Role
    beat: tuple[str, int] = ("", -1)
    changed_mono: float = float("-inf")
    every_s: float = 15.0
    member: str = ""
    readiness: Readiness = Readiness.COLD
    plan: str | None = None
    remaining_s: float = 0.0
    ended: bool = False
    fetched: str | None = None
    preparing: bool = False


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """What the operator configured, for the durations and policies that decisions need.

    `lead_s` is how long before its end a session that nobody succeeds stops and
    vacates; `plan_timeout_s` how long one phase of a planned move may take.
    """

    timing: Timing
    handover: str = "approve"
    on_no_answer: str = "proceed"
    takeover: str = "auto"
    timeline: Timeline = field(default_factory=Timeline)
    copy_every_s: float = 300.0
    lead_s: float = 60.0
    plan_timeout_s: float = 600.0
    failing_after: int = 5
    standby_runs: bool = False
    """Whether a standby runs the workload too (`standby: warm`)."""
    needs_program: bool = False
    """Whether anything has to be fetched or set up before the workload can be started."""


@dataclass(frozen=True, slots=True)
class ClaimOrigin:
    """How the last claim came about; becomes a history record once the work serves.

    `quiet_s` is how long the work had stood still, as far as can be known, at
    `seen_mono` on our own clock.
    """

    kind: MoveKind
    from_: str | None
    reason: str
    plan: str | None
    quiet_s: float
    seen_mono: float


class DataState(StrEnum):
    """What is being done with the workload's data."""

    IDLE = "idle"
    RESTORING = "restoring"
    SEALING = "sealing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Data:
    """The workload's data: `ready_for` is the epoch it was restored for (`text` says how),
    `sealed` its last copy, `sealing` the token of the seal that was asked for last."""

    state: DataState = DataState.IDLE
    ready_for: int | None = None
    sealed: Pointer | None = None
    is_sealed: bool = False
    sealing: str | None = None
    retry_mono: float = float("-inf")
    text: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """One agent's knowledge. `started` is when its session began."""

    me: Identity
    settings: AgentSettings
    started: Instant
    lifetime_s: float
    peers: Mapping[str, Peer] = field(default_factory=dict)
    store_unproven: str | None = None
    """Why the store isn't known to keep its promises, and every takeover needs an approval."""

    lease_read_status: LeaseReadStatus = LeaseReadStatus.UNSEEN
    lease: Lease | None = None
    version: str = ""
    unseen_s: float = 0.0
    watch: Watch | None = None
    lease_reads_failed: bool = False
    seen_epoch: int = 0
    last_holder: str | None = None
    alarm: str | None = None

    reading_lease: bool = False
    lease_read_mono: float = float("-inf")
    must_read_lease: bool = True
    reading_mailbox: bool = False
    mailbox_read_began_boot: float = float("inf")
    """When the last reading of what others wrote began, by our boot-time clock."""
    mailbox_read_mono: float = float("-inf")
    rung_since_lease_read: bool = False
    rung_since_mailbox_read: bool = False
    """The doorbell has rung since the last reading of the lease, or of the mailbox, began."""
    sent_mono: float = float("-inf")
    write: Write | None = None
    """The write under way, if there is one: never two at once."""

    unsettled: tuple[Write, ...] = ()
    """Writes whose answer was anything but success, until the record has been read back."""
    tenure: Tenure | None = None
    suspect: Instant | None = None
    """Set when this process woke late: no work until a write sent after it has succeeded."""

    spent: WriteKind | None = None
    """Set when an offer or vacate was sent: the tenure no longer lets us work."""
    spent_mono: float = 0.0
    quiesced_at: Instant | None = None
    plan_since_mono: float = 0.0
    carrying: tuple[str, ...] = ()
    """Orders that the offer or vacate under way carries out."""

    leaving: str | None = None
    leaving_order: str | None = None
    proposed: bool = False
    auto_moves_suspended: bool = False
    """The operator has aborted what the clock began: until told otherwise it begins nothing."""
    passed_over: frozenset[str] = frozenset()
    """Successors that were not ready in time, in this tenure."""
    fenced: bool = False

    work: WorkloadFacts = field(default_factory=WorkloadFacts)
    data: Data = field(default_factory=Data)
    copies: Copies = field(default_factory=Copies)
    fetch: Fetch = field(default_factory=Fetch)
    program: ProgramState = field(default_factory=ProgramState)
    set_aside: str | None = None
    """The folder in which data that was in the way of the last restore is kept."""
    primary_mono: float = float("-inf")
    """When the last claim was known to have succeeded."""
    served_mono: float | None = None
    """When the workload first served in this tenure."""
    claim_origin: ClaimOrigin | None = None
    recorded_epoch: int = -1
    recording: bool = False
    record_after_mono: float = float("-inf")

    orders: tuple[Order, ...] = ()
    given_boot: Mapping[str, float] = field(default_factory=dict)
    """When each of `orders` was given, by our boot-time clock and the store's word on its age."""
    signal: Signal | None = None
    receipts: tuple[Receipt, ...] = ()
    answered: frozenset[str] = frozenset()
    """Orders in the store that have had their last word from us, whether its receipt is kept
    or not: answering one again and again would leave time for nothing else."""

    @property
    def timing(self) -> Timing:
        return self.settings.timing

    @property
    def needs_takeover_approval(self) -> bool:
        """Whether a takeover waits for an operator's approval."""
        return self.settings.takeover == "approve" or self.store_unproven is not None

    def remaining_s(self, now: Instant) -> float:
        """What is left of this session, by the clock that counts through suspend and that
        nobody can step: a wall clock set right at noon doesn't end a session."""
        return self.lifetime_s - (now.boot - self.started.boot)

    def stop_lead_s(self) -> float:
        """How long before its end this session has to stop its work, whatever else: with the
        time that its last checkpoint took, as the seal may take as long."""
        took_s = self.copies.published.took_s if self.copies.published else 0.0
        return self.settings.lead_s + min(took_s, self.lifetime_s / 20)

    def due_s(self, now: Instant) -> float:
        """How far ahead the T-0 of a move by the clock lies: with the time of the last part to
        spare, so that a move which hangs can still be ended in order. However short a session
        is, a few looks and answers have to fit in there."""
        spare_s = max(
            self.settings.timeline.signal_s, 4 * self.timing.poll_s + 2 * self.timing.timeout_s
        )
        return self.remaining_s(now) - self.stop_lead_s() - spare_s

    @property
    def boot_s(self) -> float | None:
        """How long the start of this tenure took, from the claim until the workload served."""
        return None if self.served_mono is None else self.served_mono - self.primary_mono

    def is_program_ready(self) -> bool:
        """Whether the workload's program is here."""
        return not self.settings.needs_program or self.program.ready is not None


def member_of(view: View) -> Member:
    """What this agent is, by what it knows."""
    if view.fenced:
        return Member.FENCED
    if view.spent is not None:
        return Member.GIVING_UP
    if view.tenure is None:
        unsettled = (*view.unsettled, *([view.write] if view.write else []))
        claiming = any(write.kind is WriteKind.CLAIM for write in unsettled)
        return Member.CLAIMING if claiming else Member.STANDBY
    return Member.QUIESCING if is_quiescing(view) else Member.PRIMARY


def is_quiescing(view: View) -> bool:
    """Whether the work has been told to stop, for an offer or for good."""
    plan = view.lease.plan if view.lease else None
    return view.leaving is not None or (plan is not None and plan.phase is PlanPhase.QUIESCING)


def is_ours(view: View, lease: Lease) -> bool:
    """Whether `lease` names this very incarnation."""
    return (lease.holder, lease.incarnation) == (view.me.account, view.me.incarnation)


_BLIND = {
    LeaseReadStatus.UNSEEN: Finding.UNSEEN,
    LeaseReadStatus.UNREACHABLE: Finding.UNREACHABLE,
    LeaseReadStatus.MISSING: Finding.UNKNOWN,
    LeaseReadStatus.UNREADABLE: Finding.UNKNOWN,
    LeaseReadStatus.ROLLED_BACK: Finding.UNKNOWN,
}


def finding_of(view: View, now: Instant, rank: int) -> Finding:
    """What the record means to this agent, `rank` standbys being ranked before it."""
    lease = view.lease
    if view.lease_read_status in _BLIND or lease is None:
        return _BLIND.get(view.lease_read_status, Finding.UNSEEN)
    if is_ours(view, lease):
        return Finding.MINE
    if lease.state is LeaseState.FREE:
        return Finding.VACANT
    if lease.state is LeaseState.OFFERED and lease.successor == view.me.account:
        return Finding.OFFERED
    if view.watch is None or view.watch.mark != lease.mark:
        return Finding.OTHERS
    ripe = now.mono >= view.watch.stale_from_mono(lease, view.timing, rank)
    return Finding.STALE if ripe else Finding.OTHERS


def named_holder(lease: Lease) -> str | None:
    """The account that holds the lease, where there is one to name."""
    return None if lease.holder == UNKNOWN_HOLDER else lease.holder
