"""What an order's signature covers, for tests that hold those bytes to a form."""

from __future__ import annotations

from sessionlib import signing
from sessionlib.core.messages import Order


def signed_bytes(order: Order) -> bytes:
    return signing.Purpose.ORDER.prefix + signing._body(order)
