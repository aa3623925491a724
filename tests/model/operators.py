"""What operators may ask for, and what agents find in the notes.

Decided here: which orders may be given in a state, as the operator sees it now; that an
order may stand for any time, be read by anybody at any time or never, and be withdrawn;
and what must hold of a write that carries one out (S6). Reports grant nothing, so they
may say anything: that every other agent is ready for whatever is planned, or that none
has been heard of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sessionlib.core.messages import Order, OrderAction
from sessionlib.core.values import Lease, LeaseState
from tests.model.local import Local
from tests.model.names import EPOCH, NEITHER, RENEWAL

SLOTS = ("o1", "o2")
"""The ids of orders: one for each operator, used again once nobody remembers the last one."""

EXACT = frozenset({OrderAction.EMERGENCY, OrderAction.APPROVE})
"""Where they lead to a claim, they hold on one renewal only."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An order: `stands` while it is in the store, `done` once a write has carried it out,
    `begun` once one has begun a move for it. Its accounts are places, the holder's being 0."""

    order: Order
    stands: bool = True
    done: bool = False
    begun: bool = False


Notes = tuple[Standing | None, ...]


def outdated(notes: Notes, *, rose: bool, turn: int, agents: int) -> Notes:
    """The notes once the record has changed: `rose` says by a claim, and `turn` which place is
    the holder's now."""
    return tuple(
        None if each is None else replace(each, order=_outdated(each.order, rose, turn, agents))
        for each in notes
    )


def _outdated(order: Order, rose: bool, turn: int, agents: int) -> Order:
    if rose:
        order = replace(order, epoch=EPOCH - 1, renewal=0)
    elif order.epoch == EPOCH:
        order = replace(order, renewal=RENEWAL - 1)
    return turned(order, turn, agents)


def turned(order: Order, turn: int, agents: int) -> Order:
    """The same order, with the places told from another one."""
    if turn == 0:
        return order
    return replace(
        order,
        account=_place(order.account, turn, agents),
        stopped=_place(order.stopped, turn, agents),
    )


def _place(name: str | None, turn: int, agents: int) -> str | None:
    return None if name is None else str((int(name) - turn) % agents)


def given(  # noqa: C901, PLR0912 - one case for each kind of order
    record: Lease, slot: int, actions: tuple[OrderAction, ...], agents: int, *, ended: bool
) -> Iterator[Standing]:
    """The orders that an operator may give on `record`; `ended` says that the holder's session is
    proven to have ended."""
    others = [str(at) for at in range(1 if record.holder is not None else 0, agents)]

    def order(action: OrderAction, **more: Any) -> Standing:
        plain = Order(SLOTS[slot], "f", action, None, EPOCH, None, RENEWAL, "op")
        return Standing(replace(plain, **more))

    for action in actions:
        match action:
            case OrderAction.HANDOVER:
                if record.state is LeaseState.HELD:
                    yield from (order(action, account=each) for each in others)
            case OrderAction.APPROVE:
                if record.state is LeaseState.HELD:
                    yield from (order(action, account=each) for each in others)
            case OrderAction.ABORT:
                if record.plan is not None:
                    yield order(action, plan=record.plan.id)
            case OrderAction.EMERGENCY:
                if record.state is LeaseState.HELD and ended:
                    yield from (order(action, account=each, stopped="0") for each in others)
            case OrderAction.PAUSE:
                if not record.paused:
                    yield order(action)
            case OrderAction.RESUME:
                if record.paused:
                    yield order(action)
            case _:
                raise AssertionError(f"the model has no {action}")


def found(notes: Notes, record: Lease, names: dict[str | None, str | None]) -> tuple[Order, ...]:
    """The orders that stand, as an agent finds them to which the others have these `names` and
    the record looks like `record`."""
    return tuple(
        replace(
            each.order,
            account=names[each.order.account],
            stopped=names[each.order.stopped],
            incarnation=record.incarnation if is_on_record(each.order) else NEITHER,
        )
        for each in notes
        if each is not None and each.stands
    )


def is_on_record(order: Order) -> bool:
    return (order.epoch, order.renewal) == (EPOCH, RENEWAL)


def mentions(local: Local, slot: str) -> bool:
    """Whether an agent, or a write of it, has more of an order than that it is done with."""
    view = local.view
    if any(slot in write.lease.done for write in local.net):
        # It may yet carry the order out, whoever sent it.
        return True
    leases = [write.lease for write in local.net]
    if view is not None:
        writes = [*view.unsettled, *([view.write] if view.write else [])]
        leases += [write.lease for write in writes]
        if slot in view.carrying or any(slot in write.carries for write in writes):
            return True
        leases += [view.lease] if view.lease is not None else []
    return any(lease.plan is not None and lease.plan.id == slot for lease in leases)


def carried_out(  # noqa: PLR0911 - one line for each promise
    notes: Notes, before: Lease, after: Lease, *, claims: bool, asks_first: bool
) -> tuple[Notes, str | None]:
    """The notes after a write, and which promise it has broken (S6)."""
    new = list(notes)
    by: set[OrderAction] = set()
    for slot, each in enumerate(notes):
        name = SLOTS[slot]
        done = name in after.done and name not in before.done
        begins = _plan_id(after) == name and _plan_id(before) != name
        if not done and not begins:
            continue
        if each is None:
            return notes, "an order that nobody has given is carried out (S6)"
        if (done and each.done) or (begins and (each.begun or each.done)):
            return notes, "an order is carried out twice (S6)"
        order = each.order
        if order.epoch != EPOCH:
            return notes, "an order is carried out at another epoch (S6)"
        if claims and done and order.action in EXACT and not is_on_record(order):
            return notes, "an order is carried out after a renewal (S6)"
        new[slot] = replace(each, done=each.done or done, begun=each.begun or begins)
        if done:
            by.add(order.action)
    if claims and before.paused and not by & {OrderAction.EMERGENCY, OrderAction.RESUME}:
        return notes, "the lease is claimed while the fleet is paused (S6)"
    if claims and asks_first and before.state is LeaseState.HELD and not by & EXACT:
        return notes, "the lease is taken over without having been approved (S6)"
    return tuple(new), None


def _plan_id(lease: Lease) -> str | None:
    return lease.plan.id if lease.plan is not None else None
