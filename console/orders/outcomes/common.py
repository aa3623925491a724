"""An order's progress or its outcome, and the receipt that counts if sessions gave several."""

from __future__ import annotations

from dataclasses import dataclass

from console.fleet.snapshot import Snapshot
from sessionlib.core.messages import History, Order, Receipt

_STILL_OPEN = frozenset({"seen", "acted"})


@dataclass(frozen=True, slots=True)
class OrderProgress:
    """Still under way; `text` says how far."""

    text: str


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """Over. `done` says whether it came about as it was ordered."""

    done: bool
    text: str
    move: History | None = None


def rejection_of(order: Order, snapshot: Snapshot) -> OrderOutcome | None:
    """The outcome of an order that a session refused, or that nobody took in time; else None."""
    found = receipt(order.id, snapshot)
    if found is None or found[1].outcome in _STILL_OPEN:
        return None
    return OrderOutcome(
        False, f"the order is {found[1].outcome}: {found[1].why or 'no reason given'}"
    )


def is_carried_out(order: Order, snapshot: Snapshot) -> bool:
    """Whether a session says so, or the lease record, which outlives every session."""
    found = receipt(order.id, snapshot)
    lease = snapshot.lease.value
    return (found is not None and found[1].outcome == "acted") or (
        lease is not None and order.id in lease.done
    )


def progress_text(order: Order, snapshot: Snapshot, who: str) -> str:
    """The progress of an order by its receipt; without one, `who` has yet to see it."""
    found = receipt(order.id, snapshot)
    if found is None:
        return f"{who} has yet to see it"
    account, word = found
    return f"{account} says: {word.outcome}"


def receipt(order_id: str, snapshot: Snapshot) -> tuple[str, Receipt] | None:
    """The receipt that counts of all for an order or a plan, with its account; None without one."""
    found = [
        (account, receipt)
        for account, seen in snapshot.reports.items()
        if seen.value is not None
        for receipt in seen.value.receipts
        if receipt.id == order_id
    ]
    return min(found, key=_weight, default=None)


def _weight(found: tuple[str, Receipt]) -> int:
    """Rank "acted" first: a session that finds the order void or late may have read it later."""
    outcome = found[1].outcome
    return 0 if outcome == "acted" else 1 if outcome not in _STILL_OPEN else 2
