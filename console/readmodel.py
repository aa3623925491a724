"""What the operator sees of a fleet: immutable rows, made from one look at the store.

Decided here: what is known, and what only was known. A piece that is missing,
unreadable or silent has no value here, so that nothing stale can look healthy
and nothing unreachable looks dead. Pure: the same look gives the same rows. Not
decided here: words, colours and columns (`words`).
"""

from __future__ import annotations

from dataclasses import dataclass

from console.seen import Seen, Snapshot
from sessionlib.config import AccountSettings, Config
from sessionlib.core.lifecycle import Bounds, Phase, phase_of
from sessionlib.core.notes import History, Report, WorkState
from sessionlib.core.values import UNKNOWN_HOLDER, Lease, LeaseState, Readiness
from sessionlib.core.view import Member

SILENT_AFTER_BEATS = 3


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """The right to be primary. `valid` is None where nobody can say whether somebody works."""

    epoch: int | None = None
    holder: str | None = None
    state: str | None = None
    age_s: float | None = None
    valid: bool | None = None


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account. `phase` is None where its report can't be read."""

    name: str
    email: str
    role: str
    priority: int
    phase: str | None
    remaining_s: float | None
    heartbeat_age_s: float | None
    epoch: int | None
    readiness: str | None
    workload: str | None
    is_primary: bool | None


@dataclass(frozen=True, slots=True)
class MoveRow:
    """The planned move in progress."""

    id: str
    kind: str
    from_: str | None
    to: str
    phase: str
    latest_safe_s: float | None = None


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """The newest published copy of the data. It counts only once durable, so it always is."""

    epoch: int | None = None
    seq: int | None = None
    age_s: float | None = None
    bytes: int | None = None
    durable: bool | None = None


@dataclass(frozen=True, slots=True)
class StoreRow:
    """The place where the fleet agrees."""

    kind: str
    reachable: bool
    latency_s: float | None


@dataclass(frozen=True, slots=True)
class FleetView:
    """A fleet at one moment. `troubles` are sentences; the first is the gravest."""

    fleet: str
    lease: LeaseRow
    accounts: tuple[AccountRow, ...]
    handover: MoveRow | None
    checkpoint: CheckpointRow
    store: StoreRow
    last_move: History | None
    reported: bool
    troubles: tuple[str, ...]


def fleet_view(config: Config, snapshot: Snapshot) -> FleetView:
    """The fleet as one look showed it."""
    lease = snapshot.lease.value
    return FleetView(
        fleet=config.fleet,
        lease=_lease_row(snapshot.lease),
        accounts=tuple(_account_row(config, name, snapshot) for name in config.by_priority()),
        handover=_move_row(lease),
        checkpoint=_checkpoint_row(lease),
        store=StoreRow(snapshot.kind, snapshot.reachable, snapshot.latency_s),
        last_move=snapshot.last_move.value,
        reported=any(seen != Seen() for seen in snapshot.reports.values()),
        troubles=tuple(_troubles(config, snapshot)),
    )


def is_silent(seen: Seen[Report]) -> bool:
    """Whether a session hasn't reported for three of its intervals, by the store's clock."""
    if seen.value is None or seen.age_s is None:
        return True
    return seen.age_s > SILENT_AFTER_BEATS * seen.value.every_s


def is_running(seen: Seen[Report]) -> bool:
    """Whether a session is known to be there: it reported lately and has not ended."""
    return seen.value is not None and seen.value.ended is None and not is_silent(seen)


def phase_seen(seen: Seen[Report]) -> Phase | None:
    """A session's phase as its report and the report's age show it."""
    report = seen.value
    if report is None:
        return None if seen.error is not None else Phase.COLD
    if report.member == Member.FENCED:
        return Phase.FENCED
    if report.ended is not None:
        return Phase.COLD
    if is_silent(seen):
        return Phase.LOST
    if report.phase == Phase.STARTING or report.lifetime_s <= 0:
        return Phase.STARTING
    return phase_of(
        report.remaining_s - (seen.age_s or 0.0), Bounds.for_lifetime(report.lifetime_s)
    )


def is_valid(seen: Seen[Lease]) -> bool | None:
    """Whether somebody may be at work under this lease, as far as its age tells."""
    lease = seen.value
    if lease is None or seen.age_s is None or lease.holder == UNKNOWN_HOLDER:
        return None
    return lease.state is LeaseState.HELD and seen.age_s < lease.ttl_s


def _lease_row(seen: Seen[Lease]) -> LeaseRow:
    if seen.value is None:
        return LeaseRow()
    return LeaseRow(
        epoch=seen.value.epoch,
        holder=seen.value.holder,
        state=seen.value.state.value,
        age_s=_rounded(seen.age_s),
        valid=is_valid(seen),
    )


def _account_row(config: Config, name: str, snapshot: Snapshot) -> AccountRow:
    account = config.accounts[name]
    if not snapshot.reachable:
        return _row(name, account, None, None)
    seen = snapshot.reports.get(name, Seen())
    phase = phase_seen(seen)
    lease = snapshot.lease.value
    holds = None if lease is None else lease.holder == name and lease.state is LeaseState.HELD
    report = seen.value
    if report is None or phase is Phase.COLD:
        readiness = Readiness.COLD.value if phase is Phase.COLD else None
        work = WorkState.NONE.value if phase is Phase.COLD else None
        return _row(name, account, phase, holds, seen.age_s, readiness=readiness, workload=work)
    if phase is Phase.LOST:
        # What it said last is not what it is.
        return _row(name, account, phase, holds, seen.age_s, epoch=report.epoch)
    return _row(
        name,
        account,
        phase,
        holds,
        seen.age_s,
        remaining_s=max(0.0, report.remaining_s - (seen.age_s or 0.0)),
        epoch=report.epoch,
        readiness=report.readiness.value,
        workload=report.workload.value,
    )


def _row(  # noqa: PLR0913 - one parameter for each column that may be known
    name: str,
    account: AccountSettings,
    phase: Phase | None,
    is_primary: bool | None,
    age_s: float | None = None,
    *,
    remaining_s: float | None = None,
    epoch: int | None = None,
    readiness: str | None = None,
    workload: str | None = None,
) -> AccountRow:
    return AccountRow(
        name=name,
        email=account.email,
        role=account.role.value,
        priority=account.priority,
        phase=None if phase is None else phase.value,
        remaining_s=_rounded(remaining_s),
        heartbeat_age_s=_rounded(age_s),
        epoch=epoch,
        readiness=readiness,
        workload=workload,
        is_primary=is_primary,
    )


def _move_row(lease: Lease | None) -> MoveRow | None:
    if lease is None or lease.plan is None:
        return None
    plan = lease.plan
    return MoveRow(plan.id, "planned", lease.holder, plan.to, plan.phase.value)


def _checkpoint_row(lease: Lease | None) -> CheckpointRow:
    if lease is None or lease.checkpoint is None:
        return CheckpointRow()
    pointer = lease.checkpoint
    return CheckpointRow(pointer.epoch, pointer.seq, None, pointer.bytes, durable=True)


def _troubles(config: Config, snapshot: Snapshot) -> list[str]:
    if snapshot.error is not None:
        return [f"the store can't be reached ({snapshot.error}): nothing below is known"]
    troubles = []
    if snapshot.lease.error is not None:
        troubles.append(f"the lease can't be read: {snapshot.lease.error}")
    elif snapshot.lease.value is None:
        troubles.append("there is no lease record: `colabvps-console init` makes one")
    elif snapshot.lease.value.holder == UNKNOWN_HOLDER:
        troubles.append("the lease had to be made again: nobody can say who works until a claim")
    for name in config.by_priority():
        seen = snapshot.reports.get(name, Seen())
        if seen.error is not None:
            troubles.append(f"{name}'s report can't be read: {seen.error}")
        elif seen.value is not None and seen.value.alarm and is_running(seen):
            troubles.append(f"{name} says: {seen.value.alarm}")
    return troubles


def _rounded(value_s: float | None) -> float | None:
    return None if value_s is None else round(value_s, 3)
