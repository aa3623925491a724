"""What strikes a simulated fleet, and how often.

Goal: every kind of fault that the design has to survive, each at a known place in time.
Method: what happens to a machine or a fleet is drawn up ahead as a schedule, one stream
of chance for each kind and account, so that one of them can be left out without moving
the others: that is what makes a failure shrink. What happens to a request is decided as
it is made, by the odds.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum


class Kind(StrEnum):
    """Everything that is counted as a fault."""

    KILL = "agent_killed"
    KILL_MIDWAY = "agent_killed_between_two_steps"
    FREEZE = "agent_frozen"
    FREEZE_MIDWAY = "agent_frozen_between_two_steps"
    SLEEP = "machine_slept"
    GUARD_KILLED = "guard_killed"
    GUARD_FROZEN = "guard_frozen"
    GUARD_LATE = "guard_late"
    WORK_EXITS = "workload_exited"
    WORK_FAILS = "workload_failing"
    TERM = "session_told_to_end"
    SESSION_ENDS = "session_taken_away"
    STEP = "wall_clock_stepped"
    DRIFT = "clock_rate_changed"
    PARTITION = "partitioned"
    DEAF = "answers_partitioned"
    OUTAGE = "store_out"
    TOUCH = "version_moved_for_nothing"
    RECORD_LOST = "lease_record_lost"
    OPERATOR = "operator_acted"
    MOVE = "move_ordered"
    SIGNAL = "signal_file"
    LOST = "request_lost"
    ANSWER_LOST = "answer_lost"
    BROKEN = "request_half_answered"
    LATE = "request_late"
    DUPLICATE = "request_duplicated"
    SLOW = "request_slow"
    STALE = "read_stale"
    TORN = "read_torn"
    SPURIOUS = "true_condition_refused"
    RATE = "rate_limited"
    RATE_YET_DONE = "rate_limited_and_carried_out"
    BELL_SILENT = "doorbell_silent"
    BELL_LIES = "doorbell_rings_for_nothing"
    NOTES_LOST = "notes_unread"
    MISSED = "order_unread"
    COPY_FAILS = "copy_failed"
    SEAL_FAILS = "seal_failed"
    FETCH_FAILS = "fetch_failed"


@dataclass(frozen=True, slots=True)
class Odds:
    """How often, by what it strikes: per hour and account, per hour, or per request."""

    # per hour and account
    kills: float = 2.0
    freezes: float = 2.0
    sleeps: float = 0.5
    guards: float = 1.0
    work: float = 0.5
    terms: float = 1.0
    clocks: float = 1.0
    partitions: float = 2.0
    # per hour
    outages: float = 0.2
    touches: float = 0.5
    losses: float = 0.03
    operators: float = 18.0
    moves: float = 4.0
    signals: float = 1.5
    # per request, or per step
    lost: float = 0.04
    late: float = 0.02
    duplicate: float = 0.02
    slow: float = 0.02
    stale: float = 0.01
    torn: float = 0.004
    spurious: float = 0.03
    rate: float = 0.03
    missed: float = 0.02
    copy_fails: float = 0.1
    seal_fails: float = 0.05
    guard_late: float = 0.1
    midway: float = 0.0002
    # s
    delay_s: float = 0.3
    """How long a request, and its answer, takes at the most where nothing is wrong."""

    def __mul__(self, factor: float) -> Odds:
        """All of it more often, but for the delay; no request fails more often than not."""
        more = {f.name: getattr(self, f.name) * factor for f in fields(self)}
        for name in (
            "lost",
            "late",
            "duplicate",
            "slow",
            "stale",
            "torn",
            "missed",
            "spurious",
            "rate",
        ):
            more[name] = min(0.4, more[name])
        return replace(self, **{**more, "delay_s": self.delay_s})


CALM = Odds(**{each.name: 0 for each in fields(Odds) if each.name != "delay_s"})

PLAIN = Odds()
ROUGH = replace(PLAIN * 2.5, lost=0.12, late=0.06, operators=40)
BUSY = replace(PLAIN, moves=60, lost=0.2, late=0.15, kills=0.5, freezes=0.5, outages=0)
WORDY = replace(ROUGH, operators=200)
LOSSY = replace(PLAIN, lost=0.4, late=0.2, duplicate=0.1, partitions=6)
SLOW = replace(PLAIN, delay_s=7.0, slow=0.2, partitions=10, operators=10)
CLOCKS = replace(PLAIN, clocks=20, sleeps=8, freezes=6, guards=6, guard_late=0.5)
DEADLY = replace(PLAIN, kills=12, guards=6, work=6, terms=6, midway=0.004)
MIXTURES = {
    "plain": PLAIN,
    "rough": ROUGH,
    "busy": BUSY,
    "wordy": WORDY,
    "lossy": LOSSY,
    "slow": SLOW,
    "clocks": CLOCKS,
    "deadly": DEADLY,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is going to happen. `roll` decides its details."""

    at_s: float
    kind: Kind
    account: str
    for_s: float = 0.0
    roll: float = 0.0

    def __str__(self) -> str:
        lasts = f" for {self.for_s:.1f} s" if self.for_s else ""
        return f"{self.at_s:10.3f}  {self.account:<8} {self.kind.value}{lasts}"


@dataclass(frozen=True, slots=True)
class _Stream:
    """One kind of fault: how often per hour, and for how long in seconds, from and to."""

    kind: Kind
    rate: str
    share: float = 1.0
    for_s: tuple[float, float] = (0.0, 0.0)
    fleetwide: bool = field(default=False)


_STREAMS = (
    _Stream(Kind.KILL, "kills"),
    _Stream(Kind.FREEZE, "freezes", for_s=(1, 150)),
    _Stream(Kind.SLEEP, "sleeps", for_s=(1, 300)),
    _Stream(Kind.GUARD_KILLED, "guards", 0.5),
    _Stream(Kind.GUARD_FROZEN, "guards", 0.5, (0.2, 20)),
    _Stream(Kind.WORK_EXITS, "work"),
    _Stream(Kind.WORK_FAILS, "work", 0.4, (30, 300)),
    _Stream(Kind.TERM, "terms"),
    _Stream(Kind.STEP, "clocks", 0.5),
    _Stream(Kind.DRIFT, "clocks", 0.5),
    _Stream(Kind.PARTITION, "partitions", 0.7, (1, 150)),
    _Stream(Kind.DEAF, "partitions", 0.3, (1, 100)),
    _Stream(Kind.OUTAGE, "outages", for_s=(5, 200), fleetwide=True),
    _Stream(Kind.TOUCH, "touches", fleetwide=True),
    _Stream(Kind.RECORD_LOST, "losses", for_s=(5, 120), fleetwide=True),
    _Stream(Kind.OPERATOR, "operators", fleetwide=True),
    _Stream(Kind.MOVE, "moves", fleetwide=True),
    _Stream(Kind.SIGNAL, "signals", fleetwide=True),
)

STORE = "store"
"""Whom a fault is said to strike that strikes no account."""


def schedule(seed: int, odds: Odds, accounts: Sequence[str], hours: float) -> tuple[Fault, ...]:
    """All that is going to happen, in the order of time."""
    faults: list[Fault] = []
    for stream in _STREAMS:
        rate = getattr(odds, stream.rate) * stream.share
        for account in (STORE,) if stream.fleetwide else accounts:
            faults += _stream(seed, stream, account, rate, hours)
    return tuple(sorted(faults, key=lambda fault: (fault.at_s, fault.kind, fault.account)))


def _stream(seed: int, stream: _Stream, account: str, per_hour: float, hours: float) -> list[Fault]:
    if per_hour <= 0:
        return []
    chance = random.Random(f"{seed}/{stream.kind}/{account}")
    faults = []
    at_s = chance.expovariate(per_hour / 3600)
    while at_s < hours * 3600:
        faults.append(
            Fault(at_s, stream.kind, account, chance.uniform(*stream.for_s), chance.random())
        )
        at_s += chance.expovariate(per_hour / 3600)
    return faults
