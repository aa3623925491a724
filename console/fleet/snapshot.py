"""What one reading of the store came to, piece by piece.

A piece is there, is certainly absent, or couldn't be had. The three are never mixed up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from console.fleet.coordinator import CoordinatorStatus
from sessionlib.core.messages import History, Report
from sessionlib.core.values import Lease

T = TypeVar("T")


@dataclass(frozen=True)  # with slots, Python 3.11 can't make a Seen[Lease]()
class Reading(Generic[T]):
    """A record as it was read: `value`, or an `error`, or neither where there is none.

    `age_s` is by the store's clock.
    """

    value: T | None = None
    age_s: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that one look showed. `latency_s` is None while the store can't be reached.

    `answered_s` is how long ago the store last answered anything, None for never.
    `store_unproven` is why no session takes over by itself, whatever the policy says.
    """

    kind: str
    latency_s: float | None = None
    error: str | None = None
    lease: Reading[Lease] = field(default_factory=Reading)
    reports: Mapping[str, Reading[Report]] = field(default_factory=dict)
    last_move: Reading[History] = field(default_factory=Reading)
    answered_s: float | None = None
    store_unproven: str | None = None
    coordinator: CoordinatorStatus | None = None

    @property
    def reachable(self) -> bool:
        return self.error is None
