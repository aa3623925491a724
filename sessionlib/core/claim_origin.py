"""How a claim came about: the move, from whom, and how long the work stood still."""

from __future__ import annotations

from sessionlib.core.messages import MoveKind, OrderAction
from sessionlib.core.values import Instant, Lease, LeaseState
from sessionlib.core.view import ClaimOrigin, View, named_holder


def claimed_by(view: View, lease: Lease, carries: tuple[str, ...], now: Instant) -> ClaimOrigin:
    """What kind of move a claim on `lease` is, and since when the work has stood still."""
    seen_mono = view.watch.since_mono if view.watch else now.mono
    plan = lease.plan
    for order in view.orders:
        if order.id in carries and order.action is OrderAction.EMERGENCY:
            reason = f"ordered by {order.by}: {order.evidence or 'no evidence named'}"
            holder = named_holder(lease)
            return ClaimOrigin(
                MoveKind.EMERGENCY, holder, reason, order.id, view.unseen_s, seen_mono
            )
    if lease.state is LeaseState.OFFERED and plan is not None and plan.to == view.me.account:
        quiet_s = plan.quiet_s + view.unseen_s
        return ClaimOrigin(MoveKind.PLANNED, lease.holder, plan.reason, plan.id, quiet_s, seen_mono)
    if lease.state is LeaseState.FREE:
        if lease.epoch == 0:
            return ClaimOrigin(MoveKind.FIRST, None, "first claim", None, 0.0, now.mono)
        reason = "vacated by its holder"
        return ClaimOrigin(
            MoveKind.PLANNED, view.last_holder, reason, None, view.unseen_s, seen_mono
        )
    reason = "the holder stopped renewing"
    return ClaimOrigin(
        MoveKind.TAKEOVER, named_holder(lease), reason, None, view.unseen_s, seen_mono
    )
