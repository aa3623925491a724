"""A planned move, phase by phase.

Goal: a move by the clock goes through its timeline, waits where the policy says
so, finds another successor where one fails, and is over where an order named its
own; rounds of copying end when they should. Method: `decide` on hand-made views at
chosen moments before T-0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sessionlib.core.copies import FAILURES_MOST, ROUNDS_MOST, SMALL_BYTES, Copies, Made
from sessionlib.core.handover import STEPS, acknowledgement, advance, left_s
from sessionlib.core.handover_schedule import Timeline
from sessionlib.core.learn import begun
from sessionlib.core.values import Plan, PlanOrigin, PlanPhase, Pointer, Readiness
from sessionlib.core.view import AgentSettings, Peer, View
from tests.unit.core.views import (
    ME,
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
    serving,
    written,
)

LINE = Timeline()
HOLD = AgentSettings(TIMING, on_no_answer="hold")
SETTLED = Copies(round_plan="p1", rounds=1, is_empty=True)


def view(now: Plan, left: float, **changes: Any) -> View:
    """`a` serving under the plan `now`, whose T-0 lies `left` ahead a second after the scene
    opens."""
    now = replace(now, left_s=left + 1)
    known: dict[str, Any] = {"peers": {"b": peer(now)}, "started": due_in(left + 1)}
    return serving(plan=now, **{**known, **changes})


def after(phase: PlanPhase, left: float, **changes: Any) -> PlanPhase:
    """The phase of a plan by the clock once it has been looked at."""
    before = view(clock_plan(phase, left), left, **changes)
    assert before.lease is not None
    assert before.lease.plan is not None
    write = written(actions(before, 1))
    if write is None:
        return phase
    assert write.lease.plan is not None, "the plan was dropped"
    return write.lease.plan.phase


class TestTimeline:
    @pytest.mark.parametrize(
        ("phase", "bound", "then"),
        [
            (PlanPhase.PROPOSED, LINE.notice_s, PlanPhase.NOTIFIED),
            (PlanPhase.NOTIFIED, LINE.warm_s, PlanPhase.WARMING),
            (PlanPhase.WARMING, LINE.sync_s, PlanPhase.SYNCING),
            (PlanPhase.SYNCING, LINE.signal_s, PlanPhase.SIGNALLED),
            (PlanPhase.SIGNALLED, 0.0, PlanPhase.QUIESCING),
        ],
    )
    def test_each_part_begins_when_its_time_has_come(
        self, phase: PlanPhase, bound: float, then: PlanPhase
    ) -> None:
        assert after(phase, bound + 0.5, copies=SETTLED) is phase
        assert after(phase, bound, copies=SETTLED) is then

    def test_time_passes_from_the_write_that_said_how_much_was_left(self) -> None:
        now = clock_plan(PlanPhase.WARMING, 500)
        before = serving(sent_s=10, plan=now)
        assert left_s(before, now, at(25)) == pytest.approx(485)
        # And the next write says it anew, from when it was sent.
        renewal = planned(actions(replace(before, peers={"b": peer()}), 25))
        assert renewal is not None
        assert renewal.left_s == pytest.approx(485)

    def test_a_plan_without_a_time_has_none(self) -> None:
        assert left_s(serving(), plan(PlanPhase.WARMING), at(25)) is None

    @pytest.mark.parametrize("phase", list(STEPS)[:-2])
    def test_a_move_for_now_waits_for_no_time(self, phase: PlanPhase) -> None:
        now = replace(plan(phase), approved=True)
        found = actions(serving(plan=now, peers={"b": peer(now)}, copies=SETTLED), 1)
        made = planned(found)
        assert made is not None
        assert made.phase is not phase


class TestApproval:
    @pytest.mark.parametrize("policy", ["auto", "approve"])
    def test_nobody_has_to_answer_where_no_answer_lets_it_proceed(self, policy: str) -> None:
        proceed = AgentSettings(TIMING, handover=policy)
        assert after(PlanPhase.NOTIFIED, LINE.warm_s, settings=proceed) is PlanPhase.WARMING

    def test_auto_asks_nobody(self) -> None:
        auto = replace(HOLD, handover="auto")
        assert after(PlanPhase.NOTIFIED, LINE.warm_s, settings=auto) is PlanPhase.WARMING

    def test_otherwise_it_waits_beyond_its_time(self) -> None:
        assert after(PlanPhase.NOTIFIED, 30, settings=HOLD) is PlanPhase.NOTIFIED

    def test_and_goes_on_when_it_is_approved(self) -> None:
        approved = clock_plan(PlanPhase.NOTIFIED, 30, approved=True)
        found = planned(actions(view(approved, 30, settings=HOLD), 1))
        assert found is not None
        assert found.phase is PlanPhase.WARMING

    def test_approved_early_it_still_waits_for_its_time(self) -> None:
        early = clock_plan(PlanPhase.NOTIFIED, 0, approved=True)
        assert written(actions(view(early, LINE.warm_s + 1, settings=HOLD), 1)) is None


class TestSuccessorFails:
    both: dict[str, Peer]

    def setup_method(self) -> None:
        self.both = {"b": peer(changed_mono=at(-500).mono), "c": peer(account="c", priority=3)}

    @pytest.mark.parametrize(
        ("phase", "then"),
        [
            (PlanPhase.PROPOSED, PlanPhase.PROPOSED),
            (PlanPhase.NOTIFIED, PlanPhase.NOTIFIED),
            (PlanPhase.WARMING, PlanPhase.WARMING),
            (PlanPhase.SYNCING, PlanPhase.WARMING),
            (PlanPhase.SIGNALLED, PlanPhase.WARMING),
        ],
    )
    def test_one_that_falls_silent_is_followed_by_the_next(
        self, phase: PlanPhase, then: PlanPhase
    ) -> None:
        before = view(clock_plan(phase, 0), 100, peers=self.both)
        found = actions(before, 1)
        made = planned(found)
        assert made is not None
        assert (made.id, made.to, made.phase) == ("p1", "c", then)
        write = next(action for action in found if hasattr(action, "write"))
        assert begun(before, write, at(1)).passed_over == {"b"}

    def test_without_another_the_plan_is_over_and_the_work_goes_on(self) -> None:
        silent = {"b": self.both["b"]}
        found = actions(view(clock_plan(PlanPhase.WARMING, 0), 100, peers=silent), 1)
        assert planned(found) is None
        (receipt,) = answers(found)
        assert (receipt.id, receipt.outcome) == ("p1", "refused")
        assert "stopped reporting" in receipt.why

    def test_once_the_work_has_stopped_there_is_no_other(self) -> None:
        found = actions(view(clock_plan(PlanPhase.QUIESCING, 0), -1, peers=self.both), 1)
        assert planned(found) is None

    @pytest.mark.parametrize("phase", [PlanPhase.PROPOSED, PlanPhase.WARMING, PlanPhase.SYNCING])
    def test_an_order_names_its_successor_and_is_over_without_it(self, phase: PlanPhase) -> None:
        for left in (None, 100.0):
            named = replace(plan(phase), approved=True, left_s=left)
            found = actions(serving(plan=named, peers=self.both), 1)
            assert planned(found) is None
            assert answers(found)[0].outcome == "refused"


class TestNotReadyInTime:
    def warming(self, left: float, **peers: Peer) -> View:
        now = clock_plan(PlanPhase.WARMING, left)
        slow = peer(replace(now, left_s=left), Readiness.WARMING)
        return view(now, left, peers={"b": slow, **peers})

    def test_it_is_waited_for_until_both_would_look_closely(self) -> None:
        other = peer(account="c", priority=3)
        assert written(actions(self.warming(LINE.signal_s + 1, c=other), 1)) is None
        found = planned(actions(self.warming(LINE.signal_s, c=other), 1))
        assert found is not None
        assert (found.to, found.phase) == ("c", PlanPhase.WARMING)

    def test_and_on_where_there_is_no_other(self) -> None:
        assert written(actions(self.warming(10), 1)) is None
        assert written(actions(self.warming(-10), 1)) is None

    def test_two_that_arent_ready_dont_take_turns_with_every_write(self) -> None:
        slow = peer(account="c", priority=3, readiness=Readiness.WARMING)
        passed = replace(self.warming(60, c=slow), passed_over=frozenset({"c"}))
        assert written(actions(passed, 1)) is None
        ready = {"b": passed.peers["b"], "c": replace(slow, readiness=Readiness.READY)}
        found = planned(actions(replace(passed, peers=ready), 1))
        assert found is not None
        assert found.to == "c"

    def test_one_that_is_named_by_an_order_is_waited_for_and_not_replaced(self) -> None:
        other = peer(account="c", priority=3)
        now = clock_plan(PlanPhase.WARMING, 0, origin=PlanOrigin.ORDER, approved=True)
        slow = {"b": peer(now, Readiness.WARMING), "c": other}
        waiting = view(now, 60, peers=slow, plan_since_mono=at(0).mono)
        assert written(actions(waiting, 1)) is None


def made(seq: int, moved_bytes: int = 0, took_s: float = 0.0) -> Made:
    return Made(Pointer(3, seq, f"c{seq}", 10**9), moved_bytes, took_s, "all")


class TestRounds:
    def settled(self, copies: Copies, fetched: str | None, left: float = 100) -> bool:
        now = clock_plan(PlanPhase.SYNCING, left)
        having = {"b": peer(now, fetched=fetched)}
        return after(PlanPhase.SYNCING, left, copies=copies, peers=having) is PlanPhase.SIGNALLED

    def rounds(self, number: int, last: Made | None, **changes: Any) -> Copies:
        plain = Copies(round_plan="p1", rounds=number, published=last, since_mono=at(0).mono)
        return replace(plain, **changes)

    def test_a_small_one_that_the_successor_has_is_enough(self) -> None:
        assert self.settled(self.rounds(1, made(1, SMALL_BYTES, 9)), "c1")
        assert self.settled(self.rounds(1, made(1, 10**9, 0.5)), "c1")

    def test_not_before_the_successor_has_it(self) -> None:
        assert not self.settled(self.rounds(1, made(1)), "c0")
        assert not self.settled(self.rounds(1, made(1)), None)

    def test_not_after_a_large_one(self) -> None:
        assert not self.settled(self.rounds(2, made(2, 10**9, 9)), "c2")

    def test_but_not_for_ever(self) -> None:
        assert self.settled(self.rounds(ROUNDS_MOST, made(8, 10**9, 9)), "c8")

    def test_rounds_for_another_plan_and_none_at_all_dont_count(self) -> None:
        assert not self.settled(self.rounds(1, made(1), round_plan="p0"), "c1")
        assert not self.settled(self.rounds(0, made(1)), "c1")

    def test_nor_while_one_is_being_made(self) -> None:
        assert not self.settled(self.rounds(1, made(1), under_way="t"), "c1")
        assert not self.settled(self.rounds(1, made(1), made=made(2)), "c1")

    def test_data_that_doesnt_settle_is_copied_once_the_work_has_stopped(self) -> None:
        assert not self.settled(self.rounds(0, None, failures=FAILURES_MOST - 1), None)
        assert self.settled(self.rounds(0, None, failures=FAILURES_MOST), None)

    def test_nothing_to_copy_is_enough(self) -> None:
        assert self.settled(self.rounds(0, None, is_empty=True), None)

    def test_at_t_0_it_goes_on_whatever_is_left_once_the_successor_listens(self) -> None:
        large = self.rounds(1, made(1, 10**9, 9))
        assert not self.settled(large, "c1", left=1)
        assert self.settled(large, "c1", left=0)
        deaf = {"b": peer(clock_plan(PlanPhase.WARMING, 0))}
        phase = after(PlanPhase.SYNCING, 0, copies=large, peers=deaf)
        assert phase is PlanPhase.SYNCING


class TestHangs:
    def at_700(self, now: Plan, **changes: Any) -> tuple[Plan | None, list[str]] | None:
        listening = changes.pop("peer", peer(plan(PlanPhase.PROPOSED), changed_mono=at(700).mono))
        known: dict[str, Any] = {"plan_since_mono": at(0).mono, "peers": {"b": listening}}
        found = actions(serving(sent_s=695, plan=now, **{**known, **changes}), 700)
        write = written(found)
        return None if write is None else (write.lease.plan, [each.why for each in answers(found)])

    @pytest.mark.parametrize(
        "phase", [PlanPhase.WARMING, PlanPhase.SYNCING, PlanPhase.SIGNALLED, PlanPhase.QUIESCING]
    )
    def test_a_phase_that_takes_too_long_aborts_a_move_for_now(self, phase: PlanPhase) -> None:
        copied = Copies(since_mono=at(700).mono, round_plan="p1", published=made(1), rounds=1)
        found = self.at_700(plan(phase), copies=copied)
        assert found is not None
        assert found[0] is None
        assert phase.value in found[1][0]

    def test_but_not_while_something_is_on_its_way(self) -> None:
        busy = peer(plan(PlanPhase.PROPOSED), changed_mono=at(700).mono, preparing=True)
        assert self.at_700(plan(PlanPhase.WARMING), peer=busy) is None
        assert self.at_700(plan(PlanPhase.SYNCING), copies=Copies(under_way="t")) is None

    def test_unless_the_work_stands_still_for_it(self) -> None:
        found = self.at_700(plan(PlanPhase.QUIESCING), copies=Copies(under_way="t"))
        assert found is not None
        assert found[0] is None


def test_a_dropped_plan_is_in_the_record_as_done_with() -> None:
    silent = {"b": peer(changed_mono=at(-500).mono)}
    write = written(actions(serving(plan=plan(PlanPhase.WARMING), peers=silent), 1))
    assert write is not None
    assert write.lease.done == ("p1",)


def test_a_decision_about_a_plan_that_needs_nothing_gives_the_same_plan() -> None:
    now = clock_plan(PlanPhase.WARMING, 400)
    assert advance(view(now, 400), replace(now, left_s=401), at(1)).plan == replace(now, left_s=401)
    assert acknowledgement(now) == "p1:warming"


def test_a_replaced_plan_keeps_the_figures_of_its_own() -> None:
    from sessionlib.core.messages import OrderAction, When  # noqa: PLC0415 - named once

    later = order(OrderAction.HANDOVER, id="o9", account="b", when=When.LATER, after_s=90)
    waiting = held_by(ME, plan=clock_plan(PlanPhase.NOTIFIED, 1_000))
    found = planned(actions(serving(lease=waiting, orders=(later,)), 1))
    assert found is not None
    assert found.id == "o9"
    assert found.left_s == pytest.approx(90)
