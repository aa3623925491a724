"""Orders for the holder of the lease: what each needs, and what it changes in the record.

Every one of them is void at another epoch than the one it was given at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sessionlib.core.handover import TENTATIVE_PHASES
from sessionlib.core.messages import Order, OrderAction, Receipt, When
from sessionlib.core.orders.ages import age_s
from sessionlib.core.orders.judged import Judgement, Rewrite, refused, unanswered, void
from sessionlib.core.peers import is_alive, successors
from sessionlib.core.receipts import SEEN
from sessionlib.core.session_phases import Bounds
from sessionlib.core.values import Instant, Lease, Plan, PlanPhase
from sessionlib.core.view import View


def judge(view: View, lease: Lease, now: Instant) -> Judgement | None:
    """The fate of the first order that wants an answer from the holder of `lease`."""
    for order in unanswered(view, lease, frozenset(_JUDGES)):
        if order.epoch > lease.epoch:
            # Given to whoever has the lease by now, which we have yet to learn.
            continue
        if order.epoch < lease.epoch:
            return void(order, f"given at epoch {order.epoch}; it is {lease.epoch} now")
        judged = _JUDGES[order.action](view, lease, order, now)
        if judged is not None:
            return judged
    return None


def judge_abort(view: View, lease: Lease, now: Instant) -> Judgement | None:
    """The only order that is judged while the work is being stopped for a plan."""
    for order in unanswered(view, lease, frozenset({OrderAction.ABORT})):
        if order.epoch == lease.epoch:
            return _abort(view, lease, order, now)
    return None


def _handover(view: View, lease: Lease, order: Order, now: Instant) -> Judgement | None:
    if lease.plan is not None and lease.plan.id == order.id:
        return None
    able = successors(view, now, view.settings.lead_s)
    why_not = _why_not(view, lease, order, now, [peer.account for peer in able])
    if why_not is not None:
        return refused(order, why_not)
    to = order.account or able[0].account
    reason = f"ordered by {order.by}"
    plan = Plan(order.id, to, PlanPhase.WARMING, reason, approved=True)
    if order.when is not When.NOW:
        left_s = _left_s(view, order, now)
        if left_s > view.due_s(now):
            return refused(order, "this session ends before that")
        plan = replace(plan, phase=PlanPhase.PROPOSED, left_s=left_s)
    text = f"moving to {to}" if plan.left_s is None else f"moving to {to} in {plan.left_s:.0f} s"
    replaced = lease.plan.id if lease.plan else None
    return Judgement(Receipt(order.id, SEEN, text), Rewrite(plan, drops=replaced, why=text))


def _left_s(view: View, order: Order, now: Instant) -> float:
    """How far ahead the T-0 of a move lies that isn't to be made at once."""
    if order.when is When.WARNING:
        warning_s = Bounds.for_lifetime(view.lifetime_s).warning_s
        return max(0.0, view.remaining_s(now) - warning_s)
    return max(0.0, (order.after_s or 0.0) - age_s(view, order, now))


def _why_not(view: View, lease: Lease, order: Order, now: Instant, able: list[str]) -> str | None:
    """What stands in the way of a handover order given under this epoch; the first of it."""
    to = order.account
    peer = view.peers.get(to) if to is not None else None
    busy = lease.plan is not None and lease.plan.phase not in TENTATIVE_PHASES
    obstacles = [
        (busy, f"a move to {lease.plan.to if lease.plan else ''} is under way"),
        (lease.paused, "the fleet is paused: resume it first"),
        (to == view.me.account, f"{to} is the primary already"),
        (to is None and not able, "no standby is alive"),
        (to is not None and peer is None, f"{to} is not an account of this fleet"),
        (
            peer is not None and not is_alive(peer, now, view.timing.slack_s),
            f"{to} is not reporting: start its agent first",
        ),
        (to is not None and to not in able, f"{to} has too little of its session left"),
    ]
    return next((why for stands, why in obstacles if stands), None)


def _approve(view: View, lease: Lease, order: Order, now: Instant) -> Judgement | None:
    if order.plan is None:
        # It speaks of a takeover, which is a standby's business.
        return None
    if lease.plan is None or lease.plan.id != order.plan:
        return void(order, "the plan that it approves is over")
    return Judgement(None, Rewrite(replace(lease.plan, approved=True), done=order.id))


def _abort(view: View, lease: Lease, order: Order, now: Instant) -> Judgement | None:
    if lease.plan is None or lease.plan.id != order.plan:
        return void(order, "the plan that it aborts is over")
    why = f"aborted by {order.by}"
    return Judgement(None, Rewrite(None, done=order.id, drops=lease.plan.id, why=why))


def _pause(view: View, lease: Lease, order: Order, now: Instant) -> Judgement | None:
    dropped = lease.plan.id if lease.plan else None
    why = f"the fleet was paused by {order.by}"
    return Judgement(None, Rewrite(None, done=order.id, paused=True, drops=dropped, why=why))


def _resume(view: View, lease: Lease, order: Order, now: Instant) -> Judgement | None:
    return Judgement(None, Rewrite(lease.plan, done=order.id, paused=False))


def _checkpoint(view: View, lease: Lease, order: Order, now: Instant) -> Judgement | None:
    if order.id == view.copies.order:
        return None
    if view.copies.is_busy or view.tenure is None or view.data.ready_for != view.tenure.epoch:
        # It waits for the copy under way, which may have begun before what it asks for.
        return None
    return Judgement(Receipt(order.id, SEEN, "making a checkpoint"), copies=order.id)


_JUDGES: Mapping[OrderAction, Callable[[View, Lease, Order, Instant], Judgement | None]] = {
    OrderAction.HANDOVER: _handover,
    OrderAction.APPROVE: _approve,
    OrderAction.ABORT: _abort,
    OrderAction.PAUSE: _pause,
    OrderAction.RESUME: _resume,
    OrderAction.CHECKPOINT: _checkpoint,
}
