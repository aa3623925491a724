"""A fleet at work as the console reads it, and the states that it may be changed to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from console.fleet.snapshot import Reading, Snapshot
from sessionlib.config_loading import parse
from sessionlib.core.messages import Report
from sessionlib.core.values import Lease, LeaseState, Plan, PlanPhase, Pointer
from tests.unit.console.fleet_on_disk import CONFIG, LEASE, report, serving

CONFIGURED = parse(CONFIG, Path("accounts.yaml"))
AUTO = parse(CONFIG + "policy: {handover: auto}\n", Path("accounts.yaml"))
FREE = Lease(4, None, None, None, 8, "n", 60.0, LeaseState.FREE)
PLAN = Plan("p1", "backup1", PlanPhase.NOTIFIED, "the session ends", left_s=1800.0)
PLANNED = replace(LEASE, plan=PLAN)
OFFERED = replace(PLANNED, state=LeaseState.OFFERED, successor="backup1")
NEXT = replace(LEASE, epoch=5, holder="backup1", incarnation="inc-backup1", renewal=1)
LOST = Reading(replace(LEASE, checkpoint=Pointer(4, 9, "c", 5)), 99.0)
ASKING = report("backup1", asks="takeover:4")


def snapshot(
    lease: Reading[Lease] | Lease = LEASE, **reports: Report | Reading[Report]
) -> Snapshot:
    base: dict[str, Report | Reading[Report]] = {
        "primary": serving("primary", 4),
        "backup1": report("backup1"),
        "backup2": report("backup2"),
    }
    seen = {
        name: one if isinstance(one, Reading) else Reading(one, 1.0)
        for name, one in (base | reports).items()
    }
    return Snapshot(
        "folder", 0.001, None, lease if isinstance(lease, Reading) else Reading(lease, 1.0), seen
    )
