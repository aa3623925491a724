"""What preflight tells, in four words.

`ok`; `warn`, to be known and lived with; `fail`, not to be started with; `unknown`, which can't
be seen from here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

FLEET = "fleet"
CLOCK_S = 5.0
"""Clocks may be so far apart."""
MIN_FREE_BYTES = 1 << 30


class ItemStatus(StrEnum):
    """How an item stands."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PreflightItem:
    """One thing that was looked at. `of` is an account, or the whole fleet; `cure` says what to
    do where it isn't ok."""

    of: str
    what: str
    word: ItemStatus
    text: str
    cure: str = ""


def preflight_document(items: Iterable[PreflightItem], rule: str | None) -> dict[str, Any]:
    """What `--json` prints."""
    found = list(items)
    return {
        "ready": not any(item.word is ItemStatus.FAIL for item in found),
        "items": [{**asdict(item), "word": item.word.value} for item in found],
        "rule": rule,
    }
