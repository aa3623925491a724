"""JSON to values and back, read strictly: from a store that others can write to.

A value has bounds in size, depth and numbers, and its `schema` says what it is. Anything else
raises RecordUnreadable with a reason to show, and the reader keeps what it knew.
"""

from __future__ import annotations

import json
import math
from typing import Any, TypeVar

import pydantic_core
from pydantic import TypeAdapter, ValidationError

from sessionlib.core.messages import History, Order, Report
from sessionlib.core.values import MAX_EPOCH, Lease
from sessionlib.errors import RecordUnreadable

MAX_LEASE_BYTES = 1_000
MAX_RECORD_BYTES = 64 * 1024
MAX_DEPTH = 16
MAX_NUMBER = (1 << 63) - 1
"""What 64 bits hold. A float may be larger, but not infinite: that can't be written as JSON
again, and so neither be signed nor verified."""

_SCHEMAS: dict[type, str] = {
    Lease: "lease/1",
    Report: "session/1",
    History: "history/1",
    Order: "order/1",
}
# Python forbids `from` as a field's name; the JSON says it all the same.
_RENAMED = {"from_": "from"}

T = TypeVar("T", Lease, Report, History, Order)


_ADAPTERS: dict[type, TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in _SCHEMAS}


def encode(value: Lease | Report | History | Order) -> bytes:
    """A value as one line of JSON, its schema first."""
    fields = _ADAPTERS[type(value)].dump_python(value, mode="json")
    body = {_RENAMED.get(name, name): field for name, field in fields.items()}
    data: bytes = pydantic_core.to_json({"schema": _SCHEMAS[type(value)], **body})
    return data


def decode(kind: type[T], data: bytes) -> T:
    """Read a `kind` from JSON. Raises RecordUnreadable, saying what is wrong with the bytes."""
    body = read_object(data)
    want = _SCHEMAS[kind]
    schema = body.pop("schema", None)
    if schema != want:
        raise RecordUnreadable(f"schema is {schema!r:.40}, not {want!r}: foreign, or newer")
    for field, name in _RENAMED.items():
        if name in body:
            body[field] = body.pop(name)
    try:
        value: T = _ADAPTERS[kind].validate_json(pydantic_core.to_json(body), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "record"
        raise RecordUnreadable(f"{where}: {first['msg']}") from None
    if isinstance(value, Lease) and value.epoch > MAX_EPOCH:
        raise RecordUnreadable(f"epoch: {value.epoch} is more than claims can have come to")
    return value


def read_object(data: bytes, limit: int = MAX_RECORD_BYTES) -> dict[str, Any]:
    """A JSON object from untrusted bytes. Raises RecordUnreadable."""
    if not data:
        raise RecordUnreadable("empty")
    if len(data) > limit:
        raise RecordUnreadable(f"{len(data)} bytes, more than {limit}")
    try:
        body = pydantic_core.from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise RecordUnreadable(f"not JSON, or torn: {error}") from None
    if not isinstance(body, dict):
        raise RecordUnreadable("JSON, but not an object")
    require_shallow(body)
    # The parser takes the last of two, another one the first: such a record has two readings.
    json.loads(data, object_pairs_hook=_once, parse_int=bounded, parse_float=finite)
    return body


def require_shallow(body: dict[str, Any]) -> None:
    """Raises RecordUnreadable for what is nested deeper than MAX_DEPTH."""
    if _depth(body) > MAX_DEPTH:
        raise RecordUnreadable(f"nested deeper than {MAX_DEPTH}")


def bounded(text: str) -> int:
    """JSON's whole number, for its parser. Raises RecordUnreadable beyond MAX_NUMBER."""
    value = int(text)
    if not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise RecordUnreadable(f"a number of {len(text)} digits, more than 64 bits hold")
    return value


def finite(text: str) -> float:
    """JSON's other number, for its parser. Raises RecordUnreadable for what becomes infinite."""
    value = float(text)
    if not math.isfinite(value):
        raise RecordUnreadable(f"{text:.40} is more than a number can be")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) != len(pairs):
        raise RecordUnreadable("a key stands twice")
    return body


def _depth(value: object) -> int:
    """How deep `value` is nested. The parser's own limit keeps this recursion short."""
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0
