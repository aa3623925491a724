"""Goal: what one look shows decides in which step a cold start is, and nothing else does.

Method: each state of the fleet that a cold start goes through, and those that get in between.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from console.errors import Refused
from console.fleet.snapshot import Reading, Snapshot
from console.orders import coldstart
from console.orders.coldstart import STEPS, CheckpointSummary, ColdstartStep
from sessionlib.config_loading import parse
from sessionlib.core.messages import Report, WorkState
from sessionlib.core.values import Lease, LeaseState, Pointer
from sessionlib.launchers import LaunchState, LaunchStatus
from tests.unit.console.fleet_on_disk import CONFIG, LEASE, report, serving

CONFIGURED = parse(CONFIG, Path("accounts.yaml"))
FREE = replace(LEASE, holder=None, session=None, incarnation=None, state=LeaseState.FREE)
MINE = replace(LEASE, epoch=5, holder="backup1", session="s-backup1", incarnation="inc-backup1")
UP = LaunchStatus(LaunchState.RUNNING, "its agent, process 7, runs", 1.0, 7, "s-backup1")
BOOTING = replace(UP, session=None)
GONE = LaunchStatus(LaunchState.ENDED, "process 7 is gone", 1.0, 7, "s-backup1")


def fleet(
    lease: Lease | Reading[Lease] = LEASE, *reports: Report, age_s: float = 999.0
) -> Snapshot:
    seen = lease if isinstance(lease, Reading) else Reading(lease, age_s)
    return Snapshot(
        "folder", 0.001, None, seen, {one.account: Reading(one, 1.0) for one in reports}
    )


def at(step: ColdstartStep, seen: Snapshot, launched: LaunchStatus | None = UP) -> str:
    known = {} if launched is None else {"backup1": launched}
    found = coldstart.coldstart_progress(CONFIGURED, seen, "backup1", known)
    assert found.step is step, found
    assert found.number == 1 + list(STEPS).index(step)
    return found.text


def test_the_steps_of_a_session_that_is_started_from_here() -> None:
    standby = report("backup1")
    assert "no session of backup1" in at(ColdstartStep.START, fleet(), None)
    at(ColdstartStep.START, fleet(), GONE)
    # Before this machine was started anew, for one.
    at(ColdstartStep.START, fleet(), replace(GONE, state=LaunchState.UNKNOWN, session=None))
    assert "process 7, runs" in at(ColdstartStep.BOOT, fleet(), BOOTING)
    assert "once it has watched for 1m00s" in at(ColdstartStep.CLAIM, fleet(LEASE, standby))
    mine = replace(standby, member="primary", epoch=5)
    assert "backup1 has claimed epoch 5" in at(ColdstartStep.RESTORE, fleet(MINE, mine, age_s=1.0))
    fetching = replace(mine, preparing="fetching 3 of 7")
    assert "fetching 3 of 7" in at(ColdstartStep.RESTORE, fleet(MINE, fetching, age_s=1.0))
    for state in (WorkState.STARTING, WorkState.BACKOFF, WorkState.FROZEN):
        at(ColdstartStep.SERVICES, fleet(MINE, replace(mine, workload=state), age_s=1.0))
    done = replace(mine, workload=WorkState.SERVING, url="https://b.example.com")
    text = at(ColdstartStep.DONE, fleet(MINE, done, age_s=1.0))
    assert text == "backup1 serves under epoch 5, at https://b.example.com"


def test_one_that_its_owner_starts_goes_the_same_way_by_its_reports() -> None:
    at(ColdstartStep.START, fleet(), None)
    at(ColdstartStep.CLAIM, fleet(LEASE, report("backup1")), None)
    at(ColdstartStep.START, fleet(LEASE, report("backup1", ended="stopped")), None)
    at(ColdstartStep.START, fleet(LEASE, report("backup1", every_s=0.001)), None)
    at(ColdstartStep.DONE, fleet(MINE, serving("backup1", 5), age_s=1.0), None)


def test_a_report_of_a_session_that_is_known_to_be_gone_counts_for_nothing() -> None:
    at(ColdstartStep.START, fleet(LEASE, report("backup1")), GONE)
    # What runs here has yet to say its first word; the report is of the one before.
    at(ColdstartStep.BOOT, fleet(LEASE, report("backup1", session="old")), UP)
    at(ColdstartStep.BOOT, fleet(LEASE, report("backup1")), BOOTING)
    # Started elsewhere since, and that one lives.
    at(ColdstartStep.CLAIM, fleet(LEASE, report("backup1", session="new")), GONE)


def test_a_claim_of_an_earlier_start_is_not_this_ones() -> None:
    older = replace(MINE, incarnation="inc-older")
    at(ColdstartStep.CLAIM, fleet(older, serving("backup1", 5), age_s=1.0))
    at(ColdstartStep.SERVICES, fleet(MINE, serving("backup1", 4), age_s=1.0))


@pytest.mark.parametrize(
    ("lease", "age_s", "says"),
    [
        (FREE, 9.0, "the lease is free; backup1 claims it in its turn"),
        (replace(FREE, paused=True), 9.0, "`colabvps-console resume`"),
        (replace(LEASE, paused=True), 999.0, "`colabvps-console resume`"),
        (
            replace(LEASE, state=LeaseState.OFFERED, successor="backup2"),
            9.0,
            "offered to backup2; backup1 claims when it has run out",
        ),
        (replace(LEASE, holder="unknown"), 9.0, "nobody can say who worked last"),
        (LEASE, 9.0, "primary holds the lease under epoch 4"),
        (LEASE, 999.0, "may claim from primary (epoch 4)"),
    ],
)
def test_what_a_claim_waits_for_is_said(lease: Lease, age_s: float, says: str) -> None:
    assert says in at(ColdstartStep.CLAIM, fleet(lease, report("backup1"), age_s=age_s))


def test_who_has_to_act_is_told() -> None:
    asking = report("backup1", asks="takeover:4")
    assert "`colabvps-console approve`" in at(ColdstartStep.CLAIM, fleet(LEASE, asking))
    fenced = report("backup1", member="fenced")
    assert "start its agent again" in at(ColdstartStep.CLAIM, fleet(LEASE, fenced))


def test_without_the_store_nothing_is_concluded() -> None:
    away = replace(fleet(), error="gone", latency_s=None)
    assert "can't be reached" in at(ColdstartStep.BOOT, away)
    assert "torn" in at(ColdstartStep.CLAIM, fleet(Reading(None, 1.0, "torn")))


def test_another_one_that_was_quicker_ends_it_unless_that_one_is_known_to_be_gone() -> None:
    seen = fleet(LEASE, replace(serving("primary", 4), session="s1"), report("backup1"), age_s=1.0)
    assert "primary was quicker, and serves under epoch 4" in at(ColdstartStep.DONE, seen)
    gone = replace(GONE, session="s1")
    found = coldstart.coldstart_progress(
        CONFIGURED, seen, "backup1", {"backup1": UP, "primary": gone}
    )
    assert found.step is ColdstartStep.CLAIM
    starting = replace(serving("primary", 4), workload=WorkState.STARTING)
    at(ColdstartStep.CLAIM, fleet(LEASE, starting, report("backup1"), age_s=1.0))


def test_it_is_refused_while_a_primary_may_be_at_work_and_names_it() -> None:
    def check(seen: Snapshot, account: str | None = "backup1", **known: LaunchStatus) -> None:
        coldstart.check_needed(CONFIGURED, seen, account, known)

    busy = fleet(LEASE, replace(serving("primary", 4), session="s1"), age_s=20.0)
    with pytest.raises(Refused, match=r"primary holds the lease under epoch 4.*valid for 40s"):
        check(busy)
    with pytest.raises(Refused, match="primary reports, though its lease has run out"):
        check(replace(busy, lease=Reading(LEASE, 99.0)))
    with pytest.raises(Refused, match="the store can't be reached"):
        check(Snapshot("folder", error="gone"))
    with pytest.raises(Refused, match="primary"):
        check(busy, primary=replace(GONE, session="another"))
    check(busy, primary=replace(GONE, session="s1"))
    check(busy, "primary")
    check(fleet(LEASE))
    check(fleet(FREE, age_s=1.0))
    check(fleet(replace(LEASE, holder="unknown"), age_s=1.0))


def test_it_is_taken_up_again_where_it_stands() -> None:
    assert coldstart.account_under_way(fleet()) is None
    assert coldstart.account_under_way(fleet(FREE)) is None
    restoring = report("backup1", member="primary", epoch=5)
    assert coldstart.account_under_way(fleet(MINE, restoring, age_s=1.0)) == "backup1"
    older = replace(restoring, incarnation="older")
    assert coldstart.account_under_way(fleet(MINE, older, age_s=1.0)) is None
    assert coldstart.account_under_way(fleet(MINE, serving("backup1", 5), age_s=1.0)) is None


def test_accounts_are_ranked_with_what_speaks_for_each() -> None:
    text = CONFIG.replace("priority: 3}", "priority: 3, owner: Chris, launcher: manual}")
    config = parse(text, Path("accounts.yaml"))
    first, second, third = coldstart.candidates(config, fleet(), {})
    assert [one.account for one in (first, second, third)] == ["primary", "backup1", "backup2"]
    assert first.reasons == (
        "priority 1",
        "main worker",
        "12h00m ahead of it",
        "started from this machine",
        "worked last: its folder may hold what no checkpoint does",
    )
    assert (third.launcher, third.reasons[3]) == ("manual", "started by its own person, Chris")
    # One that runs comes first, by its report or by its process, but not a fenced one.
    standby, fenced = report("backup2"), report("backup1", member="fenced")
    ranked = coldstart.candidates(config, fleet(LEASE, standby, fenced), {})
    assert [one.account for one in ranked] == ["backup2", "primary", "backup1"]
    assert "a session runs, 11h40m left" in ranked[0].reasons
    assert "fenced: its agent has to be started again" in ranked[2].reasons
    started = coldstart.candidates(config, fleet(), {"backup1": BOOTING})
    assert started[0].account == "backup1"
    assert "a session runs and has yet to report" in started[0].reasons


def test_what_the_work_begins_with_is_said() -> None:
    assert "no checkpoint" in coldstart.checkpoint_sentence(fleet(), CheckpointSummary())
    seen = fleet(replace(LEASE, checkpoint=Pointer(4, 7, "c-7", 12_300_000)))
    words = coldstart.checkpoint_sentence(seen, CheckpointSummary(12, 61.0))
    assert words.startswith("checkpoint 7 of epoch 4 (12 files, 12.3 MB, made 1m01s ago);")
    unread = coldstart.checkpoint_sentence(seen, CheckpointSummary(error="it is gone"))
    assert "can't be read now (it is gone)" in unread


def test_an_owner_is_told_what_to_type() -> None:
    lines = "\n".join(coldstart.manual_steps(CONFIGURED, "backup2"))
    assert "c@example.com" in lines
    assert "python -m sessionlib agent --config accounts.yaml --account backup2" in lines
