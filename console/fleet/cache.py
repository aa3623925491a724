"""What is known of a fleet between looks, piece by piece, each with its own age.

Decided here: how what was read grows old, when a store counts as out of reach,
and that a piece which nobody has read for long is not known rather than lost.
Pure: time is passed in. Not decided here: who reads, and how often (`app.polling`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from console.fleet.coordinator import CoordinatorSeen
from console.fleet.readmodel import is_silent
from console.fleet.snapshot import Seen, Snapshot
from console.text.units import length
from sessionlib.core.messages import History, Report
from sessionlib.core.values import Instant, Lease

T = TypeVar("T")

FAILING_S = 3.0
"""A store that fails is away once it has done nothing else for so long: one mishap is none."""


@dataclass(frozen=True)
class Piece(Generic[T]):
    """One record as it was read at `at`; `data` are its bytes, to tell whether it has changed."""

    seen: Seen[T]
    at: Instant
    data: bytes | None = None

    def now(self, now: Instant) -> Seen[T]:
        """The same, as old as it is now."""
        if self.seen.age_s is None:
            return self.seen
        return Seen(self.seen.value, self.seen.age_s + now.since(self.at), self.seen.error)


@dataclass(frozen=True, slots=True)
class Picture:
    """All that was read; immutable, so that threads may hand it about.

    `answered` is when the store last answered anything, `failed` what it failed
    with since. `patience_s` is how long an answer is waited for. `takeover_off` and
    `coordinator` are as in a Snapshot.
    """

    kind: str
    began: Instant
    patience_s: float
    latency_s: float | None = None
    answered: Instant | None = None
    failed: str | None = None
    lease: Piece[Lease] | None = None
    reports: Mapping[str, Piece[Report]] = field(default_factory=dict)
    last_move: Piece[History] | None = None
    takeover_off: str | None = None
    coordinator: CoordinatorSeen | None = None

    def answering(self, now: Instant, latency_s: float) -> Picture:
        """The same after the store has answered."""
        return replace(self, answered=now, failed=None, latency_s=latency_s)

    def failing(self, why: str) -> Picture:
        """The same after the store has failed to."""
        return replace(self, failed=why)

    def with_lease(self, piece: Piece[Lease]) -> Picture:
        """The same with the lease as it was read now."""
        return replace(self, lease=piece)

    def with_move(self, piece: Piece[History]) -> Picture:
        """The same with another last move."""
        return replace(self, last_move=piece)

    def with_report(self, account: str, piece: Piece[Report]) -> Picture:
        """The same with another report."""
        return replace(self, reports={**self.reports, account: piece})

    def with_takeover_off(self, why: str | None) -> Picture:
        """The same, knowing why no session takes over by itself."""
        return replace(self, takeover_off=why)

    def with_coordinator(self, heard: CoordinatorSeen | None) -> Picture:
        """The same with what the coordinator said last."""
        return replace(self, coordinator=heard)

    def at(self, now: Instant) -> Snapshot:
        """What is known at `now`, every age counted on."""
        answered_s = None if self.answered is None else now.since(self.answered)
        error = self._error(now, answered_s)
        return Snapshot(
            kind=self.kind,
            latency_s=None if error else self.latency_s,
            error=error,
            lease=Seen() if self.lease is None else self.lease.now(now),
            # Out of reach, nothing is judged by them: what was heard last is only kept.
            reports={
                name: piece.now(now) if error else _report(piece, now)
                for name, piece in self.reports.items()
            },
            last_move=Seen() if self.last_move is None else self.last_move.now(now),
            answered_s=answered_s,
            takeover_off=self.takeover_off,
            coordinator=self.coordinator,
        )

    def _error(self, now: Instant, answered_s: float | None) -> str | None:
        if answered_s is None or self.lease is None:
            waited_s = now.since(self.began)
            return self.failed or f"waiting for its first answer, {length(waited_s)}"
        if self.failed is not None and answered_s > FAILING_S:
            return self.failed
        if answered_s > self.patience_s + FAILING_S:
            return f"no answer for {length(answered_s)}"
        return None


def _report(piece: Piece[Report], now: Instant) -> Seen[Report]:
    seen = piece.now(now)
    if seen.value is not None and is_silent(seen) and not is_silent(piece.seen):
        # It was heard when it was last looked for. That nobody has looked since proves nothing.
        return Seen(None, seen.age_s, f"not read for {length(now.since(piece.at))}")
    return seen
