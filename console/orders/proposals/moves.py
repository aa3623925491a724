"""Proposals to move the work: a handover, and the approval or the end of a move.

The agents check each order again (`sessionlib.core`).
"""

from __future__ import annotations

from console.errors import AlreadySo, Refused
from console.fleet.fleet_text import ago, duration
from console.fleet.readmodel import is_running, time_left_s
from console.fleet.snapshot import Snapshot
from console.orders import consequences
from console.orders.proposals.common import (
    Proposal,
    check_account_exists,
    describe_account,
    describe_checkpoint,
    describe_successor,
    new_order,
    require_holder,
    require_lease,
    require_running_report,
    standbys,
)
from sessionlib.config import Config
from sessionlib.config.schema import HandoverPolicy
from sessionlib.core.messages import OrderAction, When
from sessionlib.core.session_phases import Bounds
from sessionlib.core.values import Lease, LeaseState, Plan, PlanPhase

_WAITS = frozenset({PlanPhase.PROPOSED, PlanPhase.NOTIFIED})


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
    to = to or _best_standby(config, snapshot, holder)
    require_running_report(snapshot, to)
    order = new_order(config, lease, OrderAction.HANDOVER, account=to, when=when, after_s=after_s)
    facts = consequences.of_handover(
        describe_account(config, holder), describe_successor(config, snapshot, to), moment
    )
    return Proposal(order, facts, due_s=due_s)


def approve(config: Config, snapshot: Snapshot) -> Proposal:
    """The approval of what asks for it: a standby's takeover, or else the plan in the lease.

    Raises AlreadySo if the plan is approved, and Refused if nothing asks.
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
    facts = consequences.of_approved_move(
        describe_account(config, holder),
        describe_successor(config, snapshot, plan.to),
        None if plan.left_s is None else f"in {duration(due_s)}",
        plan.reason,
    )
    return Proposal(new_order(config, lease, OrderAction.APPROVE, plan=plan.id), facts, due_s=due_s)


def abort(config: Config, snapshot: Snapshot) -> Proposal:
    """The end of the move that is planned or under way. Raises Refused if there is none, or if
    it can't be called off any more."""
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
    who = describe_account(config, holder)
    facts = consequences.of_abort(who, plan.to, plan.phase.value, plan.reason)
    return Proposal(new_order(config, lease, OrderAction.ABORT, plan=plan.id), facts)


def _approve_takeover(config: Config, snapshot: Snapshot, lease: Lease, standby: str) -> Proposal:
    facts = consequences.of_approved_takeover(
        None if lease.holder is None else describe_account(config, lease.holder),
        describe_successor(config, snapshot, standby),
        ago(snapshot.lease.age_s),
        describe_checkpoint(config, snapshot),
    )
    return Proposal(new_order(config, lease, OrderAction.APPROVE, account=standby), facts)


def _asks(config: Config, snapshot: Snapshot, holder: str, plan: Plan) -> bool:
    report = snapshot.report_of(holder).value
    if report is not None and report.asks == f"plan:{plan.id}":
        return True
    return plan.phase in _WAITS and config.policy.handover is not HandoverPolicy.AUTO


def _due(
    snapshot: Snapshot, holder: str, when: When, after_s: float | None
) -> tuple[float, str | None]:
    """In how many seconds a handover is due, and its time in words, None for now. Raises
    Refused for a time after the session's end."""
    if when is When.NOW:
        return 0.0, None
    seen = snapshot.report_of(holder)
    report = seen.value if is_running(seen) else None
    left_s = None if report is None else time_left_s(seen)
    if when is When.LATER:
        due_s = after_s or 0.0
        if left_s is not None and due_s >= left_s:
            raise Refused(
                f"{holder}'s session ends in {duration(left_s)}: say an earlier time, "
                "or --at-warning"
            )
        return due_s, f"in {duration(due_s)}"
    warning_s = Bounds.for_lifetime(report.lifetime_s).warning_s if report else 0.0
    due_s = max(0.0, (left_s or 0.0) - warning_s)
    return due_s, f"when {holder}'s session has its warning, in {duration(due_s)}"


def _best_standby(config: Config, snapshot: Snapshot, holder: str) -> str:
    found = standbys(config, snapshot, holder)
    if not found:
        raise Refused("no standby reports: start one, or name one with --to")
    return found[0]
