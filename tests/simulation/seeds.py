"""From a seed to a fleet, and what becomes of it.

Goal: fleets of all kinds, each to be had again from its number. Method: accounts, roles,
policies, lifetimes, and how much strikes, are drawn by the seed. One in ten keeps its data
in real files; two in ten have a register as the adapter for Google Drive makes it, and two
in ten a doorbell.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from sessionlib.core.timing import Timing
from sessionlib.core.values import Role
from sessionlib.stores.drive.kind import DRIVE
from tests.simulation.faults import MIXTURES, Kind, Odds
from tests.simulation.truth import Violation
from tests.simulation.world import Fleet

HOURS = 2.4
QUIET_S = 600.0
"""After this long without faults somebody has to serve and no move to be left: two lost
takeovers, a retry of what failed, and a start fit into it."""
OVER_DRIVE = {6, 7}
WITH_DOORBELL = {2, 7}
DRIVE_S = {
    "report_s": DRIVE.report_s,
    "peek_s": DRIVE.mailbox_s[0],
    "peek_standby_s": DRIVE.mailbox_s[1],
}
"""How rarely notes are told and read where each request has a price."""
LIFETIMES_S = (None, None, 1_200.0, 2_400.0, 5_400.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one seed came to."""

    seed: int
    mixture: str
    acquisitions: int
    faults: dict[str, int] = field(default_factory=dict)
    violation: str | None = None
    at_s: float = 0.0


def mixture_of(seed: int) -> str:
    return list(MIXTURES)[seed % len(MIXTURES)]


def fleet_of(
    seed: int,
    odds: Odds | None = None,
    *,
    hours: float = HOURS,
    left_out: Collection[int] = (),
    lines: list[str] | None = None,
    **given: Any,
) -> Fleet:
    """The fleet of this number; `given` are Fleet's own fields, instead of what is drawn."""
    chance = random.Random(f"{seed}/fleet")
    names = ("a", "b", "c", "d")[: chance.choice([2, 3, 3, 3, 4])]
    drawn: dict[str, Any] = {
        "names": names,
        "lifetime_s": chance.choice(LIFETIMES_S),
        "policy": {
            "handover": chance.choice(["auto", "approve", "manual"]),
            "on_no_answer": chance.choice(["proceed", "hold"]),
            "takeover": chance.choice(["auto", "auto", "approve"]),
        },
        "standby": chance.choice(["cold", "warm"]),
        "roles": {names[-1]: Role.COLD_BACKUP} if chance.random() < 0.2 else {},
        "on_files": seed % 10 == 0,
        "timing": chance.choice([Timing(), Timing(), Timing(renew_s=10.0, timeout_s=5.0)]),
    }
    if seed % 10 in OVER_DRIVE:
        drawn |= {"over_drive": True, "timing": replace(drawn["timing"], **DRIVE_S)}
    if seed % 10 in WITH_DOORBELL:
        drawn["has_doorbell"] = True
    return Fleet(
        seed,
        odds or MIXTURES[mixture_of(seed)],
        hours=hours,
        left_out=left_out,
        lines=lines,
        **{**drawn, **given},
    )


def live(fleet: Fleet) -> None:
    """The whole of it, and a quiet time at the end. Raises Violation."""
    fleet.run(fleet.hours * 3600)
    fleet.quiet()
    fleet.run(QUIET_S)
    fleet.settles()


def outcome_of(seed: int, hours: float = HOURS) -> Outcome:
    """Run one seed to its end, or to the first thing that doesn't hold."""
    fleet = fleet_of(seed, hours=hours)
    violation = None
    try:
        live(fleet)
    except Violation as error:
        violation = str(error)
    except Exception as error:  # noqa: BLE001 - a crash of the core is a finding like another
        violation = f"crash: {type(error).__name__}: {error}"
    faults = {kind.value: fleet.struck[kind] for kind in Kind}
    return Outcome(
        seed, mixture_of(seed), fleet.truth.acquisitions, faults, violation, round(fleet.t, 3)
    )
