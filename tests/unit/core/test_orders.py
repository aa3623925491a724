"""What an operator's order comes to, action by action.

Goal: every order is carried out on the evidence it was given on, once, by a lease
write that holds its id, or is answered with the reason why not. Method: `decide` on
hand-made views; where the outcome of a write matters, its answer is learnt.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sessionlib.core.actions import Copy, ReadMailbox, WriteLease
from sessionlib.core.copies import Copies, Made
from sessionlib.core.events import CopyEnded, MailboxRead, WriteAnswered, WriteVerdict
from sessionlib.core.handover_schedule import Timeline
from sessionlib.core.learn import begun, learn
from sessionlib.core.messages import ORDER_LIFE_S, Order, OrderAction, When, WorkState
from sessionlib.core.values import (
    LeaseState,
    PlanOrigin,
    PlanPhase,
    Pointer,
)
from sessionlib.core.view import Data, LeaseReadStatus, View, WriteKind
from sessionlib.core.work import WorkloadFacts
from tests.unit.core.order_views import begun_all, outcome, outcomes, settled, written_out
from tests.unit.core.views import (
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


class TestHandover:
    def given(self, **changes: Any) -> Order:
        return order(OrderAction.HANDOVER, **{"account": "b", **changes})

    @pytest.mark.parametrize(
        ("age_s", "begins"), [(ORDER_LIFE_S - 1, True), (ORDER_LIFE_S + 1, False)]
    )
    def test_one_that_outlived_its_time_since_it_was_read_is_not_begun(
        self, age_s: float, begins: bool
    ) -> None:
        """The session may have been frozen in between."""
        view = serving(orders=(self.given(),), given_boot={"o1": at(1).boot - age_s})
        assert (written(actions(view, 1)) is not None) is begins

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
            peeked = MailboxRead({}, (later,), ages_s={"o1": age_s})
            view = learn(view, peeked, at(seconds), "")
        assert view.given_boot == {"o1": at(-90).boot}

    def test_what_reached_us_after_a_freeze_is_as_old_as_it_has_become(self) -> None:
        later = self.given(when=When.LATER, after_s=600)
        view = begun(serving(), ReadMailbox(), at(10))
        thawed = learn(view, MailboxRead({}, (later,), ages_s={"o1": 5.0}), at(900), "")
        assert thawed.given_boot == {"o1": at(10 + TIMING.timeout_s - 5).boot}
        assert planned(actions(thawed, 900)) is None

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
        view = learn(view, MailboxRead({}, (other,)), at(2), "")
        view = learn(view, MailboxRead({}, (self.given(), other)), at(3), "")
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
        stopped = WorkloadFacts() if phase is PlanPhase.QUIESCING else serving().work
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
        assert not after.auto_moves_suspended, "once resumed the clock may plan again"

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
        assert self.copies(self.ordered(data=Data(), work=WorkloadFacts())) == []

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
            "work": WorkloadFacts(),
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
        lost = WriteAnswered(view.write.lease.nonce, WriteVerdict.UNREACHABLE)
        view = replace(learn(view, lost, at(2), ""), must_read_lease=False)
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
    lost = WriteAnswered(late.nonce, WriteVerdict.UNKNOWN)
    view = learn(view, lost, at(9), "")
    assert before.lease is not None
    view = learn(view, LeaseRead(LeaseReadStatus.SEEN, before.lease, "9"), at(10), "")
    assert outcomes(view) == {}
    view = learn(view, LeaseRead(LeaseReadStatus.SEEN, late, "10"), at(20), "")
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
    failing = WorkloadFacts(WorkState.BACKOFF, 3, restarts=9)
    view = serving(work=failing, orders=(order(OrderAction.PAUSE),))
    assert [a for a in actions(view, 1) if isinstance(a, WriteLease)]
