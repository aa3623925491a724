"""The progress or the outcome of an order, judged from one snapshot. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from console.fleet.snapshot import Snapshot
from console.orders.outcomes import moves, states
from console.orders.outcomes.common import OrderOutcome, OrderProgress
from sessionlib.core.messages import Order, OrderAction
from sessionlib.core.values import Lease

__all__ = ["OrderOutcome", "OrderProgress", "judge"]

_JUDGES: Mapping[OrderAction, Callable[[Order, Lease, Snapshot], OrderProgress | OrderOutcome]] = {
    OrderAction.ABORT: states.of_abort,
    OrderAction.PAUSE: states.of_pause,
    OrderAction.RESUME: states.of_pause,
    OrderAction.CHECKPOINT: states.of_checkpoint,
    OrderAction.EMERGENCY: moves.of_emergency,
}


def judge(
    order: Order, snapshot: Snapshot, session: str | None = None
) -> OrderProgress | OrderOutcome:
    """How far an order has come; `session` is the one that a stop is to end."""
    if snapshot.error is not None:
        return OrderProgress(f"the store can't be reached ({snapshot.error})")
    if order.action is OrderAction.STOP:
        return states.of_stop(order, snapshot, session)
    lease = snapshot.lease.value
    if lease is None:
        return OrderProgress(f"the lease can't be read ({snapshot.lease.error or 'it is missing'})")
    return _JUDGES.get(order.action, moves.of_move)(order, lease, snapshot)
