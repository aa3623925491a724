"""The outcome of an order that moves the work: it ends when the successor's workload serves."""

from __future__ import annotations

from console.fleet.fleet_text import duration
from console.fleet.snapshot import Snapshot
from console.orders.outcomes.common import (
    OrderOutcome,
    OrderProgress,
    is_carried_out,
    progress_text,
    receipt,
    rejection_of,
)
from sessionlib.core.messages import History, Order, OrderAction, Report, WorkState
from sessionlib.core.values import Lease, LeaseState, Plan


def of_move(order: Order, lease: Lease, snapshot: Snapshot) -> OrderProgress | OrderOutcome:
    """How far a handover has come, or a move that was approved."""
    if lease.epoch > order.epoch:
        return _of_next_epoch(order, lease, snapshot)
    plan = lease.plan
    if lease.state is LeaseState.OFFERED:
        return OrderProgress(f"the work has stopped and is offered to {lease.successor}")
    if plan is not None and plan.id == _plan_id(order) and _is_begun(order, plan):
        return OrderProgress(f"{lease.holder} moves to {plan.to}: {_how_far(plan)}")
    return (
        rejection_of(order, snapshot)
        or _called_off(order, plan, snapshot)
        or OrderProgress(_not_begun(order, lease, snapshot))
    )


def of_emergency(order: Order, lease: Lease, snapshot: Snapshot) -> OrderProgress | OrderOutcome:
    """How far an emergency has come. Any sign of life of the holder has voided it."""
    if lease.epoch > order.epoch:
        return _of_next_epoch(order, lease, snapshot)
    if (lease.incarnation, lease.renewal) != (order.incarnation, order.renewal):
        return OrderOutcome(
            False,
            f"the order is void: the lease was written since, so {lease.holder} is alive",
        )
    return rejection_of(order, snapshot) or OrderProgress(
        progress_text(order, snapshot, order.account or "nobody")
    )


def _of_next_epoch(order: Order, lease: Lease, snapshot: Snapshot) -> OrderProgress | OrderOutcome:
    move = snapshot.last_move.value
    report = snapshot.report_of(lease.holder).value
    if move is None or not _serves(report, lease):
        if lease.state is LeaseState.FREE:
            return OrderProgress(f"nobody holds the lease after epoch {lease.epoch}")
        return OrderProgress(
            f"{lease.holder} has claimed epoch {lease.epoch}; its workload is starting"
        )
    if order.account is not None and lease.holder != order.account:
        return OrderOutcome(False, f"the work went to {lease.holder}, not to {order.account}", move)
    if order.account is None and move.plan != order.plan:
        return OrderOutcome(False, f"the work went to {lease.holder}, and not by this plan", move)
    return OrderOutcome(True, f"{lease.holder} serves under epoch {lease.epoch}{_down(move)}", move)


def _down(move: History) -> str:
    return "" if move.downtime_s is None else f", {move.downtime_s:.1f} s down"


def _serves(report: Report | None, lease: Lease) -> bool:
    return (
        report is not None
        and report.ended is None
        and report.workload is WorkState.SERVING
        and report.epoch == lease.epoch
    )


def _plan_id(order: Order) -> str | None:
    """The plan by which an order is carried out: the one it approves, or the one it becomes."""
    return order.plan if order.action is OrderAction.APPROVE else order.id


def _is_begun(order: Order, plan: Plan) -> bool:
    return order.action is not OrderAction.APPROVE or plan.approved


def _how_far(plan: Plan) -> str:
    # Only when it changes much: each new text is told.
    if plan.left_s is None or plan.left_s < 60:
        return plan.phase.value
    return f"{plan.phase.value}, due in {duration(plan.left_s // 60 * 60)}"


def _called_off(order: Order, plan: Plan | None, snapshot: Snapshot) -> OrderOutcome | None:
    """The end of a move whose plan is gone without a claim; the reason may come a little later."""
    plan_id = _plan_id(order)
    if plan is not None and plan.id == plan_id:
        return None
    reason = receipt(plan_id, snapshot) if plan_id else None
    if order.action is OrderAction.APPROVE and order.account is None:
        why = reason[1].why if reason else "its plan is gone"
        return OrderOutcome(False, f"the move was called off: {why}")
    return None


def _not_begun(order: Order, lease: Lease, snapshot: Snapshot) -> str:
    if order.action is OrderAction.HANDOVER and is_carried_out(order, snapshot):
        return f"the move was called off; {lease.holder} has yet to say why"
    # A takeover is approved to the standby that asks, anything else to who holds the lease.
    asked = order.account if order.action is OrderAction.APPROVE else None
    return progress_text(order, snapshot, asked or "the primary")
