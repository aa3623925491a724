"""Goal: what is old or out of reach never looks healthy, and what happened is told as it was.

Method: pictures of a fleet at given moments; pure functions over them.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.fleet.changes import events_between
from console.fleet.readmodel import fleet_view
from console.fleet.safety import SafetyLevel, safety
from console.fleet.snapshot import Reading
from sessionlib.core.messages import Receipt, Report, WorkState
from sessionlib.core.values import Lease, LeaseState, Plan, PlanPhase, Readiness
from tests.tui.kit import (
    COPIED,
    GUARDED,
    Scene,
    StillClock,
    asking,
    at_work,
    away,
    calm,
    config,
    empty,
    lost,
    moving,
    snapshot,
    view,
)
from tests.unit.console.fleet_on_disk import report, serving


def test_every_age_counts_on_between_looks() -> None:
    before, after = view(calm()), view(calm(), 1.5)
    assert (before.lease.age_s, after.lease.age_s) == (3.0, 4.5)
    assert before.accounts[0].remaining_s == 22_362.0
    assert after.accounts[0].remaining_s == 22_360.5
    assert after.accounts[0].heartbeat_age_s == 3.5
    assert (before.checkpoint.age_s, after.checkpoint.age_s) == (62.0, 63.5)
    one, other = view(moving()).handover, view(moving(), 2.0).handover
    assert one is not None
    assert other is not None
    assert (one.left_s, other.left_s) == (578.0, 576.0)
    assert (one.latest_safe_s, other.latest_safe_s) == (310.0, 308.0)


def test_one_mishap_is_none_and_a_store_that_stays_away_is_away() -> None:
    mishap = replace(calm(), failed="timed out")
    assert snapshot(mishap, 2.9).reachable
    assert snapshot(mishap, 3.1).error == "timed out"
    assert snapshot(calm(), 10.9).reachable
    assert snapshot(calm(), 11.5).error == "no answer for 11s"
    assert snapshot(away()).error == "[Errno 107] not connected"
    assert snapshot(Scene(answered=False)).error == "waiting for its first answer, 0s"


def test_nothing_is_known_of_a_store_out_of_reach_but_that_time_passes() -> None:
    seen = view(calm(), 60.0)
    assert safety(seen) == (safety(seen).__class__)(
        SafetyLevel.UNKNOWN, "store not reached for 1m00s"
    )
    for row in seen.accounts:
        assert (row.phase, row.readiness, row.workload, row.is_primary) == (None,) * 4
    assert [row.remaining_s for row in seen.accounts] == [22_302.0, 40_935.0, 41_931.0]
    assert seen.lease.epoch is None
    assert seen.checkpoint.seq is None


def test_a_report_that_nobody_has_read_for_long_is_not_a_lost_session() -> None:
    clock = StillClock()
    picture = calm().picture(clock)
    clock.on(60.0)
    read_now = calm().picture(clock)
    # The lease is read now, the reports are not.
    mixed = replace(read_now, reports=picture.reports)
    rows = fleet_view(config(), mixed.snapshot_at(clock.now())).accounts
    assert {row.phase for row in rows} == {None}
    assert all(row.heartbeat_age_s is not None for row in rows)
    # Read now and silent all the same: that is lost.
    silent = Scene(reports={name: replace(seen, age_s=60.0) for name, seen in at_work().items()})
    assert {row.phase for row in view(silent).accounts} == {"Lost"}


@pytest.mark.parametrize(
    ("scene", "word", "reason"),
    [
        (calm(), SafetyLevel.SAFE, "held by primary, renewed 3s ago; backup1 ready"),
        (moving(), SafetyLevel.MOVING, "primary moves to backup1: warming"),
        (asking(), SafetyLevel.MOVING, "primary asks to move to backup1: approve or abort"),
        (lost(), SafetyLevel.NOT_SAFE, "primary hasn't renewed for 1m15s"),
        (empty(), SafetyLevel.NOT_SAFE, "nobody works: the lease is free, 3s ago"),
        (Scene(Reading(), at_work()), SafetyLevel.UNKNOWN, "there is no lease record"),
        (
            Scene(Reading(replace(GUARDED, holder="unknown"), 3.0), at_work()),
            SafetyLevel.UNKNOWN,
            "the lease had to be made again",
        ),
        (
            Scene(
                Reading(replace(GUARDED, state=LeaseState.OFFERED, successor="backup1"), 3.0),
                at_work(),
            ),
            SafetyLevel.MOVING,
            "offered to backup1, 3s ago",
        ),
        (
            Scene(
                Reading(replace(GUARDED, state=LeaseState.OFFERED, successor="backup1"), 70.0),
                at_work(),
            ),
            SafetyLevel.NOT_SAFE,
            "offered to backup1, 1m10s ago, and not claimed",
        ),
        (
            Scene(Reading(replace(GUARDED, paused=True), 3.0), at_work()),
            SafetyLevel.PAUSED,
            "nobody would take over",
        ),
        (
            Scene(reports=at_work(backup1=Reading(), backup2=Reading())),
            SafetyLevel.NOT_SAFE,
            "no standby runs",
        ),
        (
            Scene(
                reports=at_work(
                    backup1=Reading(
                        report("backup1", readiness=Readiness.WARMING, preparing="setting up"), 1.0
                    )
                )
            ),
            SafetyLevel.NOT_SAFE,
            "no standby is ready: setting up",
        ),
        (
            Scene(Reading(replace(GUARDED, checkpoint=None), 3.0), at_work()),
            SafetyLevel.NOT_SAFE,
            "no checkpoint yet",
        ),
        (
            Scene(
                reports=at_work(
                    primary=Reading(
                        replace(serving("primary", 4), copied=replace(COPIED, age_s=2_000.0)), 2.0
                    )
                )
            ),
            SafetyLevel.NOT_SAFE,
            "the last checkpoint is 33m22s old",
        ),
        (
            Scene(
                reports=at_work(
                    primary=Reading(replace(serving("primary", 4), workload=WorkState.BACKOFF), 2.0)
                )
            ),
            SafetyLevel.NOT_SAFE,
            "its workload is backoff",
        ),
        (
            Scene(reports=at_work(primary=Reading(serving("primary", 4), 50.0))),
            SafetyLevel.NOT_SAFE,
            "primary holds the lease, but is lost",
        ),
        (
            Scene(reports=at_work(primary=Reading(None, 2.0, "torn"))),
            SafetyLevel.UNKNOWN,
            "its report can't be read",
        ),
    ],
)
def test_the_verdict_and_its_reason(scene: Scene, word: SafetyLevel, reason: str) -> None:
    verdict = safety(view(scene))
    assert verdict.word is word
    assert reason in verdict.reason


def texts(before: Scene | None, after: Scene) -> list[str]:
    first = None if before is None else snapshot(before)
    return [event.text for event in events_between(first, snapshot(after))]


def test_the_same_twice_is_no_news() -> None:
    for scene in (calm(), moving(), asking(), lost(), empty()):
        assert events_between(snapshot(scene), snapshot(scene, 1.0)) == ()


def test_the_first_look_says_where_it_stands() -> None:
    assert texts(None, calm()) == ["watching: epoch 4, held by primary"]


def test_a_move_is_told_step_by_step() -> None:
    assert texts(calm(), asking())[:2] == [
        "a move to backup1 is planned: its session is ending",
        "move to backup1: notified",
    ]
    assert texts(asking(), moving())[:2] == ["the move is approved", "move to backup1: warming"]
    offered = replace(GUARDED, state=LeaseState.OFFERED, successor="backup1")
    assert texts(calm(), Scene(Reading(offered, 0.1), at_work())) == [
        "epoch 4: primary has stopped and offers it to backup1"
    ]
    claimed = Lease(5, "backup1", "s2", "inc-backup1", 1, "n", 60.0, LeaseState.HELD)
    assert texts(
        Scene(Reading(offered, 0.1), at_work()), Scene(Reading(claimed, 0.1), at_work())
    ) == ["backup1 is the primary: epoch 5, as planned"]
    assert "backup1 is the primary: epoch 5, taken over from primary" in texts(
        calm(), Scene(Reading(claimed, 0.1), at_work())
    )
    assert "the move to backup1 is off: primary serves on" in texts(moving(), calm())
    fallen = Scene(Reading(replace(GUARDED, epoch=3), 1.0), at_work())
    assert "the epoch fell from 4 to 3: stop and look" in texts(calm(), fallen)


def test_a_move_to_somebody_else_is_told() -> None:
    plan = Plan("o1", "backup2", PlanPhase.WARMING, "its session is ending", approved=True)
    other = replace(moving(), lease=Reading(replace(GUARDED, plan=plan), 1.0))
    assert texts(moving(), other) == ["the move goes to backup2 now, not to backup1"]


def changed(**reports: Reading[Report]) -> Scene:
    return Scene(reports=at_work(**reports), last_move=calm().last_move)


def test_what_sessions_say_is_told_once() -> None:
    ready = at_work()["backup1"].value
    assert ready is not None
    cases = [
        (replace(ready, remaining_s=3_000.0), ["backup1 is Handover"]),
        (replace(ready, ended="stopped"), ["backup1 has ended: stopped"]),
        (replace(ready, incarnation="x"), ["backup1 has started anew, as a standby"]),
        (replace(ready, readiness=Readiness.WARMING), ["backup1 is warming"]),
        (replace(ready, workload=WorkState.WARM), ["backup1's workload: warm"]),
        (replace(ready, preparing="fetching"), ["backup1: fetching"]),
        (replace(ready, alarm="disk full"), ["backup1 says: disk full"]),
        (replace(ready, asks="takeover:4"), ["backup1 asks for approval: takeover:4"]),
        (
            replace(ready, receipts=(Receipt("o9", "void", "another epoch"),)),
            ["backup1 on order o9: void: another epoch"],
        ),
    ]
    for after, told in cases:
        scene = changed(backup1=Reading(after, 1.0))
        assert texts(calm(), scene) == told
        assert texts(scene, scene) == []


def test_silence_and_return_are_told() -> None:
    silent = changed(backup1=Reading(at_work()["backup1"].value, 61.0))
    assert texts(calm(), silent) == ["backup1 has been silent for 1m01s"]
    assert texts(silent, calm()) == ["backup1 is Fresh"]
    torn = changed(backup1=Reading(None, 1.0, "torn"))
    assert texts(calm(), torn) == ["backup1: not known (torn)"]


def test_a_lease_that_runs_out_is_told_though_nobody_wrote() -> None:
    still = Scene(Reading(GUARDED, 59.0), at_work())
    over = Scene(Reading(GUARDED, 60.5), at_work())
    assert texts(still, over) == ["primary hasn't renewed in time: its lease is over"]
    assert texts(over, over) == []


def test_the_store_goes_and_comes_back() -> None:
    assert texts(calm(), away()) == ["the store can't be reached: [Errno 107] not connected"]
    assert texts(away(), away()) == []
    assert texts(away(), calm()) == ["the store answers again after 12s"]


def test_a_pause_and_a_checkpoint_are_told() -> None:
    paused = Scene(Reading(replace(GUARDED, paused=True), 1.0), at_work())
    assert texts(calm(), paused) == ["paused: no plans, no takeovers"]
    assert texts(paused, calm()) == ["resumed"]
    assert GUARDED.checkpoint is not None
    more = replace(GUARDED, checkpoint=replace(GUARDED.checkpoint, seq=18, name="4-18-x"))
    assert texts(calm(), Scene(Reading(more, 1.0), at_work())) == [
        "checkpoint 4.18 published, 1.2 GB"
    ]
