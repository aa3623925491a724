"""When a move is planned, and for whom.

Goal: the clock, a failing workload and a file made by hand propose a move under
every policy exactly when they should, once, and to the best successor there is.
Method: `decide` on hand-made views at chosen moments.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sessionlib.core import lease as leases
from sessionlib.core import planning
from sessionlib.core.actions import SuspendAutoMoves, WriteLease
from sessionlib.core.handover_schedule import Timeline
from sessionlib.core.learn import begun
from sessionlib.core.messages import OrderAction, Signal, WorkState
from sessionlib.core.report import ReportExtras, report_of
from sessionlib.core.values import PlanOrigin, PlanPhase, Readiness
from sessionlib.core.view import AgentSettings, View
from sessionlib.core.work import Aim, Goal, WorkloadFacts
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

LINE = Timeline()
RIPE_S = TIMING.patience_s(TIMING.ttl_s, 0)
PROPOSE_S = LINE.propose_s


def settings(**changes: Any) -> AgentSettings:
    return replace(AgentSettings(TIMING), **changes)


def ending(due_s: float, **changes: Any) -> View:
    """`a` serving, with T-0 `due_s` ahead as the scene opens."""
    return serving(started=due_in(due_s), **changes)


class TestByTheClock:
    def test_nothing_is_planned_before_its_time(self) -> None:
        assert written(actions(ending(PROPOSE_S + 2), 1)) is None

    @pytest.mark.parametrize("policy", ["auto", "approve"])
    def test_at_t_60_a_move_is_proposed(self, policy: str) -> None:
        found = planned(actions(ending(PROPOSE_S, settings=settings(handover=policy)), 1))
        assert found is not None
        assert (found.phase, found.origin, found.to) == (
            PlanPhase.PROPOSED,
            PlanOrigin.CLOCK,
            "b",
        )
        assert found.left_s == pytest.approx(PROPOSE_S - 1)
        assert not found.approved

    def test_never_under_the_policy_manual(self) -> None:
        assert written(actions(ending(PROPOSE_S, settings=settings(handover="manual")), 1)) is None

    def test_never_while_the_fleet_is_paused(self) -> None:
        paused = replace(held_by(ME), paused=True)
        assert written(actions(ending(PROPOSE_S, lease=paused), 1)) is None

    def test_never_again_in_this_tenure_once_an_operator_has_aborted_one(self) -> None:
        now = clock_plan(PlanPhase.NOTIFIED, 1_000)
        abort = order(OrderAction.ABORT, plan="p1")
        found = actions(ending(1_000, plan=now, orders=(abort,)), 1)
        assert planned(found) is None
        assert SuspendAutoMoves() in found
        held = begun(ending(1_000), SuspendAutoMoves(), at(1))
        assert written(actions(held, 2)) is None

    def test_a_plan_that_was_ordered_is_aborted_without_that(self) -> None:
        abort = order(OrderAction.ABORT, plan="p1")
        found = actions(serving(plan=plan(PlanPhase.WARMING), orders=(abort,)), 1)
        assert SuspendAutoMoves() not in found

    def test_the_timeline_shrinks_with_the_session_and_with_scale(self) -> None:
        assert Timeline.for_lifetime(43_200, 1) == LINE
        assert Timeline.for_lifetime(86_400, 1) == LINE
        short = Timeline.for_lifetime(4_320, 2)
        assert (short.propose_s, short.signal_s) == (180, 6)
        with pytest.raises(ValueError, match="follow"):
            Timeline(propose_s=100)

    def test_t_0_leaves_time_for_a_seal_as_long_as_the_last_checkpoint(self) -> None:
        from sessionlib.core.copies import Copies, Made  # noqa: PLC0415 - named once
        from sessionlib.core.values import Pointer  # noqa: PLC0415 - named once

        made = Made(Pointer(3, 1, "c", 10), 10, 200.0, "")
        plain = ending(1_000)
        slow = replace(plain, copies=Copies(published=made))
        assert plain.due_s(at(0)) == pytest.approx(1_000)
        assert slow.due_s(at(0)) == pytest.approx(800)
        # But never more than a small part of the session.
        endless = replace(plain, copies=Copies(published=replace(made, took_s=1e6)))
        assert plain.due_s(at(0)) - endless.due_s(at(0)) == pytest.approx(43_200 / 20)


class TestSuccessor:
    def choice(self, **changes: Any) -> str | None:
        found = planning.next_successor(ending(1_000, **changes), at(1), None)
        return found.account if found else None

    def test_the_first_by_priority(self) -> None:
        other = peer(account="c", priority=1)
        assert self.choice(peers={"b": peer(), "c": other}) == "c"

    def test_one_with_much_time_left_before_one_with_little(self) -> None:
        short = peer(account="c", priority=1, remaining_s=1_000 + PROPOSE_S - 10)
        assert self.choice(peers={"b": peer(), "c": short}) == "b"
        assert self.choice(peers={"c": short}) == "c"

    def test_one_that_ends_before_us_is_none(self) -> None:
        assert self.choice(peers={"b": peer(remaining_s=1_000)}) is None

    def test_one_that_failed_comes_last_unless_it_is_ready_by_now(self) -> None:
        first = peer(account="c", priority=1, readiness=Readiness.WARMING)
        both = {"b": peer(), "c": first}
        passed = frozenset({"c"})
        assert self.choice(peers=both, passed_over=passed) == "b"
        ready = {**both, "c": replace(first, readiness=Readiness.READY)}
        assert self.choice(peers=ready, passed_over=passed) == "c"

    def test_one_that_is_silent_or_has_ended_is_none(self) -> None:
        assert self.choice(peers={"b": peer(changed_mono=at(-500).mono)}) is None
        assert self.choice(peers={"b": peer(ended=True)}) is None


class TestUnserved:
    def alarm(self, due_s: float, **changes: Any) -> str | None:
        return report_of(ending(due_s, **changes), at(1), 1, ReportExtras()).alarm

    def test_nobody_there_is_said_loudly_with_the_time_that_is_left(self) -> None:
        alarm = self.alarm(1_000, peers={}) or ""
        assert "no standby" in alarm
        assert f"{1_000 + LINE.signal_s - 1:.0f} s" in alarm

    def test_one_that_ends_before_us_is_as_good_as_nobody(self) -> None:
        assert "no standby" in (self.alarm(1_000, peers={"b": peer(remaining_s=500)}) or "")

    def test_not_while_there_is_somebody_or_time(self) -> None:
        assert self.alarm(1_000) is None
        assert self.alarm(PROPOSE_S + 100, peers={}) is None

    def test_it_serves_on_to_its_hard_deadline_and_then_leaves(self) -> None:
        from sessionlib.core.actions import Depart, SetGoal  # noqa: PLC0415 - named once

        alone = ending(10, peers={})
        soon = actions(alone, 10 + LINE.signal_s - 1)
        assert not any(isinstance(action, Depart) for action in soon)
        over = actions(alone, 10 + LINE.signal_s + 1)
        assert any(isinstance(action, Depart) for action in over)
        assert [a.goal.aim for a in soon if isinstance(a, SetGoal)] == [Aim.HOLD]


class TestFailing:
    def failing(self, restarts: int = 5, **changes: Any) -> View:
        facts = WorkloadFacts(WorkState.BACKOFF, 3, restarts=restarts, goal=Goal(Aim.SERVE, 3))
        return serving(work=facts, **changes)

    @pytest.mark.parametrize(
        ("policy", "phase"), [("auto", PlanPhase.WARMING), ("approve", PlanPhase.PROPOSED)]
    )
    def test_it_proposes_a_move_with_its_count(self, policy: str, phase: PlanPhase) -> None:
        found = planned(actions(self.failing(settings=settings(handover=policy)), 1))
        assert found is not None
        assert (found.phase, found.origin, found.left_s) == (phase, PlanOrigin.FAILING, None)
        assert "5 times" in found.reason

    def test_not_under_manual_not_when_paused_not_with_nobody_there(self) -> None:
        manual = self.failing(settings=settings(handover="manual"))
        paused = self.failing(lease=replace(held_by(ME), paused=True))
        for view in (manual, paused, self.failing(peers={}), self.failing(restarts=4)):
            assert written(actions(view, 1)) is None

    def proposed(self, restarts: int = 5, seconds: float = 10, **changes: Any) -> View:
        now = replace(plan(PlanPhase.PROPOSED), origin=PlanOrigin.FAILING)
        known: dict[str, Any] = {"plan": now, "proposed": True, "plan_since_mono": at(0).mono}
        alive = {"b": peer(changed_mono=at(seconds).mono)}
        return self.failing(restarts, sent_s=seconds - 1, **{**known, "peers": alive, **changes})

    def test_it_waits_for_an_answer_for_a_while_and_then_goes_on(self) -> None:
        before, after = LINE.signal_s - 1, LINE.signal_s
        assert written(actions(self.proposed(seconds=before), before)) is None
        found = planned(actions(self.proposed(seconds=after), after))
        assert found is not None
        assert found.phase is PlanPhase.WARMING

    def test_or_for_ever_where_no_answer_means_no(self) -> None:
        hold = settings(on_no_answer="hold")
        late = 20 * LINE.signal_s
        assert written(actions(self.proposed(seconds=late, settings=hold), late)) is None

    def test_an_approval_lets_it_go_on_at_once(self) -> None:
        approved = replace(plan(PlanPhase.PROPOSED), origin=PlanOrigin.FAILING, approved=True)
        found = planned(actions(self.proposed(plan=approved), 10))
        assert found is not None
        assert found.phase is PlanPhase.WARMING

    def test_a_workload_that_recovered_stays(self) -> None:
        found = actions(self.proposed(restarts=0), 10)
        assert planned(found) is None
        assert "recovered" in answers(found)[0].why


class TestSignal:
    def view(self, *, is_test: bool = False, **changes: Any) -> View:
        return serving(**{"signal": Signal("sig-1", is_test), **changes})

    @pytest.mark.parametrize(
        ("policy", "phase"), [("auto", PlanPhase.WARMING), ("approve", PlanPhase.PROPOSED)]
    )
    def test_it_proposes_under_the_policy(self, policy: str, phase: PlanPhase) -> None:
        found = actions(self.view(settings=settings(handover=policy)), 1)
        made = planned(found)
        assert made is not None
        assert (made.id, made.phase, made.origin) == ("sig-1", phase, PlanOrigin.SIGNAL)
        assert [(each.id, each.outcome) for each in answers(found)] == [("sig-1", "seen")]

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"settings": settings(handover="manual")}, "manual"),
            ({"lease": replace(held_by(ME), paused=True)}, "paused"),
            ({"peers": {}}, "no standby"),
            ({"plan": plan(PlanPhase.PROPOSED), "peers": {"b": peer()}}, "a move is planned"),
        ],
    )
    def test_it_is_turned_down_for_good(self, change: dict[str, Any], why: str) -> None:
        found = actions(self.view(**change), 1)
        (receipt,) = answers(found)
        assert (receipt.outcome, receipt.id) == ("refused", "sig-1")
        assert why in receipt.why
        # Whoever holds the lease next reads the same file, which may still be young.
        write = written(found)
        assert write is not None
        assert "sig-1" in write.lease.done

    def test_a_test_makes_a_receipt_and_moves_nothing(self) -> None:
        found = actions(self.view(is_test=True), 1)
        assert written(found) is None
        assert answers(found)[0].outcome == "acted"
        assert "test" in answers(found)[0].why

    def test_whatever_becomes_of_its_move_it_has_proposed_once(self) -> None:
        proposed = replace(plan(PlanPhase.PROPOSED), id="sig-1", origin=PlanOrigin.SIGNAL)
        record = held_by(OTHER, plan=proposed)
        assert leases.claim(record, ME, "n", 60).done == ("sig-1",)
        assert leases.vacate(record, "n", None, None).done == ("sig-1",)
        by_order = replace(record, plan=replace(proposed, origin=PlanOrigin.ORDER))
        assert leases.claim(by_order, ME, "n", 60).done == ()
        # Whoever takes over hasn't carried it out.
        view = seen(record)
        write = written(actions(view, RIPE_S))
        assert write is not None
        assert begun(view, WriteLease(write), at(RIPE_S)).write == write

    def test_once(self) -> None:
        assert written(actions(self.view(answered=frozenset({"sig-1"})), 1)) is None
        done = self.view(lease=replace(held_by(ME), done=("sig-1",)))
        assert written(actions(done, 1)) is None
        under_way = self.view(plan=replace(plan(PlanPhase.PROPOSED), id="sig-1"))
        assert answers(actions(under_way, 1)) == []

    def test_one_with_less_time_left_than_we_have_can_take_the_work_now(self) -> None:
        fresh = {"b": peer(remaining_s=9_000)}
        found = planned(actions(self.view(peers=fresh, started=at(-100)), 1))
        assert found is not None
        assert found.to == "b"
