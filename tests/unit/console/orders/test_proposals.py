"""Goal: each order makes sense where it is offered, says what it will mean, and its end is told.

Method: one fleet at work, changed by one thing at a time. Handover and stop, which came first,
are in `test_outcomes`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from console.errors import AlreadySo, Refused, WrongUse
from console.fleet.snapshot import Reading, Snapshot
from console.orders import outcomes, proposals
from console.orders.proposals import Proposal
from sessionlib.core.messages import History, MoveKind, Order, OrderAction, Receipt, Report, When
from sessionlib.core.values import Lease, PlanPhase, Pointer
from tests.unit.console.fleet_on_disk import LEASE, moved, report, serving
from tests.unit.console.orders.fleet_states import (
    ASKING,
    AUTO,
    CONFIGURED,
    FREE,
    LOST,
    NEXT,
    OFFERED,
    PLAN,
    PLANNED,
    snapshot,
)

Ended, Under = outcomes.OrderOutcome, outcomes.OrderProgress


def served(order_plan: str | None = None, kind: MoveKind = MoveKind.PLANNED) -> Snapshot:
    move = replace(moved(5, plan=order_plan), kind=kind)
    seen = snapshot(NEXT, backup1=serving("backup1", 5))
    return replace(seen, last_move=Reading(move, 1.0))


def said(order: Order | str, outcome: str, why: str = "", by: str = "primary") -> dict[str, Any]:
    order_id = order if isinstance(order, str) else order.id
    base = serving(by, 4) if by == "primary" else report(by)
    return {by: replace(base, receipts=(Receipt(order_id, outcome, why),))}


def refusal(call: Callable[[], Proposal], kind: type[Refused] = Refused) -> str:
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    return str(caught.value)


# Handover at a time


def test_a_handover_later_says_when_and_carries_it() -> None:
    later = proposals.handover(CONFIGURED, snapshot(), None, When.LATER, 1800.0)
    assert (later.order.when, later.order.after_s, later.due_s) == (When.LATER, 1800.0, 1800.0)
    assert later.meaning.startswith("Handover, in 30m00s: primary (a@example.com) stops")
    assert "`colabvps-console abort` calls it off" in later.meaning
    warned = proposals.handover(CONFIGURED, snapshot(), None, When.WARNING)
    assert (warned.order.when, warned.order.after_s) == (When.WARNING, None)
    # 42,000 s were left a second ago, and the warning comes at an hour of twelve.
    assert warned.due_s == 42_000 - 1 - 3_600
    assert "has its warning, in 10h39m" in warned.meaning


def test_a_handover_after_the_sessions_end_is_refused() -> None:
    why = refusal(lambda: proposals.handover(CONFIGURED, snapshot(), None, When.LATER, 42_000.0))
    assert "primary's session ends in 11h39m" in why


def test_nothing_is_handed_over_in_a_paused_fleet() -> None:
    seen = snapshot(replace(LEASE, paused=True))
    assert "`colabvps-console resume`" in refusal(
        lambda: proposals.handover(CONFIGURED, seen, None)
    )


def test_a_handover_that_was_called_off_ends_with_the_reason() -> None:
    order = proposals.handover(CONFIGURED, snapshot(), "backup1").order
    done = replace(LEASE, done=(order.id,), renewal=9)
    assert outcomes.judge(order, snapshot(done)) == Under(
        "the move was called off; primary has yet to say why"
    )
    ended = outcomes.judge(order, snapshot(done, **said(order, "refused", "aborted by you")))
    assert ended == Ended(False, "the order is refused: aborted by you")


def test_what_expires_for_others_is_under_way_while_its_plan_is_in_the_record() -> None:
    order = proposals.handover(CONFIGURED, snapshot(), "backup1", When.LATER, 1800.0).order
    plan = replace(PLAN, id=order.id, phase=PlanPhase.PROPOSED, left_s=1234.0, approved=True)
    seen = snapshot(replace(LEASE, plan=plan), **said(order, "expired", "old", by="backup2"))
    assert outcomes.judge(order, seen) == Under("primary moves to backup1: proposed, due in 20m00s")


# Approve


def test_the_plan_that_asks_is_approved_by_its_id() -> None:
    proposal = proposals.approve(CONFIGURED, snapshot(PLANNED))
    order = proposal.order
    assert (order.action, order.plan, order.account) == (OrderAction.APPROVE, "p1", None)
    assert proposal.due_s == 1799.0
    head = "Approve, in 29m59s (the session ends): primary (a@example.com) stops"
    assert proposal.meaning.startswith(head)
    assert "backup1 (b@example.com, 11h39m left, ready) becomes the primary" in proposal.meaning


def test_a_plan_may_ask_in_its_holders_report_under_any_policy() -> None:
    assert "goes on without" in refusal(lambda: proposals.approve(AUTO, snapshot(PLANNED)))
    asking = replace(serving("primary", 4), asks="plan:p1")
    assert proposals.approve(AUTO, snapshot(PLANNED, primary=asking)).order.plan == "p1"
    other = replace(serving("primary", 4), asks="plan:p0")
    refusal(lambda: proposals.approve(AUTO, snapshot(PLANNED, primary=other)))


def test_what_needs_no_approval_says_so() -> None:
    assert "no move is planned" in refusal(lambda: proposals.approve(CONFIGURED, snapshot()))
    agreed = replace(LEASE, plan=replace(PLAN, approved=True))
    why = refusal(lambda: proposals.approve(CONFIGURED, snapshot(agreed)), AlreadySo)
    assert "approved already" in why
    warming = replace(LEASE, plan=replace(PLAN, phase=PlanPhase.WARMING))
    why = refusal(lambda: proposals.approve(CONFIGURED, snapshot(warming)))
    assert "goes on without (warming)" in why
    # A plan of a holder that is gone.
    why = refusal(lambda: proposals.approve(CONFIGURED, snapshot(Reading(PLANNED, 99.0))))
    assert "nobody to carry the plan out" in why


def test_a_takeover_that_asks_comes_first_and_is_bound_to_the_record() -> None:
    seen = snapshot(
        Reading(replace(PLANNED, checkpoint=Pointer(4, 9, "c", 5)), 99.0), backup1=ASKING
    )
    proposal = proposals.approve(CONFIGURED, seen)
    order = proposal.order
    assert (order.account, order.plan) == ("backup1", None)
    assert (order.epoch, order.incarnation, order.renewal) == (4, "inc-primary", 7)
    assert "primary (a@example.com) last renewed the lease 1m39s ago" in proposal.meaning
    assert "checkpoint 4.9" in proposal.meaning
    # What was asked under another epoch isn't asked any more.
    stale = report("backup1", asks="takeover:3")
    refusal(lambda: proposals.approve(CONFIGURED, snapshot(LOST, backup1=stale)))


def test_an_approved_move_is_followed_to_its_end() -> None:
    order = proposals.approve(CONFIGURED, snapshot(PLANNED)).order
    assert outcomes.judge(order, snapshot(PLANNED)) == Under("the primary has yet to see it")
    agreed = replace(LEASE, plan=replace(PLAN, approved=True, left_s=30.0))
    assert outcomes.judge(order, snapshot(agreed)) == Under("primary moves to backup1: notified")
    assert outcomes.judge(order, served("p1")) == Ended(
        True, "backup1 serves under epoch 5, 1.2 s down", moved(5, plan="p1")
    )
    other = outcomes.judge(order, served("p2"))
    assert isinstance(other, Ended)
    assert (other.done, other.text) == (False, "the work went to backup1, and not by this plan")
    gone = outcomes.judge(order, snapshot(LEASE, **said("p1", "refused", "backup1 is silent")))
    assert gone == Ended(False, "the move was called off: backup1 is silent")
    assert outcomes.judge(order, snapshot()) == Ended(
        False, "the move was called off: its plan is gone"
    )


def test_an_approved_takeover_is_followed_to_its_end() -> None:
    order = proposals.approve(CONFIGURED, snapshot(LOST, backup1=ASKING)).order
    assert outcomes.judge(order, snapshot(LOST)) == Under("backup1 has yet to see it")
    under = outcomes.judge(order, snapshot(LOST, **said(order, "acted", by="backup1")))
    assert under == Under("backup1 says: acted")
    refused = outcomes.judge(order, snapshot(LOST, **said(order, "void", "renewed", by="backup1")))
    assert refused == Ended(False, "the order is void: renewed")
    ended = outcomes.judge(order, served(kind=MoveKind.TAKEOVER))
    assert isinstance(ended, Ended)
    assert ended.done


# Abort


def test_an_abort_names_the_plan_and_what_is_left_of_it() -> None:
    proposal = proposals.abort(CONFIGURED, snapshot(PLANNED))
    assert (proposal.order.action, proposal.order.plan) == (OrderAction.ABORT, "p1")
    assert "primary (a@example.com) serves on" in proposal.meaning
    assert "backup1 stays a standby" in proposal.meaning


@pytest.mark.parametrize(
    ("lease", "why"),
    [
        (LEASE, "nothing to abort"),
        (FREE, "nothing to abort"),
        (OFFERED, "past its commit point"),
        (Reading(PLANNED, 99.0), "the plan ends with the next claim"),
    ],
)
def test_what_cant_be_called_off_says_why(lease: Lease | Reading[Lease], why: str) -> None:
    assert why in refusal(lambda: proposals.abort(CONFIGURED, snapshot(lease)))


def test_an_abort_has_ended_when_the_plan_is_gone_or_it_was_too_late() -> None:
    order = proposals.abort(CONFIGURED, snapshot(PLANNED)).order
    found = [
        outcomes.judge(order, seen)
        for seen in (
            snapshot(PLANNED),
            snapshot(PLANNED, **said(order, "seen")),
            snapshot(),
            snapshot(replace(LEASE, plan=replace(PLAN, id="p2"))),
            snapshot(OFFERED),
            snapshot(OFFERED, **said(order, "refused", "the lease is offered")),
            snapshot(NEXT),
        )
    ]
    assert found == [
        Under("the primary has yet to see it"),
        Under("primary says: seen"),
        Ended(True, "the move is called off; primary serves on"),
        Ended(True, "the move is called off; primary serves on"),
        Under("too late: the lease is offered to backup1"),
        Ended(False, "the order is refused: the lease is offered"),
        Ended(
            False,
            "too late: the move had passed its commit point, and backup1 has the lease under "
            "epoch 5",
        ),
    ]


# Pause and resume


def test_a_pause_says_that_nobody_takes_over() -> None:
    proposal = proposals.pause(CONFIGURED, snapshot(PLANNED))
    assert proposal.order.action is OrderAction.PAUSE
    assert "nobody takes over" in proposal.meaning
    assert "The move to backup1 is called off" in proposal.meaning
    paused = snapshot(replace(LEASE, paused=True))
    assert "paused already" in refusal(lambda: proposals.pause(CONFIGURED, paused), AlreadySo)
    assert "no primary" in refusal(lambda: proposals.pause(CONFIGURED, snapshot(FREE)))
    assert "isn't valid" in refusal(lambda: proposals.pause(CONFIGURED, snapshot(LOST)))


def test_a_resume_needs_somebody_to_carry_it_out_and_no_holder() -> None:
    paused = replace(LEASE, paused=True)
    assert proposals.resume(CONFIGURED, snapshot(paused)).order.action is OrderAction.RESUME
    gone = Reading[Report]()
    meaning = proposals.resume(CONFIGURED, snapshot(Reading(paused, 99.0), primary=gone)).meaning
    assert "A standby may claim the lease: primary (a@example.com) holds it and isn't" in meaning
    nobody = snapshot(paused, primary=gone, backup1=gone, backup2=gone)
    assert "start one first" in refusal(lambda: proposals.resume(CONFIGURED, nobody))
    assert "isn't paused" in refusal(lambda: proposals.resume(CONFIGURED, snapshot()), AlreadySo)


def test_a_pause_has_ended_when_the_record_says_so() -> None:
    order = proposals.pause(CONFIGURED, snapshot()).order
    paused = replace(LEASE, paused=True)
    found = [
        outcomes.judge(order, seen)
        for seen in (
            snapshot(),
            snapshot(paused),
            snapshot(NEXT),
            snapshot(replace(LEASE, done=(order.id,))),
            snapshot(**said(order, "refused", "no")),
        )
    ]
    assert found == [
        Under("the fleet has yet to see it"),
        Ended(True, "the fleet is paused: nothing moves by itself"),
        Ended(False, "the order is void: epoch 5 has begun since"),
        Ended(False, "it was carried out, and somebody has asked for the opposite since"),
        Ended(False, "the order is refused: no"),
    ]
    back = proposals.resume(CONFIGURED, snapshot(paused)).order
    assert outcomes.judge(back, snapshot(NEXT)) == Ended(True, "the fleet goes on")


# Checkpoint


def test_a_checkpoint_is_there_when_the_order_is_in_the_record() -> None:
    order = proposals.checkpoint(CONFIGURED, snapshot()).order
    assert (order.action, order.account) == (OrderAction.CHECKPOINT, "primary")
    copied = replace(LEASE, checkpoint=Pointer(4, 9, "c", 5), done=(order.id,))
    assert outcomes.judge(order, snapshot(copied)) == Ended(
        True, "checkpoint 9 of epoch 4 is published"
    )
    assert isinstance(outcomes.judge(order, snapshot()), Under)
    done = outcomes.judge(order, snapshot(**said(order, "acted")))
    assert done == Ended(True, "a checkpoint is published")
    assert outcomes.judge(order, snapshot(NEXT)) == Ended(
        False, "the order is void: epoch 5 has begun since"
    )
    refusal(lambda: proposals.checkpoint(CONFIGURED, snapshot(LOST)))


# Emergency


def test_an_emergency_carries_what_it_rests_on() -> None:
    proposal = proposals.emergency(
        CONFIGURED, snapshot(LOST), "backup1", "primary", "proof of its end (launcher: gone)"
    )
    order = proposal.order
    assert (order.action, order.account, order.stopped) == (
        OrderAction.EMERGENCY,
        "backup1",
        "primary",
    )
    assert (order.epoch, order.incarnation, order.renewal) == (4, "inc-primary", 7)
    assert order.evidence == "proof of its end (launcher: gone)"
    for words in (
        "backup1 (b@example.com, 11h39m left, ready) claims at once",
        "checkpoint 4.9",
        "What primary wrote since isn't carried over",
        "This rests on proof of its end",
        "If it works on, two run at once",
    ):
        assert words in proposal.meaning
    paused = Reading(replace(LEASE, paused=True), 99.0)
    said_so = proposals.emergency(CONFIGURED, snapshot(paused), "backup1", "primary", "a word")
    assert "this overrides it" in said_so.meaning


@pytest.mark.parametrize(
    ("lease", "to", "why"),
    [
        (FREE, "backup1", "the first standby claims it by itself"),
        (replace(FREE, paused=True), "backup1", "`colabvps-console resume`"),
        (OFFERED, "backup2", "offers the lease to backup1"),
        (replace(LEASE, holder="unknown"), "backup1", "nobody can say who works"),
        (LEASE, "primary", "primary holds the lease"),
        (Reading[Lease](), "backup1", "init"),
    ],
)
def test_where_nobody_is_lost_it_says_what_applies_instead(
    lease: Lease | Reading[Lease], to: str, why: str
) -> None:
    seen = snapshot(lease)
    assert why in refusal(lambda: proposals.emergency(CONFIGURED, seen, to, "primary", "a word"))


def test_an_emergency_needs_a_standby_that_hears_and_the_right_name() -> None:
    lost = snapshot(LOST, backup1=Reading(report("backup1"), 90.0))
    call = proposals.emergency
    assert "hasn't reported" in refusal(lambda: call(CONFIGURED, lost, "backup1", "primary", "x"))
    lost = snapshot(LOST)
    assert "look again" in refusal(lambda: call(CONFIGURED, lost, "backup1", "backup2", "x"))
    with pytest.raises(WrongUse):
        call(CONFIGURED, lost, "nobody", "primary", "x")


def test_any_sign_of_life_has_voided_an_emergency() -> None:
    order = proposals.emergency(CONFIGURED, snapshot(LOST), "backup1", "primary", "x").order
    assert outcomes.judge(order, snapshot(LOST)) == Under("backup1 has yet to see it")
    renewed = outcomes.judge(order, snapshot(replace(LEASE, renewal=8)))
    assert renewed == Ended(
        False, "the order is void: the lease was written since, so primary is alive"
    )
    ended = outcomes.judge(order, served(kind=MoveKind.EMERGENCY))
    assert isinstance(ended, Ended)
    assert ended.done
    assert isinstance(ended.move, History)
    other = replace(served(), lease=Reading(replace(NEXT, holder="backup2"), 1.0))
    other = replace(other, reports={"backup2": Reading(serving("backup2", 5), 1.0)})
    assert outcomes.judge(order, other) == Ended(
        False, "the work went to backup2, not to backup1", moved(5)
    )


def test_a_last_word_outweighs_an_open_one_of_another_session() -> None:
    order = proposals.pause(CONFIGURED, snapshot()).order
    reports = said(order, "refused", "no") | said(order, "seen", by="backup1")
    assert outcomes.judge(order, snapshot(**reports)) == Ended(False, "the order is refused: no")
    reports = said(order, "acted") | said(order, "seen", by="backup1")
    # Not over yet: the record was read before the report.
    assert outcomes.judge(order, snapshot(**reports)) == Under("primary says: acted")
