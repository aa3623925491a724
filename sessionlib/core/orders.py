"""What an operator's order comes to.

Decided here: whether an order whose signature was good is taken, void or
refused, from the evidence it carries. An order is a request: taking one only
starts a plan, and carrying it out is a lease write that holds its id, which is
what makes it happen once. Not decided here: signatures, and the age at which an
order expires (both are checked before an order gets here).
"""

from __future__ import annotations

from dataclasses import dataclass

from sessionlib.core.notes import Order, OrderAction, Receipt
from sessionlib.core.peers import is_alive, successors
from sessionlib.core.values import Instant, Lease, Plan, PlanPhase
from sessionlib.core.view import View

VOID = "void"
REFUSED = "refused"
SEEN = "seen"
LAST_WORDS = frozenset({VOID, REFUSED, "acted", "expired"})


@dataclass(frozen=True, slots=True)
class Judged:
    """An order's fate: a receipt, and the plan it starts or the departure it asks for."""

    receipt: Receipt
    plan: Plan | None = None
    departs: bool = False


def judge_as_holder(view: View, lease: Lease, now: Instant) -> Judged | None:
    """The first handover order that still wants an answer from the holder of `lease`.

    Old ones first: only the last receipts are kept, and it is the newest that
    somebody waits for.
    """
    for order in sorted(view.orders, key=lambda order: order.epoch):
        if order.action is OrderAction.HANDOVER and _wants_answer(view, lease, order):
            return _handover(view, lease, order, now)
    return None


def _wants_answer(view: View, lease: Lease, order: Order) -> bool:
    if order.id in lease.done or (lease.plan is not None and lease.plan.id == order.id):
        return False
    return order.id not in view.answered


def _handover(view: View, lease: Lease, order: Order, now: Instant) -> Judged:
    if order.epoch != lease.epoch:
        why = f"given at epoch {order.epoch}; it is {lease.epoch} now"
        return Judged(Receipt(order.id, VOID, why))
    able = successors(view, now, view.settings.lead_s)
    why_not = _why_not(view, lease, order, now, [peer.account for peer in able])
    if why_not is not None:
        return Judged(Receipt(order.id, REFUSED, why_not))
    to = order.account or able[0].account
    plan = Plan(order.id, to, PlanPhase.WARMING, f"ordered by {order.by}")
    return Judged(Receipt(order.id, SEEN, f"moving to {to}"), plan=plan)


def _why_not(view: View, lease: Lease, order: Order, now: Instant, able: list[str]) -> str | None:
    """What stands in the way of a handover order given under this epoch; the first of it."""
    to = order.account
    peer = view.peers.get(to) if to is not None else None
    busy = lease.plan is not None and lease.plan.phase is not PlanPhase.PROPOSED
    obstacles = [
        (busy, f"a move to {lease.plan.to if lease.plan else ''} is under way"),
        (to == view.me.account, f"{to} is the primary already"),
        (to is None and not able, "no standby is alive"),
        (to is not None and peer is None, f"{to} is not an account of this fleet"),
        (
            peer is not None and not is_alive(peer, now, view.timing.poll_s),
            f"{to} is not reporting: start its agent first",
        ),
        (to is not None and to not in able, f"{to} has too little of its session left"),
    ]
    return next((why for stands, why in obstacles if stands), None)


def judge_stop(view: View) -> Judged | None:
    """The first order that asks this very incarnation to stop.

    It is aimed at an incarnation and not at an epoch: a session started later,
    or this one after it has retired, isn't what the operator looked at.
    """
    for order in view.orders:
        mine = order.action is OrderAction.STOP and order.account == view.me.account
        if mine and order.target == view.me.incarnation:
            return Judged(Receipt(order.id, SEEN, "stopping"), departs=True)
    return None
