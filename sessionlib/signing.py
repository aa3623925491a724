"""Orders signed with the fleet's key, Ed25519.

Decided here: which bytes are signed (every field but the signature, so that an
order can't be given another meaning) and what a key looks like: 64 hex digits,
the operators' secret *seed* or its public half. Not decided here: where the seed
is kept (the console's business) and whether a genuine order is still obeyed
(`core`).
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, replace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from sessionlib.core.notes import Order
from sessionlib.errors import SignatureInvalid

# A signature for one purpose must not be good for another.
_PURPOSE = b"colabvps order/1\n"


def new_seed() -> str:
    """A fleet's secret: 64 hex digits. Whoever has it can give orders."""
    return secrets.token_hex(32)


def public_of(seed_hex: str) -> str:
    """The half that agents know. Raises ValueError for anything but 64 hex digits."""
    return _private(seed_hex).public_key().public_bytes_raw().hex()


def sign(order: Order, seed_hex: str) -> Order:
    """The same order, signed. Raises ValueError for a seed that is none."""
    return replace(order, signature=_private(seed_hex).sign(signed_bytes(order)).hex())


def verify(order: Order, public_hex: str) -> None:
    """Return for an order the fleet's key has signed. Raises SignatureInvalid for any other."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_hex))
        key.verify(bytes.fromhex(order.signature), signed_bytes(order))
    except (InvalidSignature, ValueError):
        raise SignatureInvalid(f"order {order.id:.40} isn't signed by this fleet's key") from None


def signed_bytes(order: Order) -> bytes:
    """What a signature covers. JSON with sorted keys is the same on every machine."""
    fields = {name: value for name, value in asdict(order).items() if name != "signature"}
    body = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return _PURPOSE + body.encode()


def _private(seed_hex: str) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed_hex))
    except ValueError:
        # The key's own text stays out of the message, and out of the cause.
        raise ValueError("a fleet key is 64 hex digits") from None
