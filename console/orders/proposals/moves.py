"""Moving the work while somebody has it: a handover, and a word on one that is planned."""

from __future__ import annotations

from console.errors import AlreadySo, Refused
from console.fleet.readmodel import is_running
from console.fleet.snapshot import Snapshot
from console.fleet.words import ago, duration
from console.orders.proposals.common import (
    Proposal,
    check_account_exists,
    describe_account,
    new_order,
    require_holder,
    require_lease,
    require_running_report,
    standbys,
)
from sessionlib.config import Config
from sessionlib.config.schema import HandoverPolicy
from sessionlib.core.lifecycle import Bounds
from sessionlib.core.messages import OrderAction, When
from sessionlib.core.values import Lease, LeaseState, Plan, PlanPhase

_WAITS = frozenset({PlanPhase.PROPOSED, PlanPhase.NOTIFIED})
_NO_RETURN = (
    "The workload is down from its stop until the successor's is ready.\n"
    "Until the lease is offered `colabvps-console abort` calls it off; afterwards only another "
    "handover brings the work back."
)


def handover(
    config: Config,
    snapshot: Snapshot,
    to: str | None,
    when: When = When.NOW,
    after_s: float | None = None,
) -> Proposal:
    """A planned move to `to`, or to the best standby: now, `after_s` seconds from now, or when
    the primary's session has its warning. Raises Refused or WrongUse."""
    check_account_exists(config, to)
    lease = require_lease(snapshot)
    holder = require_holder(snapshot, "hand over from", "a standby takes over by itself")
    if lease.paused:
        raise Refused("the fleet is paused, and nothing moves: `colabvps-console resume` first")
    if to == holder:
        raise Refused(f"{to} is the primary already")
    due_s, moment = _due(snapshot, holder, when, after_s)
    successor = to or _best_standby(config, snapshot, holder)
    report = require_running_report(snapshot, successor)
    asked = new_order(
        config, lease, OrderAction.HANDOVER, account=successor, when=when, after_s=after_s
    )
    meaning = (
        f"Handover{moment}: {holder} stops its workload, seals its data and becomes a standby;\n"
        f"{describe_account(config, report)} becomes the primary.\n{_NO_RETURN}"
    )
    return Proposal(asked, meaning, due_s=due_s)


def approve(config: Config, snapshot: Snapshot) -> Proposal:
    """A yes to who asks: a standby that would take over, or the plan in the lease record.

    Raises AlreadySo for a plan that has its yes, and Refused where nothing asks.
    """
    lease = require_lease(snapshot)
    for standby in standbys(config, snapshot, lease.holder):
        if require_running_report(snapshot, standby).asks == f"takeover:{lease.epoch}":
            return _approve_takeover(config, snapshot, lease, standby)
    if lease.plan is None:
        raise Refused(
            "nothing asks for approval: no move is planned, and no standby asks to take over"
        )
    holder = require_holder(snapshot, "carry the plan out", "a standby takes over by itself")
    plan = lease.plan
    if plan.approved:
        raise AlreadySo(f"the move to {plan.to} is approved already ({plan.phase.value})")
    if not _asks(config, snapshot, holder, plan):
        raise Refused(
            f"nothing asks for approval: the move to {plan.to} goes on without "
            f"({plan.phase.value}); `colabvps-console abort` calls it off"
        )
    due_s = max(0.0, (plan.left_s or 0.0) - (snapshot.lease.age_s or 0.0))
    moment = f", in {duration(due_s)}" if plan.left_s is not None else ""
    meaning = (
        f"Approve{moment} ({plan.reason}): {holder} stops its workload, seals its data and "
        f"becomes a standby;\n{_heir(config, snapshot, plan.to)} becomes the primary.\n{_NO_RETURN}"
    )
    return Proposal(
        new_order(config, lease, OrderAction.APPROVE, plan=plan.id), meaning, due_s=due_s
    )


def abort(config: Config, snapshot: Snapshot) -> Proposal:
    """An end to the move that is planned or under way. Raises Refused where there is none, or
    where it can't be called off any more."""
    lease = require_lease(snapshot)
    if lease.state is LeaseState.OFFERED:
        raise Refused(
            f"the move is past its commit point: the work has stopped and the lease is offered to "
            f"{lease.successor}. Hand over again when it serves"
        )
    if lease.plan is None:
        raise Refused("no move is planned or under way: there is nothing to abort")
    holder = require_holder(snapshot, "call it off", "the plan ends with the next claim")
    plan = lease.plan
    meaning = (
        f"Abort: the move from {holder} to {plan.to} ({plan.phase.value}; {plan.reason}) is "
        f"called off.\n{holder} serves on, and starts its workload again if that has stopped; "
        f"{plan.to} stays a standby.\nIf the lease is offered before {holder} sees this, the move "
        "goes through."
    )
    return Proposal(new_order(config, lease, OrderAction.ABORT, plan=plan.id), meaning)


def _approve_takeover(config: Config, snapshot: Snapshot, lease: Lease, standby: str) -> Proposal:
    report = require_running_report(snapshot, standby)
    copied = "there is no checkpoint: it starts with what its own work folder holds"
    if lease.checkpoint is not None:
        pointer = lease.checkpoint
        copied = f"it starts from checkpoint {pointer.seq} of epoch {pointer.epoch}"
    meaning = (
        f"Approve: {describe_account(config, report)} takes the work over from {lease.holder}, "
        f"which last renewed the lease {ago(snapshot.lease.age_s)}; {copied}.\n"
        f"What {lease.holder} wrote since then isn't carried over. If it still runs, its guard "
        "has stopped its work, and it is fenced for good.\n"
        "Nothing undoes this; a renewal before it is carried out voids it."
    )
    return Proposal(new_order(config, lease, OrderAction.APPROVE, account=standby), meaning)


def _asks(config: Config, snapshot: Snapshot, holder: str, plan: Plan) -> bool:
    report = snapshot.report_of(holder).value
    if report is not None and report.asks == f"plan:{plan.id}":
        return True
    return plan.phase in _WAITS and config.policy.handover is not HandoverPolicy.AUTO


def _due(snapshot: Snapshot, holder: str, when: When, after_s: float | None) -> tuple[float, str]:
    """In how many seconds a handover is due, and in words when that is. Raises Refused."""
    if when is When.NOW:
        return 0.0, ""
    seen = snapshot.report_of(holder)
    report = seen.value if is_running(seen) else None
    left_s = None if report is None else report.remaining_s - (seen.age_s or 0.0)
    if when is When.LATER:
        due_s = after_s or 0.0
        if left_s is not None and due_s >= left_s:
            raise Refused(
                f"{holder}'s session ends in {duration(left_s)}: say an earlier time, "
                "or --at-warning"
            )
        return due_s, f" in {duration(due_s)}"
    warning_s = Bounds.for_lifetime(report.lifetime_s).warning_s if report else 0.0
    due_s = max(0.0, (left_s or 0.0) - warning_s)
    return due_s, f" when {holder}'s session has its warning, in {duration(due_s)}"


def _heir(config: Config, snapshot: Snapshot, account: str) -> str:
    report = snapshot.report_of(account).value
    known = report is not None and account in config.accounts
    return describe_account(config, report) if report is not None and known else account


def _best_standby(config: Config, snapshot: Snapshot, holder: str) -> str:
    found = standbys(config, snapshot, holder)
    if not found:
        raise Refused("no standby reports: start one, or name one with --to")
    return found[0]
