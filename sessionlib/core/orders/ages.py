"""How old an order is, by the clock of whoever reads it, and when it has outlived its time.

One that is too old when it is read never reaches the core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sessionlib.core.events import MailboxRead
from sessionlib.core.messages import ORDER_LIFE_S, Order
from sessionlib.core.values import Instant
from sessionlib.core.view import View


def given_boot(view: View, event: MailboxRead, now: Instant) -> Mapping[str, float]:
    """When each order was given. The first estimate stands: every reading of the mailbox brings
    the age anew, a little differently each time.

    A reading that took longer than a request may was held up on its way to us, as in a session
    that was frozen. Its ages are of when the store was read.
    """
    read_boot = min(now.boot, view.mailbox_read_began_boot + view.timing.timeout_s)
    return {
        order.id: view.given_boot.get(order.id, read_boot - event.ages_s.get(order.id, 0.0))
        for order in event.orders
    }


def age_s(view: View, order: Order, now: Instant) -> float:
    """How long ago `order` was given; one that hasn't been read before is new."""
    return now.boot - view.given_boot.get(order.id, now.boot)


def without_late(view: View, now: Instant) -> View:
    """The view without orders that have outlived their time since they were read.

    This session may have been frozen meanwhile, or kept from reading. The next reading says what
    becomes of them.
    """
    in_time = tuple(order for order in view.orders if age_s(view, order, now) <= ORDER_LIFE_S)
    return view if len(in_time) == len(view.orders) else replace(view, orders=in_time)
