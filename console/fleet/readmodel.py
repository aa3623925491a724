"""The read model: immutable rows of a fleet, made from one snapshot. Pure.

A piece that is missing, unreadable or silent has no value in its row. So nothing stale looks
healthy, and nothing unreachable looks dead.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

from console.fleet.rows import (
    AccountRow,
    CheckpointRow,
    FleetView,
    LeaseRow,
    MoveRow,
    PolicyRow,
    StoreRow,
)
from console.fleet.snapshot import Reading, Snapshot
from sessionlib.config import Config
from sessionlib.config.schema import HandoverPolicy
from sessionlib.core.messages import Report, WorkState
from sessionlib.core.session_phases import Bounds, Phase, phase_of
from sessionlib.core.values import UNKNOWN_HOLDER, Lease, LeaseState, PlanPhase, Readiness
from sessionlib.core.view import Member

__all__ = [
    "SILENT_AFTER_BEATS",
    "AccountRow",
    "CheckpointRow",
    "FleetView",
    "LeaseRow",
    "MoveRow",
    "PolicyRow",
    "StoreRow",
    "checkpoint_row",
    "effective_phase",
    "fleet_view",
    "is_running",
    "is_silent",
    "is_valid",
    "time_left_s",
]

SILENT_AFTER_BEATS = 3


def fleet_view(
    config: Config,
    snapshot: Snapshot,
    before: FleetView | None = None,
    only: Collection[str] = (),
) -> FleetView:
    """The fleet as one look showed it.

    With `before`, made from the same look a moment ago, only the accounts in `only`
    are judged anew: of a thousand, few are on the screen.
    """
    policy = config.policy
    return FleetView(
        fleet=config.fleet,
        lease=_lease_row(snapshot),
        accounts=_account_rows(config, snapshot, before, only),
        handover=_move_row(snapshot, asks=policy.handover is HandoverPolicy.APPROVE),
        checkpoint=checkpoint_row(config, snapshot),
        store=StoreRow(
            snapshot.kind,
            snapshot.reachable,
            snapshot.latency_s,
            _rounded(snapshot.answered_s),
            snapshot.error,
        ),
        policy=PolicyRow(
            policy.handover.value,
            policy.on_no_answer.value,
            "approve" if snapshot.store_unproven else policy.takeover.value,
            snapshot.store_unproven,
        ),
        coordinator=snapshot.coordinator,
        last_move=snapshot.last_move.value,
        reported=any(seen != Reading() for seen in snapshot.reports.values()),
        troubles=tuple(_troubles(config, snapshot)) if before is None else before.troubles,
    )


def is_silent(seen: Reading[Report]) -> bool:
    """Whether a session hasn't reported for three of its intervals, by the store's clock."""
    if seen.value is None or seen.age_s is None:
        return True
    return seen.age_s > SILENT_AFTER_BEATS * seen.value.every_s


def time_left_s(seen: Reading[Report]) -> float | None:
    """How long a session has left by now, at least 0; None without a report."""
    if seen.value is None:
        return None
    return max(0.0, seen.value.remaining_s - (seen.age_s or 0.0))


def is_running(seen: Reading[Report]) -> bool:
    """Whether a session is known to be there: it reported lately and has not ended."""
    return seen.value is not None and seen.value.ended is None and not is_silent(seen)


def effective_phase(seen: Reading[Report]) -> Phase | None:
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
    return phase_of(report.remaining_s - (seen.age_s or 0.0), _bounds(report.lifetime_s))


# Most sessions last as long as each other.
_bounds = lru_cache(maxsize=64)(Bounds.for_lifetime)


def is_valid(seen: Reading[Lease]) -> bool | None:
    """Whether somebody may be at work under this lease, as far as its age tells."""
    lease = seen.value
    if lease is None or seen.age_s is None or lease.holder == UNKNOWN_HOLDER:
        return None
    return lease.state is LeaseState.HELD and seen.age_s < lease.ttl_s


def _lease_row(snapshot: Snapshot) -> LeaseRow:
    seen = snapshot.lease
    if seen.value is None or not snapshot.reachable:
        return LeaseRow()
    return LeaseRow(
        epoch=seen.value.epoch,
        holder=seen.value.holder,
        state=seen.value.state.value,
        age_s=_rounded(seen.age_s),
        valid=is_valid(seen),
        successor=seen.value.successor,
        ttl_s=seen.value.ttl_s,
        paused=seen.value.paused,
    )


def _account_rows(
    config: Config, snapshot: Snapshot, before: FleetView | None, only: Collection[str]
) -> tuple[AccountRow, ...]:
    if before is None:
        return tuple(_account_row(config, name, snapshot) for name in config.by_priority())
    return tuple(
        _account_row(config, row.name, snapshot) if row.name in only else row
        for row in before.accounts
    )


def _account_row(config: Config, name: str, snapshot: Snapshot) -> AccountRow:
    account = config.accounts[name]
    seen = snapshot.report_of(name)
    report = seen.value
    row = AccountRow(
        name=name,
        email=account.email,
        role=account.role.value,
        priority=account.priority,
        heartbeat_age_s=_rounded(seen.age_s),
        owner=account.owner,
    )
    if not snapshot.reachable:
        # A session's end draws nearer all the same, and its last report grows older.
        left_s = None if report is None or report.ended else time_left_s(seen)
        return replace(row, remaining_s=_rounded(left_s))
    phase, lease = effective_phase(seen), snapshot.lease.value
    holds = None if lease is None else snapshot.holder == name
    row = replace(row, phase=None if phase is None else phase.value, is_primary=holds)
    if phase is Phase.COLD:
        return replace(row, readiness=Readiness.COLD.value, workload=WorkState.NONE.value)
    if report is None:
        return row
    if phase is Phase.LOST:
        # Its last report isn't its present state.
        return replace(row, epoch=report.epoch)
    return replace(
        row,
        remaining_s=_rounded(time_left_s(seen)),
        epoch=report.epoch,
        readiness=report.readiness.value,
        workload=report.workload.value,
        lifetime_s=report.lifetime_s,
        progress=report.progress,
        preparing=report.preparing,
        asks=report.asks,
    )


def _move_row(snapshot: Snapshot, *, asks: bool) -> MoveRow | None:
    seen = snapshot.lease
    lease = seen.value
    if lease is None or lease.plan is None or not snapshot.reachable:
        return None
    plan = lease.plan
    told = snapshot.report_of(lease.holder)
    waits = plan.phase in {PlanPhase.PROPOSED, PlanPhase.NOTIFIED} and not plan.approved
    return MoveRow(
        plan.id,
        "planned",
        lease.holder,
        plan.to,
        plan.phase.value,
        latest_safe_s=_counted_down(
            None if told.value is None else told.value.latest_safe_s, told.age_s
        ),
        left_s=_counted_down(plan.left_s, seen.age_s),
        approved=plan.approved,
        asked=waits and (asks or _asks_for(told.value, plan.id)),
        reason=plan.reason,
    )


def _asks_for(report: Report | None, plan_id: str) -> bool:
    return report is not None and report.asks == f"plan:{plan_id}"


def checkpoint_row(config: Config, snapshot: Snapshot) -> CheckpointRow:
    """The newest checkpoint, with its age if the holder's report is about it."""
    lease = snapshot.lease.value
    every_s = config.checkpoint_every_s()
    if lease is None or lease.checkpoint is None or not snapshot.reachable:
        return CheckpointRow(every_s=every_s)
    pointer = lease.checkpoint
    told = snapshot.report_of(lease.holder)
    copied = told.value.copied if told.value is not None else None
    if copied is None or copied.name != pointer.name:
        # Said of another copy, it says nothing of this one.
        return CheckpointRow(
            pointer.epoch, pointer.seq, None, pointer.bytes, durable=True, every_s=every_s
        )
    return CheckpointRow(
        pointer.epoch,
        pointer.seq,
        _rounded(copied.age_s + (told.age_s or 0.0)),
        pointer.bytes,
        durable=True,
        receipt=copied.receipt,
        every_s=every_s,
    )


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
    troubles += _disagreement(snapshot)
    if snapshot.store_unproven is not None:
        troubles.append(f"automatic takeover is off: {snapshot.store_unproven}")
    for name in config.by_priority():
        seen = snapshot.report_of(name)
        if seen.error is not None:
            troubles.append(f"{name}'s report can't be read: {seen.error}")
        elif seen.value is not None and seen.value.alarm and is_running(seen):
            troubles.append(f"{name} says: {seen.value.alarm}")
    return troubles


def _disagreement(snapshot: Snapshot) -> list[str]:
    """Where the coordinator believes in another primary than the store names. The store is
    right; the other may be behind for a moment, or for good."""
    heard, lease = snapshot.coordinator, snapshot.lease.value
    if heard is None or heard.primary is None or lease is None:
        return []
    if heard.primary == lease.holder or lease.state is not LeaseState.HELD:
        return []
    return [f"the coordinator still points at {heard.primary}: the store says {lease.holder}"]


def _counted_down(left_s: float | None, age_s: float | None) -> float | None:
    return None if left_s is None else _rounded(left_s - (age_s or 0.0))


def _rounded(value_s: float | None) -> float | None:
    return None if value_s is None else round(value_s, 3)
