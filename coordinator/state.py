"""What the coordinator knows, as frozen values.

Decided here: the fields. A moment is an `Instant` of this machine's own clocks; no clock of
another machine is compared with it. Not decided here: how facts are kept (`ledger`), what
changes them (`decisions`), and what is shown of them (`view`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from coordinator.fencing import Fence
from sessionlib.core.values import Instant

MAX_MOVES = 200
MAX_EVENTS = 1_000
CALLED_OFF = "aborted"
"""The phase of a move that won't take place."""
STANDING_STILL = frozenset({"quiescing", "offered"})
"""The phases of a planned move in which nobody works."""
SERVING = "active"
HOLDING = frozenset({SERVING, "starting"})
"""The statuses of a session that has the lease."""


class MoveKind(StrEnum):
    """How the work came to where it is."""

    FIRST = "first"
    PLANNED = "planned"
    TAKEOVER = "takeover"


@dataclass(frozen=True, slots=True)
class Session:
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
    still_since: Instant | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A move that has ended: its successor has registered.

    `downtime_s` lies between the last sign that the former primary served and this; None
    where there was none.
    """

    epoch: int
    kind: MoveKind
    from_: str | None
    to: str
    downtime_s: float | None
    at: Instant


@dataclass(frozen=True, slots=True)
class Event:
    """One ring of the bell. Ids rise, over restarts too. `data` is one line of JSON."""

    id: int
    kind: str
    data: str


@dataclass(slots=True)
class Picture:
    """All that is known, and all of it durable. Only `clerk` changes it."""

    fence: Fence = field(default_factory=Fence)
    primary: Primary | None = None
    handover: Handover | None = None
    sessions: dict[str, Session] = field(default_factory=dict)
    moves: deque[Move] = field(default_factory=lambda: deque(maxlen=MAX_MOVES))
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=MAX_EVENTS))
    last_event_id: int = 0
    revision: int = 0
    """Which state of what is changed by hand this was read from."""
