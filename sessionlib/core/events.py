"""What can happen to an agent: the closed set of inputs to `learn`.

They are answers to actions, and what the world does unasked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sessionlib.core.copies import Made
from sessionlib.core.messages import Order, Report, Signal
from sessionlib.core.values import Lease, Pointer
from sessionlib.core.view import LeaseReadStatus
from sessionlib.core.work import WorkloadFacts


@dataclass(frozen=True, slots=True)
class LeaseRead:
    """The answer to ReadLease. `lease` and `version` go with status SEEN, `why` with the others."""

    status: LeaseReadStatus
    lease: Lease | None = None
    version: str = ""
    age_s: float = 0.0
    why: str = ""


class WriteVerdict(StrEnum):
    """A store's answer to a write."""

    DONE = "done"
    CONFLICT = "conflict"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class WriteAnswered:
    """The answer to WriteLease for the write with `nonce`; a late one may answer an older write."""

    nonce: str
    verdict: WriteVerdict
    version: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class StoreCheckResult:
    """Whether the store is known to keep its promises: `why` not, None where it is."""

    why: str | None = None


@dataclass(frozen=True, slots=True)
class MailboxRead:
    """The answer to ReadMailbox: reports, each with its age in seconds, and well-signed orders."""

    reports: Mapping[str, tuple[Report, float]]
    orders: tuple[Order, ...] = ()
    refused: tuple[tuple[str, str, str], ...] = ()
    """(order id, outcome, why) for orders that fail before the core sees them."""
    ages_s: Mapping[str, float] = field(default_factory=dict)
    """How old each order is, by the store's clock."""
    signal: Signal | None = None
    bundle: str | None = None
    """The program that should run, in words: the newest that was published."""
    store_check: StoreCheckResult | None = None
    """Whether takeovers may go ahead; None where nothing new is known."""


@dataclass(frozen=True, slots=True)
class WorkChanged:
    """News of the workload."""

    facts: WorkloadFacts


@dataclass(frozen=True, slots=True)
class Restored:
    """The answer to Restore: the data directory stands for `epoch`, or `why` it doesn't.

    `made` is the checkpoint that was restored, `age_s` how old it is by the store's
    clock; `aside` names what was in the way and is kept; `text` tells it in words.
    """

    epoch: int
    why: str | None = None
    made: Made | None = None
    age_s: float = 0.0
    aside: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Sealed:
    """The answer to Seal: the copy that was made (None: there was nothing to copy), or why not."""

    token: str
    pointer: Pointer | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class CopyEnded:
    """The answer to Copy: a durable checkpoint, None where there is nothing to copy, or why not."""

    token: str
    made: Made | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer to FetchAhead: the checkpoint is here and verified, or `why` it isn't."""

    name: str
    why: str | None = None


@dataclass(frozen=True, slots=True)
class ProgramPrepared:
    """The answer to PrepareProgram: the program is here, or `why` it isn't."""

    bundle: str
    why: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryRecorded:
    """The answer to RecordHistory: the history of `epoch` is stored, or `why` it isn't yet."""

    epoch: int
    why: str | None = None


@dataclass(frozen=True, slots=True)
class DoorbellRang:
    """The doorbell: something may have happened, which the store alone can say."""


@dataclass(frozen=True, slots=True)
class Late:
    """The loop woke `late_s` later than it meant to."""

    late_s: float


@dataclass(frozen=True, slots=True)
class Leave:
    """The session is to end: a signal, or an operator's order."""

    reason: str


Event = (
    LeaseRead
    | WriteAnswered
    | MailboxRead
    | WorkChanged
    | Restored
    | Sealed
    | CopyEnded
    | Fetched
    | ProgramPrepared
    | HistoryRecorded
    | DoorbellRang
    | Late
    | Leave
)
