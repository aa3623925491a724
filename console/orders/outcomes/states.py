"""The outcome of an order that moves nothing."""

from __future__ import annotations

from console.fleet.snapshot import Snapshot
from console.orders.outcomes.common import (
    OrderOutcome,
    OrderProgress,
    is_carried_out,
    progress_text,
    rejection_of,
)
from sessionlib.core.messages import Order, OrderAction
from sessionlib.core.values import Lease, LeaseState


def of_stop(order: Order, snapshot: Snapshot, session: str | None) -> OrderProgress | OrderOutcome:
    """A stop has ended with the session; `session` is the one that was meant."""
    report = snapshot.report_of(order.account).value
    if report is None:
        return OrderProgress(f"{order.account}'s report can't be read")
    if session is not None and report.session != session:
        return OrderOutcome(True, f"{order.account}'s session has ended; another one runs")
    if report.ended is not None:
        return OrderOutcome(True, f"{order.account} has ended: {report.ended}")
    return rejection_of(order, snapshot) or OrderProgress(
        f"{order.account} is {report.member}, workload {report.workload}"
    )


def of_abort(order: Order, lease: Lease, snapshot: Snapshot) -> OrderProgress | OrderOutcome:
    """An abort has ended when its plan is gone and no claim came of it."""
    if lease.epoch > order.epoch:
        return OrderOutcome(
            False,
            f"too late: the move had passed its commit point, and {lease.holder or 'nobody'} has "
            f"the lease under epoch {lease.epoch}",
        )
    is_planned = lease.plan is not None and lease.plan.id == order.plan
    if not is_planned and lease.state is LeaseState.HELD:
        return OrderOutcome(True, f"the move is called off; {lease.holder} serves on")
    refused = rejection_of(order, snapshot)
    if refused is not None:
        return refused
    if lease.state is LeaseState.OFFERED:
        return OrderProgress(f"too late: the lease is offered to {lease.successor}")
    return OrderProgress(progress_text(order, snapshot, "the primary"))


def of_pause(order: Order, lease: Lease, snapshot: Snapshot) -> OrderProgress | OrderOutcome:
    """A pause, or its end, is in the lease record."""
    wanted = order.action is OrderAction.PAUSE
    if lease.paused is wanted:
        text = "the fleet is paused: nothing moves by itself" if wanted else "the fleet goes on"
        return OrderOutcome(True, text)
    if lease.epoch > order.epoch:
        return OrderOutcome(False, f"the order is void: epoch {lease.epoch} has begun since")
    # By the record alone: a report that was read after it may know more than it says.
    if order.id in lease.done:
        return OrderOutcome(
            False, "it was carried out, and somebody has asked for the opposite since"
        )
    return rejection_of(order, snapshot) or OrderProgress(
        progress_text(order, snapshot, "the fleet")
    )


def of_checkpoint(order: Order, lease: Lease, snapshot: Snapshot) -> OrderProgress | OrderOutcome:
    """A checkpoint is there once the order is in the record beside its pointer."""
    if order.id in lease.done and lease.checkpoint is not None:
        pointer = lease.checkpoint
        return OrderOutcome(True, f"checkpoint {pointer.seq} of epoch {pointer.epoch} is published")
    if is_carried_out(order, snapshot):
        return OrderOutcome(True, "a checkpoint is published")
    if lease.epoch > order.epoch:
        return OrderOutcome(False, f"the order is void: epoch {lease.epoch} has begun since")
    return rejection_of(order, snapshot) or OrderProgress(
        progress_text(order, snapshot, "the primary")
    )
