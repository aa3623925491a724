"""Goal: for how long the work stands still when much data moves with it.

Method: a fleet of two at life's own pace, and a workload that keeps its count and
rewrites parts of its data all the time, 1 % of it a minute, a few files at a time.
Planned moves there and back, with little data, with much, and with much of which
the same 1 % is written anywhere, 4 KiB at a time: then nearly every piece of 8 MiB
changes between two copies, which no target is promised for. By the journal's clock.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from console.demo import counter
from console.demo.journal_judge import read_journals, work_transfers
from tests.e2e.fleet_fixture import Fleet, fleet_in

CHURN = Path(__file__).with_name("churn.py")
FIRST_COPY_S = 600.0
FILES = 200
ALLOWED_S = 0.5


def carrying(scale: float, moves: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """The median downtime with 1 MB and with 2 GB, and what lies between them."""
    small = _downtimes(scale, 1_000_000, moves, tell)
    large = _downtimes(scale, 2_000_000_000, moves, tell)
    scattered = _downtimes(scale, 2_000_000_000, moves, tell, CHURN_SCATTERED="yes")
    return {
        "scale": scale,
        "moves": moves,
        "p50_s_with_1_mb": round(median(small), 3),
        "p50_s_with_2_gb": round(median(large), 3),
        "max_s_with_2_gb": round(max(large), 3),
        "difference_s": round(median(large) - median(small), 3),
        "target_difference_s": ALLOWED_S,
        "p50_s_with_2_gb_scattered": round(median(scattered), 3),
    }


def _downtimes(
    scale: float, size_bytes: int, moves: int, tell: Callable[[str], None], **more: str
) -> list[float]:
    env = {
        **more,
        "PYTHONPATH": str(Path(counter.__file__).parent),
        "PYTHONSAFEPATH": "1",
        "CHURN_BYTES": str(size_bytes),
        "CHURN_FILES": str(FILES),
    }
    changes = {"workload": {"command": [sys.executable, str(CHURN)], "env": env}}
    with (
        tempfile.TemporaryDirectory(prefix="colabvps-bench-") as folder,
        fleet_in(Path(folder), scale, changes) as fleet,
    ):
        fleet.begin("ada", "bob")
        return [_move(fleet, size_bytes, tell) for _ in range(moves)]


def _move(fleet: Fleet, size_bytes: int, tell: Callable[[str], None]) -> float:
    to = "bob" if fleet.holder == "ada" else "ada"
    before = fleet.lease().epoch
    fleet.order(to)
    lease = fleet.works(above=before, timeout_s=FIRST_COPY_S)
    found = work_transfers(read_journals(fleet.stage.journals))
    downtime_s = next(p.downtime_s for p in found if p.after.epoch == lease.epoch)
    tell(f"{size_bytes / 1e6:,.0f} MB: {downtime_s:.3f} s")
    return downtime_s
