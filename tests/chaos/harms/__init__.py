"""Goal: every kind of harm there is, by name.

Method: a kind is a function that does one thing to a living fleet and returns
when that is over; how the fleet got over it is judged later. What is said with
it is what it needs of the machine, whether the lease has to move because of it,
and whether it may keep checkpoints from being made for as long as it lasts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.chaos.fault_injection import FaultInjector
from tests.chaos.harms import calls, clocks, disks, limits, moves, signals
from tests.chaos.powers import Power

Harm = Callable[[FaultInjector, random.Random], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `moves`: alone it ends the holder's lease. `hinders`: copies may fail under it.
    `heard`: what agents say of it, so that harm which reaches nobody is noticed."""

    harm: Harm
    needs: Power | None = None
    moves: bool = False
    hinders: bool = False
    heard: str | None = None


KINDS: Mapping[str, Kind] = {
    "planned": Kind(moves.planned, moves=True),
    "sigterm": Kind(moves.sigterm, moves=True),
    "killed_in_move": Kind(moves.killed_in_move),
    "frozen_in_move": Kind(moves.frozen_in_move, hinders=True),
    "sigkill": Kind(signals.kill_holder, moves=True),
    "standby_killed": Kind(signals.kill_standby),
    "all_killed": Kind(signals.kill_all, moves=True),
    "sigstop": Kind(signals.freeze_holder, moves=True, hinders=True, heard="woke_late"),
    "thawed_at_the_deadline": Kind(signals.thaw_at_the_deadline, hinders=True),
    "standby_frozen": Kind(signals.freeze_standby),
    "two_frozen": Kind(signals.freeze_two, hinders=True),
    "guard": Kind(signals.end_guard),
    "workload": Kind(signals.kill_workload),
    "agent_and_guard": Kind(signals.kill_agent_and_guard, moves=True),
    "two_of_three_stopped": Kind(signals.stop_two_of_three, hinders=True),
    "killed_at_a_call": Kind(calls.killed, Power.CALLS),
    "frozen_at_a_call": Kind(calls.frozen, Power.CALLS, hinders=True),
    "late_link": Kind(calls.late_link, Power.CALLS, hinders=True),
    "eio": Kind(calls.eio, Power.CALLS, hinders=True, heard="EIO"),
    "eio_after_link": Kind(calls.eio_after_link, Power.CALLS, hinders=True, heard="EIO"),
    "emfile": Kind(limits.emfile, hinders=True, heard="EMFILE"),
    "emfile_everywhere": Kind(limits.emfile_everywhere, hinders=True, heard="EMFILE"),
    "efbig": Kind(limits.efbig, hinders=True),
    "store_full": Kind(disks.store_full, Power.MOUNTS, hinders=True, heard="ENOSPC"),
    "home_full": Kind(disks.home_full, Power.MOUNTS, hinders=True),
    "store_read_only": Kind(disks.store_read_only, Power.MOUNTS, hinders=True, heard="EROFS"),
    "store_gone": Kind(disks.store_gone, hinders=True, heard="no_store"),
    "clock_step": Kind(clocks.step, Power.CLOCKS, hinders=True, heard="woke_late"),
    "clock_rate": Kind(clocks.rate, Power.CLOCKS, hinders=True),
}

OVERLAP = "overlap"
"""Two or three of the others at once."""
