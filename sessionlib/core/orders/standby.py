"""Orders for a session that doesn't hold the lease: emergency, approval, resumption, and stop.

A claim is still one conditional write on the very record that was judged. A renewal in between
makes it fail, and the order void.
"""

from __future__ import annotations

from sessionlib.core.messages import Order, OrderAction, Receipt
from sessionlib.core.orders.judged import Judgement, refused, unanswered, void
from sessionlib.core.receipts import SEEN
from sessionlib.core.values import Lease, LeaseState
from sessionlib.core.view import LeaseReadStatus, View, named_holder

_MINE = frozenset({OrderAction.EMERGENCY})


def matches_lease(order: Order, lease: Lease) -> bool:
    """Whether the record is still the very one that the order was given on."""
    given_on = (order.epoch, order.incarnation, order.renewal)
    return given_on == (lease.epoch, lease.incarnation, lease.renewal)


def emergency(view: View, lease: Lease) -> Order | None:
    """The order by which this session may claim at once, its predecessor being known to have
    ended."""
    if view.lease_read_status is not LeaseReadStatus.SEEN:
        return None
    for order in unanswered(view, lease, _MINE):
        stopped = _names_holder(order, lease)
        if order.account == view.me.account and matches_lease(order, lease) and stopped:
            return order
    return None


def _names_holder(order: Order, lease: Lease) -> bool:
    """Whether the order says of the very holder that its session has ended. Nobody can say so
    of a holder that isn't known."""
    return order.stopped is not None and order.stopped == named_holder(lease)


def approval(view: View, lease: Lease) -> Order | None:
    """The order that approves this session's takeover of this very lease."""
    for order in unanswered(view, lease, frozenset({OrderAction.APPROVE})):
        mine = order.plan is None and order.account == view.me.account
        if mine and matches_lease(order, lease):
            return order
    return None


def resumption(view: View, lease: Lease) -> Order | None:
    """The order that lets a paused fleet go on whose lease nobody holds any more. It was given
    on this very record: an earlier one may have been carried out before a later pause."""
    resuming = frozenset({OrderAction.RESUME})
    return next(
        (order for order in unanswered(view, lease, resuming) if matches_lease(order, lease)), None
    )


def judge(view: View, lease: Lease, *, can_work: bool) -> Judgement | None:
    """A word on an order that this session can't carry out, or not any more."""
    for order in unanswered(view, lease, frozenset(OrderAction)):
        judged = _judge(view, lease, order, can_work=can_work)
        if judged is not None:
            return judged
    return None


def _judge(view: View, lease: Lease, order: Order, *, can_work: bool) -> Judgement | None:
    if order.epoch == lease.epoch and order.action in {OrderAction.ABORT, OrderAction.RESUME}:
        return _judge_for_nobody(lease, order)
    takeover = order.action is OrderAction.APPROVE and order.plan is None
    mine = order.account == view.me.account and (takeover or order.action in _MINE)
    # Where the operator has seen a newer record than we have, our next reading decides.
    if not mine or (order.epoch, order.renewal) > (lease.epoch, lease.renewal):
        return None
    if order.epoch != lease.epoch:
        return void(order, f"given at epoch {order.epoch}; it is {lease.epoch} now")
    if not matches_lease(order, lease):
        return void(order, f"{lease.holder} has renewed the lease since it was given")
    if order.action in _MINE and not _names_holder(order, lease):
        return refused(order, f"it doesn't say that {lease.holder}'s session has ended")
    return None if can_work else refused(order, f"{view.me.account} has too little time left")


def _judge_for_nobody(lease: Lease, order: Order) -> Judgement | None:
    """A word on an order to the holder, where by now there is none to give it."""
    ours = lease.plan is not None and lease.plan.id == order.plan
    if order.action is OrderAction.ABORT and lease.state is LeaseState.OFFERED and ours:
        return refused(order, "the move is past its commit point")
    before = order.renewal < lease.renewal
    if order.action is OrderAction.RESUME and lease.state is LeaseState.FREE and before:
        return void(order, "the lease was given up since it was given: give it again")
    return None


def judge_stop(view: View) -> Judgement | None:
    """The first order that asks this very incarnation to stop.

    It is aimed at an incarnation and not at an epoch: a session started later,
    or this one after it has retired, isn't what the operator saw.
    """
    for order in view.orders:
        mine = order.action is OrderAction.STOP and order.account == view.me.account
        if mine and order.target == view.me.incarnation:
            return Judgement(Receipt(order.id, SEEN, "stopping"))
    return None
