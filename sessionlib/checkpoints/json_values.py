"""Single values from JSON that nobody vouches for. Each raises Damaged."""

from __future__ import annotations

import hashlib
from typing import Any

from sessionlib.checkpoints.errors import CheckpointDamaged
from sessionlib.checkpoints.manifest import MODE_BITS

_MAX_TIME_NS = 1 << 63


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise CheckpointDamaged(f"{value!r:.40} where a text belongs")
    return value


def whole_number(value: Any, most: int, least: int = 0) -> int:
    # By type, for JSON's true is an int to Python.
    if type(value) is not int or not least <= value <= most:
        raise CheckpointDamaged(f"{value!r:.40} where a number from {least} to {most} belongs")
    return value


def mode(value: Any) -> int:
    return whole_number(value, MODE_BITS)


def time_ns(value: Any) -> int:
    return whole_number(value, _MAX_TIME_NS - 1, -_MAX_TIME_NS)


def sha256(value: Any) -> bytes:
    try:
        digest = bytes.fromhex(value)
    except (TypeError, ValueError):
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise CheckpointDamaged(f"{value!r:.40} where a SHA-256 belongs")
    return digest
