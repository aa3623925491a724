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

from console.fleet.snapshot import Seen, Snapshot
from console.orders.evidence import (
    Verdict,
    Watched,
    Witness,
    evidence_lines,
    evidence_of,
    proof_of,
    verdict_of,
    watch_s,
    watched,
)
from sessionlib.config import parse
from sessionlib.core.messages import Report, WorkState
from sessionlib.core.values import Lease, LeaseState
from sessionlib.launchers import LaunchState, LaunchStatus
from tests.unit.cli_fleets import CONFIG, LEASE, serving

CONFIGURED = parse(CONFIG, Path("accounts.yaml"))
HOLDER = replace(serving("primary", 4), session="s1")
GONE = LaunchStatus(LaunchState.ENDED, "process 7 is gone", 12.0, 7, "s1")


def snapshot(
    lease: Seen[Lease] | None = None, report: Report | Seen[Report] | None = HOLDER
) -> Snapshot:
    seen = report if isinstance(report, Seen) else Seen(report, 1.0) if report else Seen()
    return Snapshot("folder", 0.001, None, lease or Seen(LEASE, 20.0), {"primary": seen})


def witness(
    name: str, seen: Snapshot, launched: LaunchStatus | None = None, watch: Watched | None = None
) -> Witness:
    found = {one.name: one for one in evidence_of(CONFIGURED, seen, launched, watch)}
    return found[name]


def seen_for(for_s: float, **changes: Any) -> Watched:
    first = watched(snapshot(), for_s)
    assert first is not None
    return replace(first, **changes)


@pytest.mark.parametrize(
    ("lease", "watch", "verdict", "says"),
    [
        (Seen(LEASE, 20.0), None, Verdict.UNKNOWN, "valid for 40s, not yet watched"),
        (Seen(LEASE, 20.0), seen_for(0.0), Verdict.UNKNOWN, "not yet watched"),
        (Seen(LEASE, 40.0), seen_for(23.0), Verdict.UNKNOWN, "not renewed while it was watched"),
        (Seen(LEASE, 9999.0), None, Verdict.UNKNOWN, "has run out, which is no proof of an end"),
        (Seen(replace(LEASE, renewal=8), 1.0), seen_for(3.0), Verdict.ALIVE, "it was renewed"),
        (Seen(replace(LEASE, renewal=8), 99.0), seen_for(3.0), Verdict.ALIVE, "it was renewed"),
        (Seen(None, 1.0, "torn"), seen_for(3.0), Verdict.UNKNOWN, "torn"),
    ],
)
def test_the_store_proves_life_and_never_an_end(
    lease: Seen[Lease], watch: Watched | None, verdict: Verdict, says: str
) -> None:
    found = witness("store", snapshot(lease), watch=watch)
    assert found.verdict is verdict
    assert says in found.says
    assert found.clock == ("the store's" if lease.value else "-")


@pytest.mark.parametrize(
    ("launched", "verdict"),
    [
        (None, Verdict.UNKNOWN),
        (GONE, Verdict.DEAD),
        (replace(GONE, session="s0"), Verdict.UNKNOWN),
        (replace(GONE, session=None), Verdict.UNKNOWN),
        (replace(GONE, state=LaunchState.UNKNOWN), Verdict.UNKNOWN),
        (replace(GONE, state=LaunchState.RUNNING), Verdict.ALIVE),
        (replace(GONE, state=LaunchState.RUNNING, session=None), Verdict.ALIVE),
        (replace(GONE, state=LaunchState.RUNNING, session="s0"), Verdict.UNKNOWN),
    ],
)
def test_the_launcher_speaks_of_the_session_that_holds_the_lease_or_proves_nothing(
    launched: LaunchStatus | None, verdict: Verdict
) -> None:
    found = witness("launcher", snapshot(), launched)
    assert found.verdict is verdict
    assert found.since_s == (None if launched is None else 12.0)


@pytest.mark.parametrize(
    ("report", "watch", "verdict", "says"),
    [
        (None, None, Verdict.UNKNOWN, "has never reported"),
        (Seen[Report](None, 1.0, "torn"), None, Verdict.UNKNOWN, "torn"),
        (HOLDER, None, Verdict.UNKNOWN, "its last word: primary, work serving"),
        (HOLDER, seen_for(3.0), Verdict.UNKNOWN, "its last word"),
        (Seen(HOLDER, 900.0), seen_for(3.0), Verdict.UNKNOWN, "silent, which is no proof"),
        (replace(HOLDER, beat=4), seen_for(3.0), Verdict.ALIVE, "reported again"),
        (replace(HOLDER, beat=4), seen_for(3.0, beat=None), Verdict.UNKNOWN, "its last word"),
        (
            replace(HOLDER, ended="SIGTERM", workload=WorkState.NONE),
            seen_for(3.0),
            Verdict.DEAD,
            "ended (SIGTERM)",
        ),
        (replace(HOLDER, ended="a fault"), None, Verdict.UNKNOWN, "its work serving"),
        (
            replace(HOLDER, ended="x", workload=WorkState.NONE, incarnation="inc-2"),
            None,
            Verdict.UNKNOWN,
            "another start",
        ),
        (
            replace(HOLDER, ended="x", workload=WorkState.NONE, session="s2"),
            None,
            Verdict.UNKNOWN,
            "another start",
        ),
        (replace(HOLDER, beat=9, session="s2"), seen_for(3.0), Verdict.UNKNOWN, "another start"),
    ],
)
def test_a_report_proves_an_end_only_as_the_last_word_of_that_very_start(
    report: Report | Seen[Report] | None, watch: Watched | None, verdict: Verdict, says: str
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
    assert (found.name, found.verdict) == ("coordinator", Verdict.UNKNOWN)
    assert "not asked" in found.says


def test_one_sign_of_life_outweighs_every_proof_and_silence_is_none() -> None:
    for combination in product(Verdict, repeat=3):
        found = verdict_of([Witness("w", "", None, "-", verdict) for verdict in combination])
        if Verdict.ALIVE in combination:
            assert found is Verdict.ALIVE
        else:
            assert (found is Verdict.DEAD) is (Verdict.DEAD in combination)
    assert verdict_of([]) is Verdict.UNKNOWN


def test_without_a_holder_nobody_is_dead() -> None:
    free = replace(LEASE, holder=None, state=LeaseState.FREE)
    for seen in (snapshot(Seen()), snapshot(Seen(free, 1.0)), Snapshot("folder", error="gone")):
        assert verdict_of(evidence_of(CONFIGURED, seen, GONE, None)) is Verdict.UNKNOWN
    assert watched(snapshot(Seen())) is None


def test_a_valid_lease_is_watched_for_a_renewal_and_one_that_has_run_out_is_not() -> None:
    # 15 s from renewal to renewal, and 8 s for one that the store keeps waiting.
    assert watch_s(CONFIGURED, snapshot(), None) == 23.0
    assert watch_s(CONFIGURED, snapshot(), replace(GONE, state=LaunchState.UNKNOWN)) == 23.0
    assert watch_s(CONFIGURED, snapshot(), GONE) == 15.0
    assert watch_s(CONFIGURED, snapshot(Seen(LEASE, 60.5)), None) == 23.0
    assert watch_s(CONFIGURED, snapshot(Seen(LEASE, 60.7)), None) == 0.0
    assert watch_s(CONFIGURED, snapshot(Seen()), None) == 0.0


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
