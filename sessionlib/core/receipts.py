"""What is kept of the word given on orders: how many receipts, and which words are the last."""

from __future__ import annotations

from dataclasses import replace

from sessionlib.core.messages import Receipt
from sessionlib.core.view import View

RECEIPTS_KEPT = 8
SEEN = "seen"
ACTED = "acted"
VOID = "void"
EXPIRED = "expired"
REFUSED = "refused"
LAST_WORDS = frozenset({VOID, REFUSED, ACTED, EXPIRED})


def with_receipt(view: View, receipt: Receipt) -> View:
    """The view with what became of an order; the newest word on an order stands."""
    if receipt in view.receipts:
        return view
    others = tuple(known for known in view.receipts if known.id != receipt.id)
    last = {receipt.id} if receipt.outcome in LAST_WORDS else set()
    return replace(
        view, receipts=(*others, receipt)[-RECEIPTS_KEPT:], answered=view.answered | last
    )
