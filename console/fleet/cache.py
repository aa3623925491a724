"""What is known of a fleet between readings, piece by piece, each with its own age; pure.

A piece that nobody has read for long is not known, rather than lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from console.fleet.coordinator import CoordinatorStatus
from console.fleet.readmodel import is_silent
from console.fleet.snapshot import Reading, Snapshot
from console.text.units import duration
from sessionlib.core.messages import History, Report
from sessionlib.core.values import Instant, Lease

T = TypeVar("T")

FAILING_S = 3.0
"""A store that fails is away once it has done nothing else for so long: one mishap is none."""


@dataclass(frozen=True)
class Cached(Generic[T]):
    """One record as it was read at `at`; `data` are its bytes, to tell whether it has changed."""

    reading: Reading[T]
    read_at: Instant
    data: bytes | None = None

    def aged_to(self, now: Instant) -> Reading[T]:
        """The same, as old as it is now."""
        if self.reading.age_s is None:
            return self.reading
        return Reading(
            self.reading.value, self.reading.age_s + now.since(self.read_at), self.reading.error
        )


@dataclass(frozen=True, slots=True)
class FleetCache:
    """All that was read; immutable, so that threads may hand it about.

    `answered` is when the store last answered anything, `failed` what it failed
    with since. `timeout_s` is how long an answer is waited for. `store_unproven` and
    `coordinator` are as in a Snapshot.
    """

    kind: str
    started_at: Instant
    timeout_s: float
    latency_s: float | None = None
    answered_at: Instant | None = None
    last_error: str | None = None
    lease: Cached[Lease] | None = None
    reports: Mapping[str, Cached[Report]] = field(default_factory=dict)
    last_move: Cached[History] | None = None
    store_unproven: str | None = None
    coordinator: CoordinatorStatus | None = None

    def with_answer(self, now: Instant, latency_s: float) -> FleetCache:
        """The same after the store has answered."""
        return replace(self, answered_at=now, last_error=None, latency_s=latency_s)

    def with_failure(self, why: str) -> FleetCache:
        """The same after the store has failed to."""
        return replace(self, last_error=why)

    def with_lease(self, piece: Cached[Lease]) -> FleetCache:
        """The same with the lease as it was read now."""
        return replace(self, lease=piece)

    def with_move(self, piece: Cached[History]) -> FleetCache:
        """The same with another last move."""
        return replace(self, last_move=piece)

    def with_report(self, account: str, piece: Cached[Report]) -> FleetCache:
        """The same with another report."""
        return replace(self, reports={**self.reports, account: piece})

    def with_store_unproven(self, why: str | None) -> FleetCache:
        """The same, knowing why no session takes over by itself."""
        return replace(self, store_unproven=why)

    def with_coordinator(self, heard: CoordinatorStatus | None) -> FleetCache:
        """The same with what the coordinator said last."""
        return replace(self, coordinator=heard)

    def snapshot_at(self, now: Instant) -> Snapshot:
        """What is known at `now`, every age counted on."""
        answered_s = None if self.answered_at is None else now.since(self.answered_at)
        error = self._error(now, answered_s)
        return Snapshot(
            kind=self.kind,
            latency_s=None if error else self.latency_s,
            error=error,
            lease=Reading() if self.lease is None else self.lease.aged_to(now),
            # Out of reach, nothing is judged by them: what was heard last is only kept.
            reports={
                name: piece.aged_to(now) if error else _report_reading(piece, now)
                for name, piece in self.reports.items()
            },
            last_move=Reading() if self.last_move is None else self.last_move.aged_to(now),
            answered_s=answered_s,
            store_unproven=self.store_unproven,
            coordinator=self.coordinator,
        )

    def _error(self, now: Instant, answered_s: float | None) -> str | None:
        if answered_s is None or self.lease is None:
            waited_s = now.since(self.started_at)
            return self.last_error or f"waiting for its first answer, {duration(waited_s)}"
        if self.last_error is not None and answered_s > FAILING_S:
            return self.last_error
        if answered_s > self.timeout_s + FAILING_S:
            return f"no answer for {duration(answered_s)}"
        return None


def _report_reading(piece: Cached[Report], now: Instant) -> Reading[Report]:
    seen = piece.aged_to(now)
    if seen.value is not None and is_silent(seen) and not is_silent(piece.reading):
        # It was heard when it was last looked for. That nobody has looked since proves nothing.
        return Reading(None, seen.age_s, f"not read for {duration(now.since(piece.read_at))}")
    return seen
