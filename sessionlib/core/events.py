"""What can happen to an agent.

Decided here: the closed set of inputs to `learn`. They are answers to actions,
and what the world does unasked. Not decided here: what each changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sessionlib.core.notes import Order, Report
from sessionlib.core.values import Lease, Pointer
from sessionlib.core.view import Sight
from sessionlib.core.work import Facts


@dataclass(frozen=True, slots=True)
class LeaseRead:
    """The answer to Look. `lease` and `version` go with Sight.SEEN, `why` with the others."""

    sight: Sight
    lease: Lease | None = None
    version: str = ""
    age_s: float = 0.0
    why: str = ""


class Verdict(StrEnum):
    """A store's answer to a write."""

    DONE = "done"
    CONFLICT = "conflict"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class WriteAnswered:
    """The answer to Send, for the write with `nonce`; a late one may answer an older write."""

    nonce: str
    verdict: Verdict
    version: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Peeked:
    """What stands in the notes: reports, each with its age in seconds, and well-signed orders."""

    reports: Mapping[str, tuple[Report, float]]
    orders: tuple[Order, ...] = ()
    refused: tuple[tuple[str, str, str], ...] = ()
    """(order id, outcome, why) for orders that fail before the core sees them."""


@dataclass(frozen=True, slots=True)
class WorkChanged:
    """News of the workload."""

    facts: Facts


@dataclass(frozen=True, slots=True)
class Restored:
    """The answer to Restore: the data directory stands for `epoch`, or `why` it doesn't."""

    epoch: int
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """The answer to Seal: the copy that was made (None: there was nothing to copy), or why not."""

    token: str
    pointer: Pointer | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """The answer to Record: the history of `epoch` is in the store, or `why` it isn't yet."""

    epoch: int
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Late:
    """The loop woke `late_s` later than it meant to."""

    late_s: float


@dataclass(frozen=True, slots=True)
class Leave:
    """The session is to end: a signal, or an operator's order."""

    reason: str


Event = (
    LeaseRead | WriteAnswered | Peeked | WorkChanged | Restored | Sealed | Recorded | Late | Leave
)
