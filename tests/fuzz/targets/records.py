"""The records of the store: lease, reports, history, orders, and the file made by hand.

Whoever can write to the shared folder can write any of them. What is refused is
refused with RecordUnreadable; what is accepted is a value that comes back as it
went, and an order's signed bytes tell its every field.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sessionlib import layout
from sessionlib.agent.mailbox_io import Mailbox
from sessionlib.core.messages import History, Order, Report, Signal
from sessionlib.core.values import Instant, Lease
from sessionlib.errors import RecordUnreadable, SignatureInvalid
from sessionlib.records import MAX_DEPTH, MAX_RECORD_BYTES, decode, encode, read_object
from sessionlib.signing import Purpose, public_of, verify
from sessionlib.stores.memory import MemoryStore
from tests.fuzz.target import Target
from tests.order_bytes import signed_bytes

PUBLIC = public_of("5e" * 32)


class Stopped:
    """A clock at which nothing grows older."""

    def now(self) -> Instant:
        return Instant(1_000.0, 1_000.0, 1_000.0)


def numbers_are_finite(value: object) -> None:
    """Whatever arithmetic follows: no comparison with a NaN, no whole number of an infinity."""
    if isinstance(value, dict):
        for item in value.values():
            numbers_are_finite(item)
    elif isinstance(value, list | tuple):
        for item in value:
            numbers_are_finite(item)
    elif isinstance(value, int | float):
        assert math.isfinite(float(value)), value


def _comes_back(value: Any) -> None:
    numbers_are_finite(asdict(value))
    again = encode(value)
    assert decode(type(value), again) == value
    assert encode(decode(type(value), again)) == again


def _order_holds(order: Order) -> None:
    _comes_back(order)
    # Every field can be read out of what is signed: two orders never have it in common.
    head, _, body = signed_bytes(order).partition(b"\n")
    assert head + b"\n" == Purpose.ORDER.prefix
    assert Order(**json.loads(body), signature=order.signature) == order
    try:
        verify(order, PUBLIC)
    except SignatureInvalid:
        return
    raise AssertionError("a signature that nobody made")


def _object_holds(body: dict[str, Any]) -> None:
    numbers_are_finite(body)
    # Another parser, which takes the first of two keys, or the last, reads the same.
    again = json.dumps(body).encode()
    assert len(again) > 6 * MAX_RECORD_BYTES or read_object(again, len(again)) == body
    assert _depth(body) <= MAX_DEPTH


def _depth(value: Any) -> int:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, below), default=0) if isinstance(value, dict | list) else 0


def _signal(data: bytes) -> Signal | None:
    store = MemoryStore(Stopped())
    store.create(layout.SIGNAL, data)
    return (
        Mailbox(store, fleet="fleet", public_key=PUBLIC, accounts=("a", "b"), account="a")
        .read()
        .signal
    )


def _signal_holds(signal: Signal | None) -> None:
    assert signal is None or len(signal.id) == len("sig-") + 12


def _record(kind: type[Any]) -> Callable[[bytes], Any]:
    return lambda data: decode(kind, data)


TARGETS = (
    Target(
        "object", "records.read_object", read_object, (RecordUnreadable,), _object_holds, "json"
    ),
    Target("lease", "records.decode", _record(Lease), (RecordUnreadable,), _comes_back, "json"),
    Target("report", "records.decode", _record(Report), (RecordUnreadable,), _comes_back, "json"),
    Target("history", "records.decode", _record(History), (RecordUnreadable,), _comes_back, "json"),
    Target(
        "order",
        "records.decode, signing.verify",
        _record(Order),
        (RecordUnreadable,),
        _order_holds,
        "json",
    ),
    Target("signal", "agent.mailbox.Mailbox.read", _signal, (), _signal_holds, "json"),
)
