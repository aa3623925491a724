"""The rows of a fleet: immutable, and the same for people and for `--json`.

A field without a value is not known, or isn't there.
"""

from __future__ import annotations

from dataclasses import dataclass

from console.fleet.coordinator import CoordinatorStatus
from sessionlib.core.messages import History


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """The right to be primary. `valid` is None where nobody can say whether somebody works."""

    epoch: int | None = None
    holder: str | None = None
    state: str | None = None
    age_s: float | None = None
    valid: bool | None = None
    successor: str | None = None
    ttl_s: float | None = None
    paused: bool | None = None


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account. `phase` is None if its report can't be read.

    `progress` and `preparing` are the session's own words. `asks` names what it wants approved.
    A value that nothing gives stays None.
    """

    name: str
    email: str
    role: str
    priority: int
    phase: str | None = None
    remaining_s: float | None = None
    heartbeat_age_s: float | None = None
    epoch: int | None = None
    readiness: str | None = None
    workload: str | None = None
    is_primary: bool | None = None
    owner: str | None = None
    lifetime_s: float | None = None
    progress: str | None = None
    preparing: str | None = None
    asks: str | None = None


@dataclass(frozen=True, slots=True)
class MoveRow:
    """The planned move in progress.

    `left_s` is how far ahead its T-0 lies, None for a move that waits for nothing
    but its successor; `latest_safe_s` for how long from now a move can still be
    begun and end in time. `asked` says whether an operator's word is waited for.
    """

    id: str
    kind: str
    from_: str | None
    to: str
    phase: str
    latest_safe_s: float | None = None
    left_s: float | None = None
    approved: bool = False
    asked: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """The newest published copy of the data. It counts only once durable, so it always is.

    The age and the receipt are the holder's word, and not known where its last
    report speaks of another copy. `every_s` is how often one is to be made.
    """

    epoch: int | None = None
    seq: int | None = None
    age_s: float | None = None
    bytes: int | None = None
    durable: bool | None = None
    receipt: str | None = None
    every_s: float | None = None


@dataclass(frozen=True, slots=True)
class StoreRow:
    """The place where the fleet agrees."""

    kind: str
    reachable: bool
    latency_s: float | None
    answered_s: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """What may happen without an operator's word. `takeover_off` is why takeovers wait for one
    whatever the configuration says."""

    handover: str
    on_no_answer: str
    takeover: str
    takeover_off: str | None = None


@dataclass(frozen=True, slots=True)
class FleetView:
    """A fleet at one moment. `troubles` are sentences; the first is the gravest."""

    fleet: str
    lease: LeaseRow
    accounts: tuple[AccountRow, ...]
    handover: MoveRow | None
    checkpoint: CheckpointRow
    store: StoreRow
    policy: PolicyRow
    coordinator: CoordinatorStatus | None
    last_move: History | None
    reported: bool
    troubles: tuple[str, ...]
