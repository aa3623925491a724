"""Goal: how much a workload gets done when its whole machine was frozen past the deadline.

Method: agent, guard, reaper and workload are stopped as nearly at once as signals
can, until another session works under the next epoch, and then let go in random
order. Whatever the workload writes from then on is out of turn: nobody can stop
a machine that thaws before it looks at its clocks, so this is measured and not
promised. The workload writes as fast as it can.
"""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

from console.demo.demo_fleet import DemoFleet
from console.demo.journal_judge import read_journals
from tests.e2e.fleet_fixture import Fleet, boot_s

STEP_S = 0.001


def measure(scale: float, trials: int, chance: random.Random) -> dict[str, Any]:
    """The window over `trials` freezes, each of a primary of one fleet."""
    steps = {"workload": {"env": {"DEMO_STEP_S": str(STEP_S)}}}
    with DemoFleet(None, scale, steps) as stage:
        fleet = Fleet(stage)
        fleet.begin()
        found = [_trial(fleet, chance) for _ in range(trials)]
    wrote = [late_ms for ticks, late_ms in found if ticks]
    return {
        "trials": trials,
        "with_late_ticks": len(wrote),
        "late_ticks_max": max((ticks for ticks, _ in found), default=0),
        "late_ms_max": round(max(wrote, default=0.0), 1),
    }


def _trial(fleet: Fleet, chance: random.Random) -> tuple[int, float]:
    """How many ticks came after the thaw, and for how many milliseconds."""
    old = fleet.works()
    assert old.holder is not None
    pids = [fleet.stage.pid(old.holder), *(proc.pid for proc in fleet.guards(old.holder).values())]
    pids += [proc.pid for proc in fleet.workload(old.holder)]
    _signal_all(pids, signal.SIGSTOP)
    fleet.works(above=old.epoch)
    before = _lines(fleet.stage.journals, old.epoch)
    chance.shuffle(pids)
    thawed_s = boot_s()
    _signal_all(pids, signal.SIGCONT)
    assert fleet.stage.exit_code(old.holder, 30.0) == 1
    late = _lines(fleet.stage.journals, old.epoch) - before
    tenure = next(t for t in read_journals(fleet.stage.journals) if t.epoch == old.epoch)
    fleet.restart(old.holder)
    return late, max(0.0, tenure.last.at_s - thawed_s) * 1000


def _signal_all(pids: list[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _lines(journals: Path, epoch: int) -> int:
    return sum(path.read_text().count("\n") for path in journals.glob(f"{epoch:06d}-*.log"))
