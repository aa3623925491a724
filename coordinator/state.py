"""What the coordinator knows, as frozen values.

An `Instant` is of this machine's own clocks; no clock of another machine is compared with it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from coordinator.fencing import EpochFence
from sessionlib.core.values import Instant

MAX_MOVES = 200
MAX_EVENTS = 1_000
ABORTED = "aborted"
"""The phase of a move that won't take place."""
QUIESCED_PHASES = frozenset({"quiescing", "offered"})
"""The phases of a planned move in which nobody works."""
SERVING_STATUS = "active"
HOLDING_STATUSES = frozenset({SERVING_STATUS, "starting"})
"""The statuses of a session that has the lease."""


class EndedMoveKind(StrEnum):
    """How the work came to where it is."""

    FIRST = "first"
    PLANNED = "planned"
    TAKEOVER = "takeover"


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """The last word of an account's session on itself, and when it arrived."""

    account: str
    worker_id: str
    epoch: int
    status: str
    remaining_s: float
    at: Instant

    def age_s(self, now: Instant) -> float:
        """How long ago it arrived. A clock that counts through suspend says so."""
        return max(0.0, now.boot - self.at.boot)


@dataclass(frozen=True, slots=True)
class Primary:
    """The session that registered as primary last. `since` is when its epoch did first."""

    epoch: int
    account: str
    worker_id: str
    url: str | None
    capabilities: Mapping[str, Any]
    since: Instant


@dataclass(frozen=True, slots=True)
class Handover:
    """A planned move, as its holder told of it. `left_s` is how far its T-0 was ahead then.

    `still_since` is when it was first told of the work standing still for this move.
    """

    epoch: int
    plan: str
    from_: str
    to: str
    phase: str
    left_s: float | None
    at: Instant
    quiesced_since: Instant | None = None


@dataclass(frozen=True, slots=True)
class EndedMove:
    """A move that has ended: its successor has registered.

    `downtime_s` lies between the last sign that the former primary served and this; None
    where there was none.
    """

    epoch: int
    kind: EndedMoveKind
    from_: str | None
    to: str
    downtime_s: float | None
    at: Instant


@dataclass(frozen=True, slots=True)
class BellEvent:
    """One ring of the bell. Ids rise, over restarts too. `data` is one line of JSON."""

    id: int
    kind: str
    data: str


@dataclass(slots=True)
class State:
    """All that is known, and all of it durable. Only `writer` changes it."""

    fence: EpochFence = field(default_factory=EpochFence)
    primary: Primary | None = None
    handover: Handover | None = None
    sessions: dict[str, SessionRecord] = field(default_factory=dict)
    moves: deque[EndedMove] = field(default_factory=lambda: deque(maxlen=MAX_MOVES))
    events: deque[BellEvent] = field(default_factory=lambda: deque(maxlen=MAX_EVENTS))
    last_event_id: int = 0
    revision: int = 0
    """Which state of what is changed by hand this was read from."""
