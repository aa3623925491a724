"""Whole fleets on the product's core under faults and orders.

Goal: S1 to S4 and S6 always, L1 and L2 in the end. Method: seeded simulation
(`fleet`). A test that can't fail proves nothing, so rules that safety rests on are
also taken out one at a time, and the same simulation has to notice.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from sessionlib.core import decide as decision
from sessionlib.core import learn as learning
from sessionlib.core import lease as leases
from sessionlib.core.lease import Watch
from sessionlib.core.members import TRANSITIONS
from sessionlib.core.notes import MoveKind, OrderAction
from sessionlib.core.orders import standby as by_standbys
from sessionlib.core.rules import common, copying, leaving, primary, standby
from sessionlib.core.timing import Timing
from sessionlib.core.values import Identity, Instant, Lease
from sessionlib.core.view import Finding, Member, View, Write
from sessionlib.core.work import Aim, Goal
from tests.property.fleet import CALM, Fleet, Odds
from tests.property.fleet.node import FOREVER_S

HOURS = 1.2
LIFETIMES_S = (FOREVER_S, 1_200.0, 2_400.0)


def fleet_of(seed: int, odds: Odds | None = None) -> Fleet:
    """A fleet whose policies, and how long its sessions last, follow from the seed."""
    chance = random.Random(seed)
    policy = {
        "handover": chance.choice(["auto", "approve", "manual"]),
        "on_no_answer": chance.choice(["proceed", "hold"]),
        "takeover": chance.choice(["auto", "auto", "approve"]),
    }
    lifetime_s = LIFETIMES_S[seed % len(LIFETIMES_S)]
    return Fleet(seed, odds or Odds(), lifetime_s=lifetime_s, policy=policy)


@pytest.mark.parametrize("seed", range(6))
def test_never_two_at_work_and_somebody_in_the_end(seed: int) -> None:
    fleet = fleet_of(seed)
    fleet.run(HOURS * 3600)
    fleet.quiet()
    fleet.run(500)
    assert fleet.primary() is not None, "nobody serves after a quiet time"
    epochs = [epoch for epoch, _ in fleet.claims]
    assert epochs == sorted(set(epochs)), "two claims share an epoch, or one fell"
    assert fleet.lease.plan is None, "a move never ended"


def test_the_faults_really_strike_and_every_transition_is_a_known_one() -> None:
    rough = Odds(
        lost=0.15, late=0.1, kills=2, freezes=4, partitions=4, orders=20, departs=6, words=30
    )
    leavers = replace(rough, lost=0.3, late=0.2, departs=60, words=0)
    known = {(each.before, each.after) for each in TRANSITIONS}
    # Too rare to wait for, but test_decide makes them happen.
    rare = {(Member.STANDBY, Member.GIVING_UP), (Member.QUIESCING, Member.FENCED)}
    awaited = known - rare
    happened: set[tuple[Member, Member]] = set()
    kinds: set[MoveKind] = set()
    acted: set[OrderAction] = set()
    for seed in range(60):
        fleet = fleet_of(seed, (rough, leavers)[seed % 2])
        fleet.run(1.2 * 3600)
        happened |= fleet.transitions
        kinds |= {entry.kind for entry in fleet.history}
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
        node.die()
        fleet.after(wait_s, node.start)
    fleet.run(2 * 3600)
    kinds = [entry.kind for entry in fleet.history]
    assert kinds[0] is MoveKind.FIRST
    assert len(kinds) > 4
    assert set(kinds[1:]) == {MoveKind.PLANNED}
    assert all(entry.reason == "the session ends" for entry in fleet.history[1:])


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

    def claim(lease: Lease, me: Identity, nonce: str, ttl_s: float, *done: str | None) -> Lease:
        return replace(plain(lease, me, nonce, ttl_s, *done), epoch=lease.epoch)

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


def _offer_without_a_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = leaving._seal_and_give_up

    def give_up(moment: common.Moment, lease: Lease) -> tuple[object, ...]:
        data = replace(moment.view.data, is_sealed=True)
        return plain(replace(moment, view=replace(moment.view, data=data)), lease)

    monkeypatch.setattr(leaving, "_seal_and_give_up", give_up)


def _orders_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "with_done", lambda done, *orders: ())
    monkeypatch.setattr(learning, "with_receipt", lambda view, receipt: view)


def _evidence_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_standbys, "stands_on", lambda order, lease: True)


def _a_pause_that_is_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standby, "_claim_unless_paused", standby.claim_now)


def _clearing_up_beside_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(moment: common.Moment, planned: object) -> tuple[object, ...]:
        return (*copying.copy_if_due(moment), *copying.collect_if_due(moment))

    monkeypatch.setattr(primary, "_copy_or_collect", both)


ROUGH = Odds(lost=0.15, late=0.1, kills=4, freezes=6, partitions=6, orders=12, departs=2, words=0)
SLOW = replace(ROUGH, late=0, lost=0, delay_s=7.5, kills=0, freezes=0, partitions=30, orders=0)
LOSSY = replace(ROUGH, lost=0.5, late=0.2, kills=10, freezes=0)
BUSY = replace(ROUGH, lost=0.3, late=0.3, kills=0, freezes=0, partitions=2, orders=120)
WORDY = replace(ROUGH, words=60)

MUTANTS = [
    (_margin_and_drift_left_out, ROUGH, 0),
    (_impatient, ROUGH, 0),
    (_work_after_an_unsettled_offer, BUSY, 8),
    (_epoch_kept_on_claim, ROUGH, 0),
    (_offer_before_the_work_has_stopped, BUSY, 0),
    (_watch_that_is_ripe_at_once, ROUGH, 0),
    (_a_live_lease_claimed, ROUGH, 0),
    (_offer_without_a_seal, BUSY, 0),
    (_orders_forgotten, WORDY, 2),
    (_evidence_not_looked_at, WORDY, 0),
    (_a_pause_that_is_overlooked, WORDY, 0),
    (_clearing_up_beside_a_copy, WORDY, 2),
]
"""With the seed to begin with: where one shows rarely, near one that showed it."""


@pytest.mark.parametrize(
    ("mutate", "odds", "first"), MUTANTS, ids=[each[0].__name__.strip("_") for each in MUTANTS]
)
def test_a_rule_taken_out_is_noticed(
    mutate: Callable[[pytest.MonkeyPatch], None],
    odds: Odds,
    first: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mutate(monkeypatch)
    assert any(_is_noticed(seed, odds) for seed in range(first, first + 60))


@pytest.mark.parametrize("odds", [SLOW, LOSSY, BUSY, WORDY], ids=["slow", "lossy", "busy", "wordy"])
def test_and_with_every_rule_in_place_the_same_faults_do_no_harm(odds: Odds) -> None:
    assert not any(_is_noticed(seed, odds) for seed in range(4))


def _is_noticed(seed: int, odds: Odds) -> bool:
    try:
        Fleet(seed, odds).run(1800)
    except AssertionError:
        return True
    return False
