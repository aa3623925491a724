"""Whole fleets on the product's core under faults and orders.

Goal: S1 to S7 always, L1 and L2 in the end. Method: a few seeds of each mixture here;
thousands of them, and all mutants, have commands of their own.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessionlib.core.member_transitions import TRANSITIONS
from sessionlib.core.messages import MoveKind, OrderAction
from sessionlib.core.view import Member
from tests.simulation.faults import CALM, MIXTURES, ROUGH, Kind
from tests.simulation.seeds import fleet_of, live, outcome_of
from tests.simulation.world import Fleet


@pytest.mark.parametrize("seed", range(len(MIXTURES)), ids=list(MIXTURES))
def test_every_promise_holds_whatever_strikes(seed: int) -> None:
    outcome = outcome_of(seed, hours=1.2)
    assert outcome.violation is None
    assert outcome.acquisitions > 0


def test_a_register_over_drive_keeps_every_promise() -> None:
    """Writes out of several requests, true conditions refused, refusals carried out."""
    fleet = fleet_of(0, MIXTURES["lossy"], hours=1.2, over_drive=True, on_files=False)
    live(fleet)
    assert fleet.truth.acquisitions > 0
    assert all(fleet.struck[kind] for kind in (Kind.SPURIOUS, Kind.RATE, Kind.RATE_YET_DONE))


def test_every_transition_is_a_known_one_and_every_kind_of_order_is_carried_out() -> None:
    known = {(each.before, each.after) for each in TRANSITIONS}
    # Too rare to wait for, but test_decide makes them happen.
    rare = {(Member.STANDBY, Member.GIVING_UP), (Member.QUIESCING, Member.FENCED)}
    awaited = known - rare
    happened: set[tuple[Member, Member]] = set()
    kinds: set[MoveKind] = set()
    acted: set[OrderAction] = set()
    wordy = replace(ROUGH, operators=120)
    leavers = replace(ROUGH, lost=0.3, late=0.2, terms=60)
    for seed in range(60):
        fleet = fleet_of(seed, (wordy, leavers)[seed % 2], hours=1.2, on_files=False)
        fleet.run(1.2 * 3600)
        happened |= fleet.transitions
        kinds |= {entry.kind for entry in fleet.notes.history}
        acted |= fleet.truth.acted
        assert happened <= known, "a transition that the diagram doesn't show"
        if awaited <= happened and kinds == set(MoveKind) and acted == set(OrderAction):
            break
    assert awaited <= happened, "drawn, but never happens"
    assert kinds == set(MoveKind)
    assert acted == set(OrderAction), "given, but never carried out"


def test_a_session_that_ends_hands_over_in_time() -> None:
    """No faults: every move is planned by the clock, and nothing is lost in any of them."""
    fleet = Fleet(3, CALM, lifetime_s=1_200, policy={"handover": "auto"})
    for wait_s, node in zip((250, 500), fleet.nodes[1:], strict=True):
        node.die("is not there yet")
        fleet.after(wait_s, node.begin_session_anew)
    fleet.run(2 * 3600)
    kinds = [entry.kind for entry in fleet.notes.history]
    assert kinds[0] is MoveKind.FIRST
    assert len(kinds) > 4
    assert set(kinds[1:]) == {MoveKind.PLANNED}
    assert all(entry.reason == "the session ends" for entry in fleet.notes.history[1:])


def test_a_calm_fleet_never_moves() -> None:
    fleet = Fleet(1, CALM)
    fleet.run(2 * 3600)
    assert (fleet.lease.epoch, fleet.lease.holder) == (1, "a"), "the first by priority serves on"


def test_takeover_within_l1_after_the_primary_dies() -> None:
    for seed in range(12):
        fleet = Fleet(seed, CALM)
        fleet.run(300)
        primary = fleet.primary()
        assert primary is not None
        primary.die("is killed")
        timing = fleet.timing
        bound_s = 1.01 * timing.ttl_s + timing.rank_step_s + timing.poll_s + 2 * timing.timeout_s
        fleet.run(bound_s + 2)
        assert fleet.primary() is not None, f"seed {seed}"


def test_a_crash_loses_at_most_the_interval_and_one_upload() -> None:
    for seed in range(6):
        fleet = Fleet(seed, CALM)
        fleet.run(900 + 17 * seed)
        primary = fleet.primary()
        assert primary is not None
        before_ms = sum(primary.disk.content().values())
        primary.die("is killed")
        fleet.run(120)
        after = fleet.primary()
        assert after is not None
        kept = fleet.truth.content(fleet.lease.checkpoint)
        lost_ms = before_ms - kept[1]
        upload_s = 1.0 + 2 * fleet.odds.delay_s + 2.0
        assert lost_ms <= (fleet.settings().copy_every_s + upload_s) * 1000, f"seed {seed}"


def test_a_quiet_time_ends_what_the_faults_began() -> None:
    """The check of L1 and L2 is one that can fail: where everybody is gone nobody serves."""
    fleet = fleet_of(1, hours=0.2)
    fleet.run(720)
    for node in fleet.nodes:
        node.begin_session_anew()
        node.die("never comes back")
    fleet.run(300)
    with pytest.raises(AssertionError, match="nobody serves"):
        fleet.settles()


def test_a_fleet_on_real_files_keeps_its_data() -> None:
    fleet = fleet_of(0, hours=1.0, on_files=True)
    live(fleet)
    assert fleet.published, "nothing was ever published"
