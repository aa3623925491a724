"""One's own orders, from the question to the outcome.

An order stays watched until it has ended, however long that takes. One whose outcome isn't known
is never called failed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from console.fleet.changes import FleetEvent
from console.fleet.snapshot import Snapshot
from console.orders.outcomes import OrderOutcome
from console.orders.proposals import Proposal
from console.orders.screen_orders import OrderService
from sessionlib.core.messages import Order
from sessionlib.core.values import Instant

LONG_S = 600.0
"""So long after it was due an order is said to be open still."""


@dataclass(frozen=True, slots=True)
class PendingOrder:
    """An order that was given, and what was told of it last."""

    order: Order
    session: str | None
    since: Instant
    due_s: float = 0.0
    last_text: str = ""
    is_overdue: bool = False

    @property
    def name(self) -> str:
        """What was ordered, in a few words."""
        to = f" {self.order.account}" if self.order.account else ""
        return f"{self.order.action.value}{to}"


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """Something to be told of an order; `final` where it has ended."""

    event: FleetEvent
    final: bool = False


class PendingOrders:
    """All that were given and haven't ended."""

    def __init__(self, service: OrderService) -> None:
        self._service = service
        self._open: list[PendingOrder] = []

    def __len__(self) -> int:
        return len(self._open)

    def add(self, order: Order, proposal: Proposal, now: Instant) -> None:
        """Watch this one from now on."""
        self._open.append(PendingOrder(order, proposal.session, now, proposal.due_s))

    def update(self, snapshot: Snapshot, now: Instant) -> list[OrderUpdate]:
        """What is new of them."""
        words: list[OrderUpdate] = []
        still: list[PendingOrder] = []
        for given in self._open:
            outcome = self._service.outcome(given.order, snapshot, given.session)
            if isinstance(outcome, OrderOutcome):
                head, tone = ("done", "good") if outcome.done else ("refused", "bad")
                text = f"{given.name}: {head}: {outcome.text}"
                words.append(OrderUpdate(FleetEvent(text, tone, given.order.account), final=True))
                continue
            is_long = now.since(given.since) > given.due_s + LONG_S
            if outcome.text != given.last_text:
                words.append(
                    OrderUpdate(
                        FleetEvent(f"{given.name}: {outcome.text}", "", given.order.account)
                    )
                )
            if is_long and not given.is_overdue:
                text = f"{given.name}: outcome unknown, still watching ({outcome.text})"
                words.append(OrderUpdate(FleetEvent(text, "warn", given.order.account)))
            still.append(replace(given, last_text=outcome.text, is_overdue=is_long))
        self._open = still
        return words
