"""Goal: for how long the work stands still when it moves, in order and not.

Method: one fleet of three. Planned moves first; then the primary's agent is sent
SIGTERM, or killed with its standbys watching, and started again. All by the
journal's clock, to which the moment of a signal is read too.
"""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from console.demo.journal_judge import read_journals, work_transfers
from sessionlib.clock import sleep
from sessionlib.core.values import Lease
from tests.e2e.fleet_fixture import SLACK_S, Fleet, boot_s, fleet_in

WORK_S = 2.0
"""How long the work goes on between two moves."""


def downtimes(scale: float, moves: int, ends: int, tell: Callable[[str], None]) -> dict[str, Any]:
    folder = tempfile.TemporaryDirectory(prefix="colabvps-bench-")
    with folder as name, fleet_in(Path(name), scale) as fleet:
        fleet.begin()
        planned = [_planned(fleet, tell) for _ in range(moves)]
        sigterm = [_ended(fleet, signal.SIGTERM, tell) for _ in range(ends)]
        sigkill = [_ended(fleet, signal.SIGKILL, tell) for _ in range(ends)]
        timing = fleet.timing
        # Whoever is ranked first takes over; its rank is 0.
        takeover_s = fleet.takeover_limit_s(rank=0)
    return {
        "scale": scale,
        "planned": _figures(planned) | {"target_p50_s": 1.0},
        "sigterm": _figures(sigterm) | {"target_max_s": round(timing.poll_s + SLACK_S, 2)},
        "sigkill": _figures(sigkill) | {"target_max_s": round(takeover_s, 2)},
    }


def _planned(fleet: Fleet, tell: Callable[[str], None]) -> float:
    sleep(WORK_S)
    holder = fleet.holder
    lease = fleet.move(fleet.others(holder)[0])
    found = work_transfers(read_journals(fleet.stage.journals))
    downtime_s = next(p.downtime_s for p in found if p.after.epoch == lease.epoch)
    tell(f"planned: {downtime_s:.3f} s")
    return downtime_s


def _ended(fleet: Fleet, number: int, tell: Callable[[str], None]) -> float:
    """From the signal to the first tick of whoever comes next."""
    sleep(WORK_S)
    before = fleet.works()
    assert before.holder is not None
    told_s = boot_s()
    fleet.stage.signal(before.holder, number)
    after = fleet.works(above=before.epoch, timeout_s=2 * fleet.takeover_limit_s())
    took_s = _begin_s(fleet, after) - told_s
    tell(f"{signal.Signals(number).name}: {took_s:.3f} s")
    fleet.stage.exit_code(before.holder, 30.0)
    fleet.restart(before.holder)
    return took_s


def _begin_s(fleet: Fleet, lease: Lease) -> float:
    tenures = read_journals(fleet.stage.journals)
    return next(t.first.at_s for t in tenures if t.epoch == lease.epoch)


def _figures(values: Sequence[float]) -> dict[str, Any]:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    return {
        "count": len(ordered),
        "p50_s": round(median(ordered), 3),
        "p95_s": round(p95, 3),
        "max_s": round(ordered[-1], 3),
    }
