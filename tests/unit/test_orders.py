"""What an operator's order comes to, action by action.

Goal: every order is carried out on the evidence it was given on, once, by a lease
write that holds its id, or is answered with the reason why not. Method: `decide` on
hand-made views; where the outcome of a write matters, its answer is learnt.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sessionlib.core.actions import Action, Copy, Send
from sessionlib.core.copies import Copies, Made
from sessionlib.core.events import CopyEnded, Peeked, Verdict, WriteAnswered
from sessionlib.core.learn import begun, learn
from sessionlib.core.notes import MoveKind, Order, OrderAction, When, WorkState
from sessionlib.core.report import Surroundings, report_of
from sessionlib.core.timeline import Timeline
from sessionlib.core.values import (
    UNKNOWN_HOLDER,
    LeaseState,
    PlanOrigin,
    PlanPhase,
    Pointer,
)
from sessionlib.core.view import Data, Settings, Sight, View, WriteKind
from sessionlib.core.work import Facts
from tests.unit.scene import (
    FREE,
    ME,
    OTHER,
    TIMING,
    actions,
    answers,
    at,
    clock_plan,
    due_in,
    held_by,
    order,
    peer,
    plan,
    planned,
    seen,
    serving,
    written,
)

RIPE_S = TIMING.patience_s(TIMING.ttl_s, 0)
APPROVE = Settings(TIMING, takeover="approve")


def outcome(found: tuple[Action, ...]) -> tuple[str, str]:
    (receipt,) = answers(found)
    return receipt.outcome, receipt.why


def outcomes(view: View) -> dict[str, str]:
    return {each.id: each.outcome for each in view.receipts}


def begun_all(view: View, seconds: float) -> View:
    """The view once everything that is decided at this moment is under way."""
    for action in actions(view, seconds):
        view = begun(view, action, at(seconds))
    return view


def written_out(view: View, seconds: float) -> View:
    """The same, and the lease write among it has succeeded."""
    view = begun_all(view, seconds)
    assert view.write is not None, "nothing was written"
    done = WriteAnswered(view.write.lease.nonce, Verdict.DONE, "10")
    return learn(view, done, at(seconds + 0.1), "fresh")


def settled(view: View, seconds: float) -> None:
    """Nothing more comes of the orders that are there."""
    found = actions(view, seconds)
    assert answers(found) == []
    assert written(found) is None


class TestHandover:
    def given(self, **changes: Any) -> Order:
        return order(OrderAction.HANDOVER, **{"account": "b", **changes})

    def test_now_it_begins_at_once_and_needs_no_more_approval(self) -> None:
        made = planned(actions(serving(orders=(self.given(),)), 1))
        assert made is not None
        assert (made.id, made.phase, made.approved, made.left_s) == (
            "o1",
            PlanPhase.WARMING,
            True,
            None,
        )

    def test_later_counts_from_when_it_was_given(self) -> None:
        later = self.given(when=When.LATER, after_s=600)
        view = serving(orders=(later,), given_boot={"o1": at(-100).boot})
        found = actions(view, 1)
        made = planned(found)
        assert made is not None
        assert (made.phase, made.approved, made.origin) == (
            PlanPhase.PROPOSED,
            True,
            PlanOrigin.ORDER,
        )
        assert made.left_s == pytest.approx(600 - 101)
        assert "in 499 s" in outcome(found)[1]

    def test_the_time_it_was_given_isnt_told_anew_with_every_look(self) -> None:
        later = self.given(when=When.LATER, after_s=600)
        view = serving()
        for seconds, age_s in ((10, 100.0), (20, 112.0)):
            peeked = Peeked({}, (later,), ages_s={"o1": age_s})
            view = learn(view, peeked, at(seconds), "")
        assert view.given_boot == {"o1": at(-90).boot}

    def test_at_warning_it_is_due_when_the_last_hour_begins(self) -> None:
        view = serving(orders=(self.given(when=When.WARNING),), started=due_in(9_000))
        made = planned(actions(view, 1))
        assert made is not None
        assert made.left_s == pytest.approx(view.remaining_s(at(1)) - 3_600)
        assert made.phase is PlanPhase.PROPOSED

    def test_not_later_than_the_session_lasts(self) -> None:
        later = self.given(when=When.LATER, after_s=1_000)
        found = actions(serving(orders=(later,), started=due_in(900)), 1)
        assert outcome(found) == ("refused", "this session ends before that")
        assert written(found) is None

    def test_a_plan_that_only_waits_is_replaced_and_gets_its_word(self) -> None:
        for waiting in (plan(PlanPhase.PROPOSED), clock_plan(PlanPhase.NOTIFIED, 900)):
            found = actions(serving(plan=waiting, orders=(self.given(),)), 1)
            write = written(found)
            assert write is not None
            assert write.lease.plan is not None
            assert write.lease.plan.id == "o1"
            said = {each.id: (each.outcome, each.why) for each in answers(found)}
            assert said["p1"] == ("refused", "moving to b")
            # Whatever was dropped can't come back: not even for somebody who forgot it.
            assert "p1" in write.lease.done

    def test_one_under_way_is_left_alone(self) -> None:
        for phase in (PlanPhase.WARMING, PlanPhase.SYNCING, PlanPhase.SIGNALLED):
            busy = plan(phase)
            view = serving(plan=busy, peers={"b": peer()}, orders=(self.given(),))
            assert outcome(actions(view, 1)) == ("refused", "a move to b is under way")

    def test_not_while_paused_and_not_at_another_epoch(self) -> None:
        paused = replace(held_by(ME), paused=True)
        found = actions(serving(lease=paused, orders=(self.given(),)), 1)
        assert "paused" in outcome(found)[1]
        assert outcome(actions(serving(orders=(self.given(epoch=2),)), 1))[0] == "void"

    def test_one_given_at_an_epoch_that_we_have_yet_to_see_is_anothers(self) -> None:
        # The record moved on between our last look and the operator's.
        settled(serving(orders=(self.given(epoch=4),)), 1)

    def test_once_begun_it_isnt_judged_again(self) -> None:
        view = written_out(serving(orders=(self.given(),)), 1)
        assert outcomes(view) == {"o1": "seen"}
        settled(replace(view, peers={"b": peer()}), 2)

    def test_what_was_refused_stays_refused_after_a_look_that_missed_it(self) -> None:
        silent = {"b": peer(changed_mono=at(-500).mono)}
        view = begun_all(serving(orders=(self.given(),), peers=silent), 1)
        assert outcomes(view) == {"o1": "refused"}
        # One file could be read this time and the other couldn't, and then it could again.
        other = order(OrderAction.RESUME, id="o2", epoch=2)
        view = learn(view, Peeked({}, (other,)), at(2), "")
        view = learn(view, Peeked({}, (self.given(), other)), at(3), "")
        view = replace(view, peers={"b": peer()}, answered=view.answered | {"o2"})
        settled(view, 4)


class TestApprovePlan:
    def test_it_is_carried_out_by_the_write_that_says_so(self) -> None:
        asked = clock_plan(PlanPhase.NOTIFIED, 900)
        approve = order(OrderAction.APPROVE, plan="p1")
        before = serving(plan=asked, orders=(approve,))
        assert answers(actions(before, 1)) == []
        after = written_out(before, 1)
        assert after.lease is not None
        assert after.lease.plan is not None
        assert (after.lease.plan.approved, after.lease.plan.phase) == (True, PlanPhase.NOTIFIED)
        assert after.lease.done == ("o1",)
        assert outcomes(after) == {"o1": "acted"}
        settled(replace(after, peers={"b": peer()}), 2)

    def test_a_plan_that_is_over_cant_be_approved(self) -> None:
        approve = order(OrderAction.APPROVE, plan="p0")
        assert outcome(actions(serving(orders=(approve,)), 1))[0] == "void"
        other = serving(plan=plan(PlanPhase.PROPOSED), orders=(approve,))
        assert outcome(actions(other, 1))[0] == "void"

    def test_one_that_speaks_of_a_takeover_is_none_of_the_holders_business(self) -> None:
        settled(serving(orders=(order(OrderAction.APPROVE, account="b"),)), 1)


class TestAbort:
    abort = order(OrderAction.ABORT, plan="p1")

    @pytest.mark.parametrize(
        "phase", [phase for phase in PlanPhase if phase is not PlanPhase.OFFERED]
    )
    def test_before_the_commit_point_the_old_primary_serves_on(self, phase: PlanPhase) -> None:
        now = plan(phase)
        stopped = Facts() if phase is PlanPhase.QUIESCING else serving().work
        view = serving(
            plan=now, peers={"b": peer(now)}, orders=(self.abort,), work=stopped, quiesced_at=at(0)
        )
        after = written_out(view, 1)
        assert after.lease is not None
        assert (after.lease.plan, after.lease.state) == (None, LeaseState.HELD)
        assert outcomes(after) == {"p1": "refused", "o1": "acted"}
        assert set(after.lease.done) == {"o1", "p1"}
        assert after.quiesced_at is None
        settled(after, 2)

    def test_the_plan_that_was_ordered_isnt_begun_again_by_its_own_order(self) -> None:
        ordered = order(OrderAction.HANDOVER, id="p1", account="b")
        view = serving(plan=plan(PlanPhase.WARMING), orders=(ordered, self.abort))
        after = replace(written_out(view, 1), answered=frozenset())
        assert written(actions(after, 2)) is None

    def test_past_it_it_is_refused(self) -> None:
        offered = replace(
            held_by(OTHER, plan=plan(PlanPhase.OFFERED, "c")),
            state=LeaseState.OFFERED,
            successor="c",
        )
        found = actions(seen(offered, orders=(self.abort,)), 1)
        assert outcome(found) == ("refused", "the move is past its commit point")

    def test_one_for_another_plan_stops_nothing(self) -> None:
        now = plan(PlanPhase.QUIESCING)
        other = replace(self.abort, plan="p0")
        view = serving(plan=now, peers={"b": peer(now)}, orders=(other,), quiesced_at=at(0))
        assert outcome(actions(view, 1))[0] == "void"

    def test_a_session_that_must_end_doesnt_listen_to_it(self) -> None:
        now = plan(PlanPhase.QUIESCING)
        view = serving(
            plan=now,
            peers={"b": peer(now)},
            orders=(self.abort,),
            leaving="SIGTERM",
            quiesced_at=at(0),
        )
        settled(view, 1)


class TestPause:
    def test_it_ends_a_plan_and_goes_into_the_record(self) -> None:
        pause = order(OrderAction.PAUSE)
        view = serving(plan=clock_plan(PlanPhase.WARMING, 500), orders=(pause,))
        after = written_out(view, 1)
        assert after.lease is not None
        assert (after.lease.paused, after.lease.plan) == (True, None)
        assert set(after.lease.done) == {"o1", "p1"}
        assert outcomes(after) == {"p1": "refused", "o1": "acted"}
        assert not after.held_off, "once resumed the clock may plan again"

    def test_fencing_stays_on(self) -> None:
        paused = replace(held_by(ME), paused=True)
        write = written(actions(serving(lease=paused), TIMING.renew_s))
        assert write is not None
        assert (write.kind, write.lease.paused) == (WriteKind.RENEW, True)

    def test_the_holder_resumes(self) -> None:
        resume = order(OrderAction.RESUME)
        paused = replace(held_by(ME), paused=True)
        after = written_out(serving(lease=paused, orders=(resume,)), 1)
        assert after.lease is not None
        assert (after.lease.paused, after.lease.done) == (False, ("o1",))
        assert outcomes(after) == {"o1": "acted"}


class TestResumeByAStandby:
    resume = order(OrderAction.RESUME, incarnation="inc-b")

    def paused(self, **changes: Any) -> View:
        run_out = replace(held_by(OTHER), paused=True)
        return seen(run_out, **{"orders": (self.resume,), **changes})

    def test_on_a_free_lease(self) -> None:
        free = replace(FREE, epoch=3, renewal=9, paused=True)
        resume = replace(self.resume, incarnation=None, renewal=9)
        write = written(actions(seen(free, orders=(resume,)), 0))
        assert write is not None
        assert (write.kind, write.lease.paused, write.lease.done) == (
            WriteKind.CLAIM,
            False,
            ("o1",),
        )
        assert written(actions(seen(free), 10 * RIPE_S)) is None

    def test_on_one_that_has_run_out_and_not_before(self) -> None:
        assert written(actions(self.paused(), RIPE_S - 1)) is None
        write = written(actions(self.paused(), RIPE_S))
        assert write is not None
        assert (write.lease.paused, write.lease.done) == (False, ("o1",))
        other_epoch = replace(self.resume, epoch=2)
        assert written(actions(self.paused(orders=(other_epoch,)), RIPE_S)) is None

    def test_not_one_from_before_the_last_renewal_which_may_have_been_done_and_undone(self) -> None:
        earlier = replace(self.resume, renewal=6)
        assert written(actions(self.paused(orders=(earlier,)), RIPE_S)) is None
        free = seen(replace(FREE, epoch=3, renewal=9, paused=True), orders=(earlier,))
        assert written(actions(free, 10 * RIPE_S)) is None
        assert outcome(actions(free, 1)) == (
            "void",
            "the lease was given up since it was given: give it again",
        )

    def test_where_takeovers_are_approved_it_takes_both(self) -> None:
        approve = order(OrderAction.APPROVE, id="o2", account="a", incarnation="inc-b")
        ask = self.paused(settings=APPROVE)
        assert written(actions(ask, RIPE_S)) is None
        only = self.paused(settings=APPROVE, orders=(approve,))
        assert written(actions(only, RIPE_S)) is None
        both = self.paused(settings=APPROVE, orders=(approve, self.resume))
        write = written(actions(both, RIPE_S))
        assert write is not None
        assert (write.kind, write.lease.paused) == (WriteKind.CLAIM, False)
        assert set(write.lease.done) == {"o1", "o2"}


class TestEmergency:
    """`b` holds the lease at (3, inc-b, 7); the order is for `a`."""

    def given(self, **changes: Any) -> Order:
        plain = order(
            OrderAction.EMERGENCY,
            account="a",
            incarnation="inc-b",
            stopped="b",
            evidence="its process is gone",
        )
        return replace(plain, **changes)

    def standing(self, given: Order, **changes: Any) -> View:
        lease = changes.pop("lease", held_by(OTHER))
        return seen(lease, orders=(given,), **changes)

    def test_it_claims_at_once_and_says_what_it_was(self) -> None:
        view = begun_all(self.standing(self.given()), 1)
        assert view.write is not None
        assert (view.write.kind, view.write.lease.done) == (WriteKind.CLAIM, ("o1",))
        assert view.claimed is not None
        assert (view.claimed.kind, view.claimed.from_) == (MoveKind.EMERGENCY, "b")
        assert "its process is gone" in view.claimed.reason
        done = WriteAnswered(view.write.lease.nonce, Verdict.DONE, "10")
        after = learn(view, done, at(2), "fresh")
        assert outcomes(after) == {"o1": "acted"}

    @pytest.mark.parametrize("change", [{"renewal": 6}, {"incarnation": "inc-old"}, {"epoch": 2}])
    def test_what_was_renewed_since_isnt_dead(self, change: dict[str, object]) -> None:
        found = actions(self.standing(self.given(**change)), 1)
        assert written(found) is None
        assert outcome(found)[0] == "void"

    @pytest.mark.parametrize("change", [{"renewal": 8}, {"epoch": 4, "renewal": 0}])
    def test_one_that_is_newer_than_our_last_look_waits_for_the_next(
        self, change: dict[str, object]
    ) -> None:
        settled(self.standing(self.given(**change)), 1)

    @pytest.mark.parametrize("stopped", [None, "a", "c"])
    def test_without_the_holders_name_it_is_refused(self, stopped: str | None) -> None:
        found = actions(self.standing(self.given(stopped=stopped)), 1)
        assert written(found) is None
        assert outcome(found)[0] == "refused"
        assert "b's session has ended" in outcome(found)[1]

    def test_nobody_can_state_the_end_of_an_unknown_holder(self) -> None:
        again = replace(held_by(OTHER), holder=UNKNOWN_HOLDER, session=None, incarnation=None)
        given = self.given(incarnation=None, stopped=UNKNOWN_HOLDER)
        assert written(actions(self.standing(given, lease=again), 1)) is None

    def test_it_overrides_a_pause_and_leaves_it_in_place(self) -> None:
        paused = replace(held_by(OTHER), paused=True)
        for seconds in (1, RIPE_S):
            write = written(actions(self.standing(self.given(), lease=paused), seconds))
            assert write is not None
            assert write.lease.paused

    def test_it_needs_no_approval_of_a_takeover(self) -> None:
        view = self.standing(self.given(), settings=APPROVE)
        assert written(actions(view, RIPE_S)) is not None

    def test_a_session_with_too_little_time_refuses(self) -> None:
        short = self.standing(self.given(), started=at(-43_200 + 30))
        found = actions(short, 1)
        assert written(found) is None
        assert "too little time" in outcome(found)[1]

    @pytest.mark.parametrize("sight", sorted(set(Sight) - {Sight.SEEN}))
    def test_not_while_the_record_cant_be_seen(self, sight: Sight) -> None:
        assert written(actions(self.standing(self.given(), sight=sight), 1)) is None

    def test_only_the_one_it_names(self) -> None:
        settled(self.standing(self.given(account="c")), 1)

    def test_once(self) -> None:
        done = replace(held_by(OTHER), done=("o1",))
        settled(self.standing(self.given(), lease=done), 1)
        # Somebody else's claim came first: what it rests on is no longer so.
        moved = held_by(replace(OTHER, account="c", incarnation="inc-c"), epoch=4)
        assert outcome(actions(self.standing(self.given(), lease=moved), 1))[0] == "void"


class TestApproveTakeover:
    def given(self, **changes: Any) -> Order:
        plain = order(OrderAction.APPROVE, account="a", incarnation="inc-b")
        return replace(plain, **changes)

    def stale(self, *given: Order, **changes: Any) -> View:
        return seen(held_by(OTHER), **{"settings": APPROVE, "orders": given, **changes})

    def test_it_asks_and_claims_nothing_by_itself(self) -> None:
        assert written(actions(self.stale(), 10 * RIPE_S)) is None
        assert self.asks(RIPE_S) == "takeover:3"
        assert self.asks(RIPE_S - 1) is None
        assert self.asks(RIPE_S, settings=Settings(TIMING)) is None

    def asks(self, seconds: float, **changes: Any) -> str | None:
        return report_of(self.stale(**changes), at(seconds), 1, Surroundings()).asks

    def test_approved_it_claims_with_the_orders_id(self) -> None:
        write = written(actions(self.stale(self.given()), RIPE_S))
        assert write is not None
        assert (write.kind, write.lease.done) == (WriteKind.CLAIM, ("o1",))

    def test_an_approval_is_no_emergency(self) -> None:
        settled(self.stale(self.given()), RIPE_S - 1)

    def test_one_for_another_or_on_an_earlier_renewal_doesnt_count(self) -> None:
        assert written(actions(self.stale(self.given(account="c")), RIPE_S)) is None
        found = actions(self.stale(self.given(renewal=6)), RIPE_S)
        assert written(found) is None
        assert outcome(found)[0] == "void"

    def test_an_offer_that_ran_out_needs_none(self) -> None:
        offered = replace(held_by(OTHER), state=LeaseState.OFFERED, successor="c")
        ran_out = seen(offered, settings=APPROVE)
        assert written(actions(ran_out, RIPE_S)) is not None


class TestCheckpoint:
    given = order(OrderAction.CHECKPOINT)
    made = Made(Pointer(3, 5, "3-5-c", 10), 10, 0.1, "all")

    def ordered(self, **changes: Any) -> View:
        known: dict[str, Any] = {"orders": (self.given,), "copies": Copies(since_mono=at(0).mono)}
        return serving(**{**known, **changes})

    def copies(self, view: View, seconds: float = 1) -> list[Copy]:
        return [action for action in actions(view, seconds) if isinstance(action, Copy)]

    def test_it_is_seen_and_made_at_once(self) -> None:
        assert self.copies(self.ordered()) == [Copy(3, None, "chance", "o1")]
        assert outcome(actions(self.ordered(), 1))[0] == "seen"
        assert self.copies(begun_all(self.ordered(), 1)) == []

    def test_one_that_is_due_as_well_is_the_same(self) -> None:
        due = self.ordered(copies=Copies())
        assert self.copies(due) == [Copy(3, None, "chance", "o1")]

    def test_the_write_that_publishes_it_carries_it_out(self) -> None:
        view = begun_all(self.ordered(), 1)
        view = learn(view, CopyEnded("chance", self.made), at(2), "")
        assert outcomes(view) == {"o1": "seen"}
        after = written_out(view, 3)
        assert after.lease is not None
        assert (after.lease.checkpoint, after.lease.done) == (self.made.pointer, ("o1",))
        assert outcomes(after) == {"o1": "acted"}
        assert self.copies(after, 4) == []

    @pytest.mark.parametrize("why", ["a file doesn't settle", None])
    def test_it_is_refused_where_there_is_none(self, why: str | None) -> None:
        view = learn(begun_all(self.ordered(), 1), CopyEnded("chance", None, why), at(2), "")
        assert outcomes(view) == {"o1": "refused"}
        assert (why or "no data") in view.receipts[0].why
        assert not any(each.order == "o1" for each in self.copies(view, 3))

    def test_it_waits_for_one_that_began_before_it(self) -> None:
        busy = Copies(under_way="earlier", since_mono=at(0).mono)
        assert answers(actions(self.ordered(copies=busy), 1)) == []
        assert self.copies(self.ordered(copies=busy)) == []

    def test_it_waits_for_the_data(self) -> None:
        assert self.copies(self.ordered(data=Data(), work=Facts())) == []

    def test_one_that_waits_doesnt_hold_up_another(self) -> None:
        busy = Copies(under_way="earlier", since_mono=at(0).mono)
        pause = order(OrderAction.PAUSE, id="o2")
        view = self.ordered(copies=busy, orders=(self.given, pause))
        write = written(actions(view, 1))
        assert write is not None
        assert write.lease.paused


class TestGivingUp:
    def quiesced(self, **changes: Any) -> View:
        now = plan(PlanPhase.QUIESCING)
        known: dict[str, Any] = {
            "plan": now,
            "peers": {"b": peer(now)},
            "quiesced_at": at(0),
            "work": Facts(),
            "data": Data(ready_for=3, is_sealed=True),
        }
        return serving(**{**known, **changes})

    def test_the_offer_carries_the_plan_out(self) -> None:
        after = written_out(self.quiesced(), 1)
        assert after.lease is not None
        assert after.lease.done == ("p1",)
        assert outcomes(after) == {"p1": "acted"}

    def test_an_offer_to_somebody_who_was_lost_meanwhile_hasnt(self) -> None:
        view = begun_all(self.quiesced(), 1)
        assert view.write is not None
        lost = WriteAnswered(view.write.lease.nonce, Verdict.UNREACHABLE)
        view = replace(learn(view, lost, at(2), ""), must_look=False)
        view = replace(view, peers={"b": peer(changed_mono=at(-500).mono)}, unsettled=())
        after = written_out(view, 3)
        assert after.lease is not None
        assert (after.lease.state, after.lease.done) == (LeaseState.FREE, ())
        assert outcomes(after) == {"p1": "refused"}

    def test_a_stop_goes_with_the_offer_too(self) -> None:
        after = written_out(self.quiesced(leaving="stopped by order", leaving_order="o7"), 1)
        assert after.lease is not None
        assert after.lease.state is LeaseState.OFFERED
        assert outcomes(after) == {"p1": "acted", "o7": "acted"}


def test_a_write_that_arrives_after_it_was_given_up_still_carries_its_orders_out() -> None:
    from sessionlib.core.events import LeaseRead  # noqa: PLC0415 - named once

    before = serving(orders=(order(OrderAction.PAUSE),))
    view = begun_all(before, 1)
    assert view.write is not None
    late = view.write.lease
    lost = WriteAnswered(late.nonce, Verdict.UNKNOWN)
    view = learn(view, lost, at(9), "")
    assert before.lease is not None
    view = learn(view, LeaseRead(Sight.SEEN, before.lease, "9"), at(10), "")
    assert outcomes(view) == {}
    view = learn(view, LeaseRead(Sight.SEEN, late, "10"), at(20), "")
    assert outcomes(view) == {"o1": "acted"}


def test_orders_at_once_are_carried_out_one_write_after_the_other() -> None:
    first = order(OrderAction.PAUSE)
    second = order(OrderAction.RESUME, id="o2")
    view = written_out(serving(orders=(first, second)), 1)
    view = written_out(view, 2)
    assert outcomes(view) == {"o1": "acted", "o2": "acted"}
    settled(view, 3)


def test_the_line_of_time_doesnt_matter_to_an_order_for_now() -> None:
    late = serving(orders=(order(OrderAction.HANDOVER, account="b"),), started=due_in(5))
    assert planned(actions(late, 1)) is not None
    assert Timeline().signal_s > 5


def test_a_workload_that_fails_is_no_reason_not_to_obey() -> None:
    failing = Facts(WorkState.BACKOFF, 3, restarts=9)
    view = serving(work=failing, orders=(order(OrderAction.PAUSE),))
    assert [a for a in actions(view, 1) if isinstance(a, Send)]
