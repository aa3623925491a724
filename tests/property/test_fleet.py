"""Whole fleets on the product's core under faults: S1 and S2 always, L1 and L2 in the end.

Method: seeded simulation (`fleet.py`). A test that can't fail proves nothing,
so rules that safety rests on are also taken out one at a time, and the same
simulation has to notice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sessionlib.core import decide as decision
from sessionlib.core import learn as learning
from sessionlib.core import lease as leases
from sessionlib.core.lease import Watch
from sessionlib.core.members import TRANSITIONS
from sessionlib.core.notes import MoveKind
from sessionlib.core.rules import common, leaving, standby
from sessionlib.core.timing import Timing
from sessionlib.core.values import Identity, Instant, Lease
from sessionlib.core.view import Finding, Member, View, Write
from sessionlib.core.work import Aim, Goal
from tests.property.fleet import CALM, Fleet, Odds

HOURS = 1.5


def lived(seed: int, odds: Odds | None = None) -> Fleet:
    """A fleet after some hours of faults and a quiet time at the end."""
    fleet = Fleet(seed, odds or Odds())
    fleet.run(HOURS * 3600)
    fleet.quiet()
    fleet.run(400)
    return fleet


@pytest.mark.parametrize("seed", range(6))
def test_never_two_at_work_and_somebody_in_the_end(seed: int) -> None:
    fleet = lived(seed)
    assert fleet.primary() is not None, "nobody serves after a quiet time"
    epochs = [epoch for epoch, _ in fleet.claims]
    assert epochs == sorted(set(epochs)), "two claims share an epoch, or one fell"
    assert fleet.lease.plan is None, "a move never ended"


def test_the_faults_really_strike_and_every_transition_is_a_known_one() -> None:
    rough = Odds(lost=0.15, late=0.1, kills=2, freezes=4, partitions=4, orders=20, departs=6)
    known = {(each.before, each.after) for each in TRANSITIONS}
    # Too rare to wait for, but test_decide makes them happen.
    rare = {(Member.STANDBY, Member.GIVING_UP), (Member.QUIESCING, Member.FENCED)}
    awaited = known - rare
    happened: set[tuple[Member, Member]] = set()
    kinds: set[MoveKind] = set()
    for seed in range(60):
        fleet = Fleet(seed, rough)
        fleet.run(1.2 * 3600)
        happened |= fleet.transitions
        kinds |= {entry.kind for entry in fleet.history}
        assert happened <= known, "a transition that the diagram doesn't show"
        if awaited <= happened:
            break
    assert awaited <= happened, "drawn, but never happens"
    assert kinds == {MoveKind.FIRST, MoveKind.PLANNED, MoveKind.TAKEOVER}


def test_a_calm_fleet_never_moves() -> None:
    fleet = Fleet(1, CALM)
    fleet.run(2 * 3600)
    assert [holder for _, holder in fleet.claims] == ["a"], "the first by priority serves on"


def test_takeover_within_l1_after_the_primary_dies() -> None:
    for seed in range(12):
        fleet = Fleet(seed, CALM)
        fleet.run(300)
        primary = fleet.primary()
        assert primary is not None
        primary.die()
        timing = fleet.timing
        bound_s = 1.01 * timing.ttl_s + timing.rank_step_s + timing.poll_s + 2 * timing.timeout_s
        fleet.run(bound_s + 2)
        assert fleet.primary() is not None, f"seed {seed}"


def _margin_and_drift_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # Twice the ttl: with the ttl alone only the drift is left to tell, a few in ten thousand.
    monkeypatch.setattr(Timing, "valid_s", property(lambda timing: 2 * timing.ttl_s))


def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Timing, "patience_s", lambda timing, ttl_s, rank: 0.5 * ttl_s)


def _work_after_an_unsettled_offer(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = learning._sending

    def sending(view: View, write: Write, now: Instant) -> View:
        return replace(plain(view, write, now), spent=None)

    monkeypatch.setattr(learning, "_sending", sending)


def _epoch_kept_on_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = leases.claim

    def claim(
        lease: Lease, me: Identity, nonce: str, ttl_s: float, done: str | None = None
    ) -> Lease:
        return replace(plain(lease, me, nonce, ttl_s, done), epoch=lease.epoch)

    monkeypatch.setattr(leases, "claim", claim)


def _offer_before_the_work_has_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = leaving.quiesce

    def quiesce(moment: common.Moment) -> tuple[object, ...]:
        view = moment.view
        early = replace(view, work=replace(view.work, empty=True, goal=Goal(Aim.REST)))
        return plain(replace(moment, view=early))

    pair = (Member.QUIESCING, Finding.MINE)
    monkeypatch.setattr(decision, "RULES", {**decision.RULES, pair: quiesce})


def _watch_that_is_ripe_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def watched(watch: Watch | None, lease: Lease, now: float, failed: bool) -> Watch:
        return Watch(lease.mark, float("-inf"))

    monkeypatch.setattr(learning, "watched", watched)


def _a_live_lease_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = (Member.STANDBY, Finding.OTHERS)
    monkeypatch.setattr(decision, "RULES", {**decision.RULES, pair: standby.claim_now})


ROUGH = Odds(lost=0.15, late=0.1, kills=4, freezes=6, partitions=6, orders=12, departs=2)
SLOW = replace(ROUGH, late=0, lost=0, delay_s=7.5, kills=0, freezes=0, partitions=30, orders=0)
LOSSY = replace(ROUGH, lost=0.5, late=0.2, kills=10, freezes=0)
BUSY = replace(ROUGH, lost=0.3, late=0.3, kills=0, freezes=0, partitions=2, orders=120)

MUTANTS = [
    (_margin_and_drift_left_out, ROUGH),
    (_impatient, ROUGH),
    (_work_after_an_unsettled_offer, BUSY),
    (_epoch_kept_on_claim, ROUGH),
    (_offer_before_the_work_has_stopped, BUSY),
    (_watch_that_is_ripe_at_once, ROUGH),
    (_a_live_lease_claimed, ROUGH),
]


@pytest.mark.parametrize(
    ("mutate", "odds"), MUTANTS, ids=[mutate.__name__.strip("_") for mutate, _ in MUTANTS]
)
def test_a_rule_taken_out_is_noticed(
    mutate: Callable[[pytest.MonkeyPatch], None], odds: Odds, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutate(monkeypatch)
    assert any(_is_noticed(seed, odds) for seed in range(60))


@pytest.mark.parametrize("odds", [SLOW, LOSSY, BUSY], ids=["slow", "lossy", "busy"])
def test_and_with_every_rule_in_place_the_same_faults_do_no_harm(odds: Odds) -> None:
    assert not any(_is_noticed(seed, odds) for seed in range(4))


def _is_noticed(seed: int, odds: Odds) -> bool:
    try:
        Fleet(seed, odds).run(1800)
    except AssertionError:
        return True
    return False
