"""Goal: nobody is called dead but on proof, and nobody with a sign of life is called anything
but alive.

Method: each witness alone over all that it can see, then what all of them come to together.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from console.fleet.snapshot import Reading, Snapshot
from console.orders.evidence import (
    LivenessVerdict,
    WatchStart,
    Witness,
    begin_watch,
    evidence_lines,
    evidence_of,
    proof_of,
    required_watch_s,
    verdict_of,
)
from sessionlib.config_loading import parse
from sessionlib.core.messages import Report, WorkState
from sessionlib.core.values import Lease, LeaseState
from sessionlib.launchers import LaunchState, LaunchStatus
from tests.unit.console.fleet_on_disk import CONFIG, LEASE, serving

CONFIGURED = parse(CONFIG, Path("accounts.yaml"))
HOLDER = replace(serving("primary", 4), session="s1")
GONE = LaunchStatus(LaunchState.ENDED, "process 7 is gone", 12.0, 7, "s1")


def snapshot(
    lease: Reading[Lease] | None = None, report: Report | Reading[Report] | None = HOLDER
) -> Snapshot:
    seen = report if isinstance(report, Reading) else Reading(report, 1.0) if report else Reading()
    return Snapshot("folder", 0.001, None, lease or Reading(LEASE, 20.0), {"primary": seen})


def witness(
    name: str, seen: Snapshot, launched: LaunchStatus | None = None, watch: WatchStart | None = None
) -> Witness:
    found = {one.name: one for one in evidence_of(CONFIGURED, seen, launched, watch)}
    return found[name]


def seen_for(for_s: float, **changes: Any) -> WatchStart:
    first = begin_watch(snapshot(), for_s)
    assert first is not None
    return replace(first, **changes)


@pytest.mark.parametrize(
    ("lease", "watch", "verdict", "says"),
    [
        (Reading(LEASE, 20.0), None, LivenessVerdict.UNKNOWN, "valid for 40s, not yet watched"),
        (Reading(LEASE, 20.0), seen_for(0.0), LivenessVerdict.UNKNOWN, "not yet watched"),
        (
            Reading(LEASE, 40.0),
            seen_for(23.0),
            LivenessVerdict.UNKNOWN,
            "not renewed while it was watched",
        ),
        (
            Reading(LEASE, 9999.0),
            None,
            LivenessVerdict.UNKNOWN,
            "has run out, which is no proof of an end",
        ),
        (
            Reading(replace(LEASE, renewal=8), 1.0),
            seen_for(3.0),
            LivenessVerdict.ALIVE,
            "it was renewed",
        ),
        (
            Reading(replace(LEASE, renewal=8), 99.0),
            seen_for(3.0),
            LivenessVerdict.ALIVE,
            "it was renewed",
        ),
        (Reading(None, 1.0, "torn"), seen_for(3.0), LivenessVerdict.UNKNOWN, "torn"),
    ],
)
def test_the_store_proves_life_and_never_an_end(
    lease: Reading[Lease], watch: WatchStart | None, verdict: LivenessVerdict, says: str
) -> None:
    found = witness("store", snapshot(lease), watch=watch)
    assert found.verdict is verdict
    assert says in found.says
    assert found.clock == ("the store's" if lease.value else "-")


@pytest.mark.parametrize(
    ("launched", "verdict"),
    [
        (None, LivenessVerdict.UNKNOWN),
        (GONE, LivenessVerdict.DEAD),
        (replace(GONE, session="s0"), LivenessVerdict.UNKNOWN),
        (replace(GONE, session=None), LivenessVerdict.UNKNOWN),
        (replace(GONE, state=LaunchState.UNKNOWN), LivenessVerdict.UNKNOWN),
        (replace(GONE, state=LaunchState.RUNNING), LivenessVerdict.ALIVE),
        (replace(GONE, state=LaunchState.RUNNING, session=None), LivenessVerdict.ALIVE),
        (replace(GONE, state=LaunchState.RUNNING, session="s0"), LivenessVerdict.UNKNOWN),
    ],
)
def test_the_launcher_speaks_of_the_session_that_holds_the_lease_or_proves_nothing(
    launched: LaunchStatus | None, verdict: LivenessVerdict
) -> None:
    found = witness("launcher", snapshot(), launched)
    assert found.verdict is verdict
    assert found.since_s == (None if launched is None else 12.0)


@pytest.mark.parametrize(
    ("report", "watch", "verdict", "says"),
    [
        (None, None, LivenessVerdict.UNKNOWN, "has never reported"),
        (Reading[Report](None, 1.0, "torn"), None, LivenessVerdict.UNKNOWN, "torn"),
        (HOLDER, None, LivenessVerdict.UNKNOWN, "its last word: primary, work serving"),
        (HOLDER, seen_for(3.0), LivenessVerdict.UNKNOWN, "its last word"),
        (
            Reading(HOLDER, 900.0),
            seen_for(3.0),
            LivenessVerdict.UNKNOWN,
            "silent, which is no proof",
        ),
        (replace(HOLDER, beat=4), seen_for(3.0), LivenessVerdict.ALIVE, "reported again"),
        (
            replace(HOLDER, beat=4),
            seen_for(3.0, beat=None),
            LivenessVerdict.UNKNOWN,
            "its last word",
        ),
        (
            replace(HOLDER, ended="SIGTERM", workload=WorkState.NONE),
            seen_for(3.0),
            LivenessVerdict.DEAD,
            "ended (SIGTERM)",
        ),
        (replace(HOLDER, ended="a fault"), None, LivenessVerdict.UNKNOWN, "its work serving"),
        (
            replace(HOLDER, ended="x", workload=WorkState.NONE, incarnation="inc-2"),
            None,
            LivenessVerdict.UNKNOWN,
            "another start",
        ),
        (
            replace(HOLDER, ended="x", workload=WorkState.NONE, session="s2"),
            None,
            LivenessVerdict.UNKNOWN,
            "another start",
        ),
        (
            replace(HOLDER, beat=9, session="s2"),
            seen_for(3.0),
            LivenessVerdict.UNKNOWN,
            "another start",
        ),
    ],
)
def test_a_report_proves_an_end_only_as_the_last_word_of_that_very_start(
    report: Report | Reading[Report] | None,
    watch: WatchStart | None,
    verdict: LivenessVerdict,
    says: str,
) -> None:
    found = witness("report", snapshot(report=report), watch=watch)
    assert found.verdict is verdict
    assert says in found.says


def test_the_coordinator_is_said_not_to_have_been_asked_where_there_is_one() -> None:
    names = [one.name for one in evidence_of(CONFIGURED, snapshot(), None, None)]
    assert names == ["store", "launcher", "report"]
    text = CONFIG + 'coordinator: {url: "https://c.example.com"}\n'
    with_one = parse(text, Path("accounts.yaml"))
    found = evidence_of(with_one, snapshot(), None, None)[1]
    assert (found.name, found.verdict) == ("coordinator", LivenessVerdict.UNKNOWN)
    assert "not asked" in found.says


def test_one_sign_of_life_outweighs_every_proof_and_silence_is_none() -> None:
    for combination in product(LivenessVerdict, repeat=3):
        found = verdict_of([Witness("w", "", None, "-", verdict) for verdict in combination])
        if LivenessVerdict.ALIVE in combination:
            assert found is LivenessVerdict.ALIVE
        else:
            assert (found is LivenessVerdict.DEAD) is (LivenessVerdict.DEAD in combination)
    assert verdict_of([]) is LivenessVerdict.UNKNOWN


def test_without_a_holder_nobody_is_dead() -> None:
    free = replace(LEASE, holder=None, state=LeaseState.FREE)
    for seen in (
        snapshot(Reading()),
        snapshot(Reading(free, 1.0)),
        Snapshot("folder", error="gone"),
    ):
        assert verdict_of(evidence_of(CONFIGURED, seen, GONE, None)) is LivenessVerdict.UNKNOWN
    assert begin_watch(snapshot(Reading())) is None


def test_a_valid_lease_is_watched_for_a_renewal_and_one_that_has_run_out_is_not() -> None:
    # 15 s from renewal to renewal, and 8 s for one that the store keeps waiting.
    assert required_watch_s(CONFIGURED, snapshot(), None) == 23.0
    assert (
        required_watch_s(CONFIGURED, snapshot(), replace(GONE, state=LaunchState.UNKNOWN)) == 23.0
    )
    assert required_watch_s(CONFIGURED, snapshot(), GONE) == 15.0
    assert required_watch_s(CONFIGURED, snapshot(Reading(LEASE, 60.5)), None) == 23.0
    assert required_watch_s(CONFIGURED, snapshot(Reading(LEASE, 60.7)), None) == 0.0
    assert required_watch_s(CONFIGURED, snapshot(Reading()), None) == 0.0


def test_the_proof_is_said_in_words_and_the_table_has_a_row_for_each() -> None:
    found = evidence_of(CONFIGURED, snapshot(), GONE, None)
    assert proof_of(found) == "launcher: process 7 is gone"
    assert proof_of(found[:1]) == ""
    head, *rows = evidence_lines(found)
    assert head.split() == ["WITNESS", "VERDICT", "SINCE", "CLOCK", "SAYS"]
    assert [row.split()[:2] for row in rows] == [
        ["store", "unknown"],
        ["launcher", "dead"],
        ["report", "unknown"],
    ]
    assert "the store's" in rows[0]
    assert "this machine's" in rows[1]
