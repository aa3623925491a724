"""What the operators have signed with the fleet's key, Ed25519."""

# A key is 64 hex digits: the operators' secret *seed*, or its public half. A signature is good for
# one purpose only. It covers every field of an order but itself, so that nobody gives the order
# another meaning.

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, replace
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from sessionlib.core.messages import Order
from sessionlib.errors import SignatureInvalid
from sessionlib.key_text import is_key


class Purpose(StrEnum):
    """What a signature is for; one for one purpose is not good for another."""

    ORDER = "order/1"
    CODE = "code/1"
    CONFIG = "config/1"
    SUCCESSION = "succession/1"
    DOCTOR = "doctor/1"

    @property
    def prefix(self) -> bytes:
        """What stands before the signed bytes."""
        return f"colabvps {self.value}\n".encode()


def new_seed() -> str:
    """A fleet's secret: 64 hex digits. Whoever has it can give orders."""
    return secrets.token_hex(32)


def public_of(seed_hex: str) -> str:
    """The half that agents know. Raises ValueError for anything but 64 hex digits."""
    return _private(seed_hex).public_key().public_bytes_raw().hex()


def sign_bytes(purpose: Purpose, body: bytes, seed_hex: str) -> str:
    """A signature as hex. Raises ValueError for a seed that is none."""
    return _private(seed_hex).sign(purpose.prefix + body).hex()


def verify_bytes(purpose: Purpose, body: bytes, signature_hex: str, public_hex: str) -> None:
    """Return for what the key has signed for this purpose. Raises SignatureInvalid."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_hex))
        key.verify(bytes.fromhex(signature_hex), purpose.prefix + body)
    except (InvalidSignature, ValueError):
        raise SignatureInvalid(f"{purpose} isn't signed by this fleet's key") from None


def canonical(fields: Mapping[str, Any]) -> bytes:
    """The bytes of a value: JSON with sorted keys, the same on every machine."""
    return json.dumps(
        fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode()


def sign(order: Order, seed_hex: str) -> Order:
    """The same order, signed. Raises ValueError for a seed that is none."""
    return replace(order, signature=sign_bytes(Purpose.ORDER, _body(order), seed_hex))


def verify(order: Order, public_hex: str) -> None:
    """Return for an order the fleet's key has signed. Raises SignatureInvalid for any other."""
    try:
        verify_bytes(Purpose.ORDER, _body(order), order.signature, public_hex)
    except SignatureInvalid:
        raise SignatureInvalid(f"order {order.id:.40} isn't signed by this fleet's key") from None


def _body(order: Order) -> bytes:
    return canonical({name: value for name, value in asdict(order).items() if name != "signature"})


def _private(seed_hex: str) -> Ed25519PrivateKey:
    if not is_key(seed_hex):
        # The key's own text stays out of the message.
        raise ValueError("a fleet key is 64 hex digits")
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed_hex))
