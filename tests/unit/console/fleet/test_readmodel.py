"""Goal: rows say what is known, and nothing stale or unreadable looks healthy or dead.

Method: snapshots made by hand, one thing different in each.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from console.fleet import json_output
from console.fleet.fleet_text import fleet_lines
from console.fleet.readmodel import AccountRow, FleetView, fleet_view
from console.fleet.snapshot import Reading, Snapshot
from sessionlib.config_loading import parse
from sessionlib.core.messages import PublishedCheckpoint, Report
from sessionlib.core.values import Lease, LeaseState, Plan, PlanPhase, Pointer
from tests.unit.console.fleet_on_disk import CONFIG, LEASE, moved, report, serving

NAMES = ("primary", "backup1", "backup2")


LEASE_READ = Reading(LEASE, 3.0)


def snapshot(lease: Reading[Lease] = LEASE_READ, /, **reports: Reading[Report]) -> Snapshot:
    return Snapshot("folder", 0.002, None, lease, reports)


def view_of(given: Snapshot) -> FleetView:
    return fleet_view(parse(CONFIG, Path("accounts.yaml")), given)


def row_of(name: str, seen: Reading[Report]) -> AccountRow:
    view = view_of(snapshot(**{name: seen}))
    return next(row for row in view.accounts if row.name == name)


def text_of(view: FleetView) -> str:
    return "\n".join(line.text for line in fleet_lines(view, "accounts.yaml"))


def test_the_primary_at_work() -> None:
    row = row_of("primary", Reading(serving("primary", 4), 2.0))
    assert row == AccountRow(
        "primary", "a@example.com", "main_worker", 1, "Fresh", 41_998.0, 2.0, 4, "ready",
        "serving", is_primary=True, lifetime_s=43_200.0,
    )  # fmt: skip


def test_a_standby() -> None:
    row = row_of("backup1", Reading(report("backup1"), 2.0))
    assert (row.phase, row.readiness, row.workload, row.is_primary) == (
        "Fresh",
        "ready",
        "none",
        False,
    )


@pytest.mark.parametrize(
    ("age_s", "phase"), [(44.9, "Fresh"), (45.0, "Fresh"), (45.1, "Lost"), (1e6, "Lost")]
)
def test_three_intervals_of_silence_and_a_session_counts_as_lost(age_s: float, phase: str) -> None:
    row = row_of("primary", Reading(serving("primary", 4), age_s))
    assert row.phase == phase
    if phase == "Lost":
        assert (row.workload, row.readiness, row.remaining_s) == (None, None, None)
        assert row.heartbeat_age_s == age_s


def test_the_reports_own_interval_counts() -> None:
    assert row_of("backup1", Reading(report("backup1", every_s=60.0), 179.0)).phase == "Fresh"
    assert row_of("backup1", Reading(report("backup1", every_s=0.75), 2.3)).phase == "Lost"


@pytest.mark.parametrize(
    ("changes", "phase"),
    [
        ({"remaining_s": 39_700.0}, "Fresh"),
        ({"remaining_s": 39_602.0}, "Active"),
        ({"remaining_s": 18_002.0}, "Warning"),
        ({"remaining_s": 3_602.0}, "Handover"),
        ({"remaining_s": 2.0}, "Expired"),
        ({"remaining_s": 580.0, "lifetime_s": 600.0}, "Fresh"),
        ({"phase": "Starting"}, "Starting"),
        ({"remaining_s": 2.0, "lifetime_s": 5e-324}, "Expired"),
        ({"remaining_s": 1e308, "lifetime_s": 1e308}, "Fresh"),
        ({"member": "fenced"}, "Fenced"),
        ({"member": "fenced", "ended": "fenced"}, "Fenced"),
        ({"ended": "stopped"}, "Cold"),
    ],
)
def test_phases_count_on_from_the_report(changes: dict[str, object], phase: str) -> None:
    # The report is 2 s old: each remaining time here is 2 s above its bound.
    assert row_of("backup1", Reading(report("backup1", **changes), 2.0)).phase == phase


def test_cold_is_known_and_unreadable_is_not() -> None:
    never = row_of("backup2", Reading())
    assert (never.phase, never.readiness, never.workload) == ("Cold", "cold", "none")
    torn = row_of("backup2", Reading(None, 5.0, "not JSON, or torn"))
    assert (torn.phase, torn.readiness, torn.workload, torn.epoch) == (None, None, None, None)
    view = view_of(snapshot(backup2=Reading(None, 5.0, "not JSON, or torn")))
    assert view.troubles == ("backup2's report can't be read: not JSON, or torn",)
    assert "not known" in text_of(view)


@pytest.mark.parametrize(
    ("lease", "age_s", "valid", "primary"),
    [
        (LEASE, 3.0, True, True),
        (LEASE, 59.9, True, True),
        (LEASE, 60.0, False, True),
        (replace(LEASE, state=LeaseState.OFFERED, successor="backup1"), 3.0, False, False),
        (Lease(4, None, None, None, 8, "n", 60.0, LeaseState.FREE), 3.0, False, False),
        (replace(LEASE, holder="unknown"), 3.0, None, False),
    ],
)
def test_whether_the_lease_holds(
    lease: Lease, age_s: float, valid: bool | None, primary: bool
) -> None:
    view = view_of(snapshot(Reading(lease, age_s), primary=Reading(serving("primary", 4), 1.0)))
    assert view.lease.valid is valid
    assert view.accounts[0].is_primary is primary


def test_a_lease_that_isnt_there_or_cant_be_read_says_nothing_of_who_works() -> None:
    for lease in (Reading[Lease](), Reading[Lease](None, 3.0, "torn")):
        view = view_of(snapshot(lease, primary=Reading(serving("primary", 4), 1.0)))
        assert (view.lease.valid, view.accounts[0].is_primary) == (None, None)
        assert view.troubles


def test_an_unreachable_store_leaves_nothing_known() -> None:
    view = view_of(Snapshot("folder", error="no such folder"))
    document = json_output.status_document(view)
    assert document["store"] == {
        "kind": "folder",
        "reachable": False,
        "latency_s": None,
        "answered_s": None,
        "error": "no such folder",
    }
    assert document["safety"]["word"] == "UNKNOWN"
    assert set(document["lease"].values()) == {None}
    for row in document["accounts"]:
        given = {name: row.pop(name) for name in ("name", "email", "role", "priority")}
        assert all(given.values())
        assert set(row.values()) == {None}
    assert "UNREACHABLE" in text_of(view)
    for word in ("serving", "Fresh", "Cold", "Lost", "ready"):
        assert word not in text_of(view)


def test_the_documents_shape_is_the_designs() -> None:
    lease = replace(
        LEASE,
        plan=Plan("o1", "backup1", PlanPhase.WARMING, "ordered"),
        checkpoint=Pointer(4, 9, "c", 1234),
    )
    document = json_output.status_document(view_of(snapshot(Reading(lease, 3.0))))
    assert list(document) == [
        "fleet",
        "safety",
        "policy",
        "lease",
        "accounts",
        "handover",
        "checkpoint",
        "store",
        "coordinator",
    ]
    assert " ".join(document["lease"]) == ("epoch holder state age_s valid successor ttl_s paused")
    assert document["policy"] == {
        "handover": "approve",
        "on_no_answer": "proceed",
        "takeover": "auto",
        "takeover_off": None,
    }
    assert " ".join(document["accounts"][0]) == (
        "name email role priority phase remaining_s heartbeat_age_s epoch readiness workload "
        "is_primary owner lifetime_s progress preparing asks"
    )
    assert document["handover"] == {
        "id": "o1",
        "kind": "planned",
        "from": "primary",
        "to": "backup1",
        "phase": "warming",
        "latest_safe_s": None,
        "left_s": None,
        "approved": False,
        "asked": False,
        "reason": "ordered",
    }
    assert document["checkpoint"] == {
        "epoch": 4,
        "seq": 9,
        "age_s": None,
        "bytes": 1234,
        "durable": True,
        "receipt": None,
        "every_s": 300.0,
    }
    assert document["coordinator"] is None


def test_a_move_as_json() -> None:
    assert json_output.move_document(moved(5, plan="o1")) == {
        "epoch": 5,
        "kind": "planned",
        "from": "primary",
        "to": "backup1",
        "at": "2023-11-14T22:13:20.000+00:00",
        "downtime_s": 1.25,
        "reason": "ordered",
        "plan": "o1",
    }
    assert json_output.move_document(replace(moved(5), at=1e300))["at"] is None


def test_everything_fits_80_by_24_and_each_glyph_has_its_word() -> None:
    reports = {
        name: Reading(report(name, alarm="x" * 300, remaining_s=9.0), 123_456.0) for name in NAMES
    }
    view = replace(view_of(snapshot(**reports)), last_move=moved(4))
    lines = fleet_lines(view, "accounts.yaml")
    assert len(lines) <= 23
    assert all(len(line.text) <= 80 for line in lines if not line.text.startswith(("!", "NOT ")))
    for row in view.accounts:
        assert f"? {row.phase}" in text_of(view)


def test_before_any_report_the_first_step_is_told() -> None:
    text = text_of(view_of(snapshot()))
    assert "python -m sessionlib agent --config accounts.yaml --account primary" in text
    assert "No agent" not in text_of(view_of(snapshot(primary=Reading(report("primary"), 1.0))))


def test_an_alarm_is_shown_while_its_session_runs() -> None:
    alarmed = report("primary", alarm="no standby")
    assert view_of(snapshot(primary=Reading(alarmed, 1.0))).troubles == (
        "primary says: no standby",
    )
    assert view_of(snapshot(primary=Reading(alarmed, 1e6))).troubles == ()


def test_the_first_checkpoint_is_promised_for_when_it_comes() -> None:
    shown = text_of(view_of(snapshot(Reading(LEASE, 3.0))))
    assert "Checkpoint: none yet; the first is made soon after the work begins" in shown
    assert "5m00s" not in shown


def test_the_checkpoints_age_is_the_holders_word_on_that_very_copy() -> None:
    lease = Reading(replace(LEASE, checkpoint=Pointer(4, 9, "4-9-x", 1234)), 3.0)
    copied = PublishedCheckpoint("4-9-x", 60.0, 1234, 12, 0.5, "confirmed")
    told = Reading(replace(serving("primary", 4), copied=copied), 2.0)
    row = view_of(snapshot(lease, primary=told)).checkpoint
    assert (row.seq, row.age_s, row.receipt, row.durable) == (9, 62.0, "confirmed", True)
    other = Reading(replace(serving("primary", 4), copied=replace(copied, name="4-8-y")), 2.0)
    row = view_of(snapshot(lease, primary=other)).checkpoint
    assert (row.seq, row.age_s, row.receipt, row.durable) == (9, None, None, True)
    none = view_of(snapshot(primary=told)).checkpoint
    assert (none.seq, none.durable) == (None, None)


def test_a_moves_times_count_on() -> None:
    plan = Plan("o1", "backup1", PlanPhase.NOTIFIED, "its session ends", left_s=600.0)
    told = Reading(replace(serving("primary", 4), latest_safe_s=100.0), 2.0)
    move = view_of(snapshot(Reading(replace(LEASE, plan=plan), 3.0), primary=told)).handover
    assert move is not None
    assert (move.left_s, move.latest_safe_s, move.asked) == (597.0, 98.0, True)
    agreed = Reading(replace(LEASE, plan=replace(plan, approved=True)), 3.0)
    assert (move := view_of(snapshot(agreed, primary=told)).handover) is not None
    assert (move.asked, move.approved) == (False, True)


def test_why_no_session_takes_over_by_itself_is_said_on_every_picture() -> None:
    off = replace(snapshot(), store_unproven="doctor was never run")
    view = view_of(off)
    assert view.policy.takeover == "approve"
    assert view.policy.takeover_off == "doctor was never run"
    said = "automatic takeover is off: doctor was never run"
    assert said in view.troubles
    assert any(said in line.text for line in fleet_lines(view, "accounts.yaml"))
