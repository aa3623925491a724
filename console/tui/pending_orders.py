"""One's own orders, from the question to the outcome.

Decided here: that an order stays watched until it has ended, however long that
takes, and that one whose outcome isn't known is never called failed. Pure but
for what it remembers. Not decided here: when an order has ended (`outcomes`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from console.fleet.changes import Event
from console.fleet.snapshot import Snapshot
from console.orders.outcomes import Ended
from console.orders.proposals import Proposal
from console.orders.service import Service
from sessionlib.core.messages import Order
from sessionlib.core.values import Instant

LONG_S = 600.0
"""So long after it was due an order is said to be open still."""


@dataclass(frozen=True, slots=True)
class Given:
    """An order that was given, and what was told of it last."""

    order: Order
    session: str | None
    since: Instant
    due_s: float = 0.0
    told: str = ""
    long: bool = False

    @property
    def name(self) -> str:
        """What was ordered, in a few words."""
        to = f" {self.order.account}" if self.order.account else ""
        return f"{self.order.action.value}{to}"


@dataclass(frozen=True, slots=True)
class Word:
    """Something to be told of an order; `final` where it has ended."""

    event: Event
    final: bool = False


class Orders:
    """All that were given and haven't ended."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._open: list[Given] = []

    def __len__(self) -> int:
        return len(self._open)

    def given(self, order: Order, proposal: Proposal, now: Instant) -> None:
        """Watch this one from now on."""
        self._open.append(Given(order, proposal.session, now, proposal.due_s))

    def look(self, snapshot: Snapshot, now: Instant) -> list[Word]:
        """What is new of them."""
        words: list[Word] = []
        still: list[Given] = []
        for given in self._open:
            outcome = self._service.outcome(given.order, snapshot, given.session)
            if isinstance(outcome, Ended):
                head, tone = ("done", "good") if outcome.done else ("refused", "bad")
                text = f"{given.name}: {head}: {outcome.text}"
                words.append(Word(Event(text, tone, given.order.account), final=True))
                continue
            is_long = now.since(given.since) > given.due_s + LONG_S
            if outcome.text != given.told:
                words.append(Word(Event(f"{given.name}: {outcome.text}", "", given.order.account)))
            if is_long and not given.long:
                text = f"{given.name}: outcome unknown, still watching ({outcome.text})"
                words.append(Word(Event(text, "warn", given.order.account)))
            still.append(replace(given, told=outcome.text, long=is_long))
        self._open = still
        return words
