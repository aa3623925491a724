"""An order's fate: what a judgement consists of, and which orders still want one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sessionlib.core.messages import Order, OrderAction, Receipt
from sessionlib.core.receipts import REFUSED, VOID
from sessionlib.core.values import Lease, Plan
from sessionlib.core.view import View


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What the next renewal changes; `done` is the order that it carries out, if that does."""

    plan: Plan | None
    done: str | None = None
    paused: bool | None = None
    drops: str | None = None
    """The order whose plan this ends, which is answered with `why`."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A receipt (None: the write that carries the order out is the answer), and what follows."""

    receipt: Receipt | None
    rewrite: Rewrite | None = None
    copies: str | None = None


def refused(order: Order, why: str) -> Judgement:
    """It can't be done, and nothing changes."""
    return Judgement(Receipt(order.id, REFUSED, why))


def void(order: Order, why: str) -> Judgement:
    """What it was given on is no longer so."""
    return Judgement(Receipt(order.id, VOID, why))


def unanswered(view: View, lease: Lease, actions: frozenset[OrderAction]) -> Iterator[Order]:
    """The orders of these kinds that still want an answer.

    Old ones first: only the last receipts are kept, and it is the newest that
    somebody waits for.
    """
    for order in sorted(view.orders, key=lambda order: order.epoch):
        known = order.id in lease.done or order.id in view.answered
        if order.action in actions and not known:
            yield order
