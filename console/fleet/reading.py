"""Records of agents and operators as a person gets to see them.

Every text in one is a single harmless line from the moment it is read. So no sentence, question or
log that is made of it can be told to look like two.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from sessionlib.core.messages import History, Order, Report
from sessionlib.core.values import Lease
from sessionlib.plain_text import plain
from sessionlib.records import decode

T = TypeVar("T", Lease, Report, History, Order)


def parse_record(kind: type[T], data: bytes) -> T:
    """The record in these bytes, its texts made harmless. Raises RecordUnreadable."""
    value: T = _harmless(decode(kind, data))
    return value


def _harmless(value: Any) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        # Nearly all are, and this is asked for a thousand reports.
        return value if value.isascii() and value.isprintable() else plain(value)
    if isinstance(value, tuple):
        return tuple(map(_harmless, value))
    if is_dataclass(value) and not isinstance(value, type):
        old = {field.name: getattr(value, field.name) for field in fields(value)}
        new = {name: _harmless(item) for name, item in old.items()}
        changed = {name: item for name, item in new.items() if item is not old[name]}
        return replace(value, **changed) if changed else value
    return value
