"""The lease record and other values that several rooms share; which of them are impossible."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

UNKNOWN_HOLDER = "unknown"
"""The holder of a record that had to be made again: nobody can say who works."""
MAX_EPOCH = 1_000_000_000
"""A claim a second for thirty years. Nobody comes so far, and a record that says so would
poison the fleet for good: epochs never fall, and checkpoints are named by them."""


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment by three clocks of one machine, in seconds.

    `boot` counts through suspend, `mono` doesn't, `wall` may be stepped.
    """

    boot: float
    mono: float
    wall: float

    def since(self, earlier: Instant) -> float:
        """The most that can have passed since `earlier`, in seconds.

        The largest of the three: whoever must stop in time has to believe the
        clock that ran most. A clock stepped back says less and is overruled.
        """
        return max(
            self.boot - earlier.boot,
            self.mono - earlier.mono,
            self.wall - earlier.wall,
        )


class LeaseState(StrEnum):
    """What the holder has done with the lease."""

    HELD = "held"
    OFFERED = "offered"
    FREE = "free"


class Role(StrEnum):
    """What an account is for."""

    MAIN_WORKER = "main_worker"
    HOT_STANDBY = "hot_standby"
    COLD_BACKUP = "cold_backup"


class Readiness(StrEnum):
    """How far a standby is from being able to take over at once."""

    COLD = "cold"
    WARMING = "warming"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Pointer:
    """The newest published checkpoint: what the lease points at.

    `name` ends in a hash of the manifest, so that whoever has the pointer can tell
    whether what the store holds under that name is what was published. `bytes`
    is the size of the data, not of what was uploaded for it.
    """

    epoch: int
    seq: int
    name: str
    bytes: int


class PlanPhase(StrEnum):
    """How far a planned move has come. Up to QUIESCING it can be aborted."""

    PROPOSED = "proposed"
    NOTIFIED = "notified"
    WARMING = "warming"
    SYNCING = "syncing"
    SIGNALLED = "signalled"
    QUIESCING = "quiescing"
    OFFERED = "offered"


class PlanOrigin(StrEnum):
    """What a move was planned for."""

    ORDER = "order"
    CLOCK = "clock"
    FAILING = "failing"
    SIGNAL = "signal"


@dataclass(frozen=True, slots=True)
class Plan:
    """A planned move, as the lease record carries it.

    `left_s` is how far ahead its T-0 lay when this was written, None for a move
    that waits for nothing but its successor. `approved` says that an operator has
    agreed, or ordered it. `quiet_s` is filled in with the offer: how long the work
    had been stopped by the holder's own clock when the offer was sent.
    """

    id: str
    to: str
    phase: PlanPhase
    reason: str
    quiet_s: float = 0.0
    left_s: float | None = None
    approved: bool = False
    origin: PlanOrigin = PlanOrigin.ORDER


@dataclass(frozen=True, slots=True)
class Lease:
    """The time-bounded right to be primary: one record, changed by conditional writes only.

    `renewal` rises by one with every write of one holder, so that (epoch,
    holder, incarnation, renewal) never stands twice. `done` holds the ids of
    the last orders carried out. Raises ValueError for values no writer of ours
    makes.
    """

    epoch: int
    holder: str | None
    session: str | None
    incarnation: str | None
    renewal: int
    nonce: str
    ttl_s: float
    state: LeaseState
    successor: str | None = None
    checkpoint: Pointer | None = None
    plan: Plan | None = None
    done: tuple[str, ...] = ()
    paused: bool = False

    def __post_init__(self) -> None:
        if self.epoch < 0 or self.renewal < 0:
            raise ValueError("epoch and renewal never fall below 0")
        if not 0 < self.ttl_s < 86_400:
            raise ValueError(f"ttl_s is {self.ttl_s}; it must lie between 0 and a day")
        if (self.state is LeaseState.FREE) is not (self.holder is None):
            raise ValueError("a lease is free exactly when nobody holds it")
        if (self.state is LeaseState.OFFERED) is not (self.successor is not None):
            raise ValueError("a lease names a successor exactly when it is offered")

    @property
    def mark(self) -> tuple[int, str | None, str | None, int]:
        """What a challenger watches for change."""
        return (self.epoch, self.holder, self.incarnation, self.renewal)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this agent is. `incarnation` is new at every start and at every retirement."""

    account: str
    session: str
    incarnation: str
    role: Role = Role.HOT_STANDBY
    priority: int = 1
