"""The table: that it is total, and what its rules do in the cases that matter."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from sessionlib.core.actions import (
    Action,
    AnswerOrder,
    Depart,
    Exit,
    Fence,
    ReadLease,
    ReadMailbox,
    RecordHistory,
    Restore,
    Seal,
    SetGoal,
    WriteLease,
)
from sessionlib.core.copies import Copies
from sessionlib.core.decide import RULES, decide
from sessionlib.core.messages import MoveKind, Order, OrderAction, WorkState
from sessionlib.core.values import (
    UNKNOWN_HOLDER,
    Instant,
    LeaseState,
    PlanPhase,
    Pointer,
    Role,
)
from sessionlib.core.view import (
    ClaimOrigin,
    Data,
    Finding,
    LeaseReadStatus,
    Member,
    View,
    WriteKind,
    member_of,
)
from sessionlib.core.work import Aim, Goal, WorkloadFacts
from tests.unit.core.views import (
    FREE,
    ME,
    OTHER,
    TIMING,
    at,
    held_by,
    peer,
    plan,
    seen,
    serving,
    view,
)

RIPE_S = TIMING.patience_s(TIMING.ttl_s, 0)


def actions(view: View, seconds: float) -> tuple[Action, ...]:
    return decide(view, at(seconds), "chance")


def sent(found: tuple[Action, ...]) -> WriteKind | None:
    kinds = [action.write.kind for action in found if isinstance(action, WriteLease)]
    assert len(kinds) <= 1
    return kinds[0] if kinds else None


def aim(found: tuple[Action, ...]) -> Aim:
    goals = [action.goal.aim for action in found if isinstance(action, SetGoal)]
    assert len(goals) == 1, "every decision says once what the workload is to be"
    return goals[0]


def test_the_table_is_total() -> None:
    assert set(RULES) == set(product(Member, Finding))


# In the table's order, each once: a set's order differs from one process to the next.
@pytest.mark.parametrize("rule", dict.fromkeys(RULES.values()), ids=lambda rule: rule.__name__)
def test_every_rule_says_what_it_does(rule: object) -> None:
    assert rule.__doc__


class TestStandby:
    def test_a_new_agent_looks_and_claims_nothing(self) -> None:
        found = actions(view(), 0)
        assert {type(action) for action in found} == {SetGoal, ReadLease, ReadMailbox}

    def test_a_live_lease_is_watched(self) -> None:
        assert sent(actions(seen(held_by(OTHER)), RIPE_S - 0.1)) is None

    def test_a_stale_lease_is_claimed_on_the_version_that_was_judged(self) -> None:
        found = actions(seen(held_by(OTHER)), RIPE_S)
        (write,) = [action.write for action in found if isinstance(action, WriteLease)]
        assert (write.kind, write.expected, write.lease.epoch) == (WriteKind.CLAIM, "9", 4)
        assert write.sent == at(RIPE_S)

    def test_a_standby_ranked_before_us_has_a_step_to_itself(self) -> None:
        first = peer(priority=0, changed_mono=at(RIPE_S).mono)
        other = replace(OTHER, account="c")
        behind = seen(held_by(other), peers={"b": first})
        assert sent(actions(behind, RIPE_S + TIMING.rank_step_s - 0.1)) is None
        assert sent(actions(behind, RIPE_S + TIMING.rank_step_s)) is WriteKind.CLAIM

    def test_one_that_fell_silent_doesnt_hold_us_up(self) -> None:
        silent = peer(priority=0, changed_mono=at(-500).mono)
        behind = seen(held_by(replace(OTHER, account="c")), peers={"b": silent})
        assert sent(actions(behind, RIPE_S)) is WriteKind.CLAIM

    @pytest.mark.parametrize("sight", sorted(set(LeaseReadStatus) - {LeaseReadStatus.SEEN}))
    def test_not_knowing_is_no_reason_to_claim(self, sight: LeaseReadStatus) -> None:
        blind = seen(held_by(OTHER), lease_read_status=sight)
        assert sent(actions(blind, 10 * RIPE_S)) is None

    def test_an_offer_to_us_is_claimed_at_once_and_one_to_another_isnt(self) -> None:
        offered = replace(held_by(OTHER), state=LeaseState.OFFERED, successor="a")
        assert sent(actions(seen(offered), 0)) is WriteKind.CLAIM
        elsewhere = replace(offered, successor="c")
        assert sent(actions(seen(elsewhere), RIPE_S - 1)) is None
        assert sent(actions(seen(elsewhere), RIPE_S)) is WriteKind.CLAIM

    def test_before_the_first_claim_the_first_by_priority_goes_first(self) -> None:
        never = float("-inf")
        late = seen(FREE, me=replace(ME, priority=3), peers={"b": peer(changed_mono=never)})
        assert sent(actions(late, TIMING.rank_step_s - 0.1)) is None
        assert sent(actions(late, TIMING.rank_step_s)) is WriteKind.CLAIM
        assert sent(actions(seen(FREE), 0)) is WriteKind.CLAIM

    def test_a_record_made_again_is_claimed_after_a_full_ttl(self) -> None:
        again = replace(held_by(OTHER), holder=UNKNOWN_HOLDER, session=None, incarnation=None)
        assert sent(actions(seen(again), RIPE_S - 1)) is None
        assert sent(actions(seen(again), RIPE_S)) is WriteKind.CLAIM

    def test_our_accounts_lease_under_another_incarnation_is_anothers(self) -> None:
        before = held_by(replace(ME, incarnation="the-last-start"))
        assert sent(actions(seen(before), RIPE_S - 1)) is None
        assert sent(actions(seen(before), RIPE_S)) is WriteKind.CLAIM

    def test_a_paused_fleet_takes_nothing_over(self) -> None:
        for lease in (held_by(OTHER), FREE):
            assert sent(actions(seen(replace(lease, paused=True)), 10 * RIPE_S)) is None

    def test_a_session_without_time_left_claims_nothing(self) -> None:
        ending = seen(held_by(OTHER), started=at(-43_150))
        assert sent(actions(ending, RIPE_S)) is None

    def test_a_late_claim_of_ours_is_renewed_before_anything_works(self) -> None:
        found = actions(seen(held_by(ME)), 100)
        assert sent(found) is WriteKind.RENEW
        assert aim(found) is Aim.WARM

    def test_and_given_up_if_this_session_is_to_end(self) -> None:
        assert sent(actions(seen(held_by(ME), leaving="SIGTERM"), 0)) is WriteKind.VACATE

    def test_told_to_leave_it_goes_once_nothing_is_left(self) -> None:
        busy = WorkloadFacts(WorkState.WARM, empty=False, goal=Goal(Aim.REST))
        assert not any(
            isinstance(a, Exit) for a in actions(seen(held_by(OTHER), leaving="x", work=busy), 0)
        )
        assert any(isinstance(a, Exit) for a in actions(seen(held_by(OTHER), leaving="x"), 0))

    def test_a_start_that_was_just_decided_counts_as_running(self) -> None:
        starting = WorkloadFacts(empty=True, goal=Goal(Aim.SERVE, 3))
        found = actions(seen(held_by(OTHER), leaving="x", work=starting), 0)
        assert not any(isinstance(action, Exit) for action in found)

    def test_a_cold_backup_warms_up_only_for_a_plan_that_names_it(self) -> None:
        cold = replace(ME, role=Role.COLD_BACKUP)
        assert aim(actions(seen(held_by(OTHER), me=cold), 0)) is Aim.REST
        named = held_by(OTHER, plan=plan(PlanPhase.WARMING, to="a"))
        assert aim(actions(seen(named, me=cold), 0)) is Aim.WARM

    def test_a_session_whose_time_is_over_leaves(self) -> None:
        over = seen(held_by(OTHER), started=at(-43_200))
        assert any(isinstance(action, Depart) for action in actions(over, 1))


class TestPrimary:
    def test_it_serves_and_renews_when_it_is_time(self) -> None:
        early = actions(serving(), TIMING.renew_s - 0.1)
        assert (aim(early), sent(early)) == (Aim.SERVE, None)
        assert sent(actions(serving(), TIMING.renew_s)) is WriteKind.RENEW

    def test_one_write_at_a_time(self) -> None:
        found = actions(serving(), TIMING.renew_s)
        (write,) = [action.write for action in found if isinstance(action, WriteLease)]
        assert sent(actions(serving(write=write), TIMING.renew_s + 1)) is None
        assert sent(actions(serving(reading_lease=True), TIMING.renew_s)) is None

    def test_a_failed_try_is_followed_by_another_soon(self) -> None:
        tried = serving(sent_mono=at(20).mono)
        assert sent(actions(tried, 20 + TIMING.poll_fast_s - 0.1)) is None
        assert sent(actions(tried, 20 + TIMING.poll_fast_s)) is WriteKind.RENEW

    def test_the_work_stands_still_when_the_lease_has_run_out(self) -> None:
        assert aim(actions(serving(), TIMING.valid_s - 0.1)) is Aim.SERVE
        assert aim(actions(serving(), TIMING.valid_s)) is Aim.HOLD

    @pytest.mark.parametrize(
        "sight", [LeaseReadStatus.UNREACHABLE, LeaseReadStatus.MISSING, LeaseReadStatus.UNREADABLE]
    )
    def test_a_blind_primary_works_on_while_its_lease_is_valid(
        self, sight: LeaseReadStatus
    ) -> None:
        blind = serving(lease_read_status=sight)
        assert aim(actions(blind, TIMING.valid_s - 0.1)) is Aim.SERVE
        assert aim(actions(blind, TIMING.valid_s)) is Aim.HOLD

    @pytest.mark.parametrize(
        "sight", [LeaseReadStatus.MISSING, LeaseReadStatus.UNREADABLE, LeaseReadStatus.ROLLED_BACK]
    )
    def test_it_writes_nothing_over_a_record_it_cant_judge(self, sight: LeaseReadStatus) -> None:
        assert sent(actions(serving(lease_read_status=sight), 40)) is None

    def test_it_goes_on_trying_a_store_that_doesnt_answer(self) -> None:
        assert (
            sent(actions(serving(lease_read_status=LeaseReadStatus.UNREACHABLE), 20))
            is WriteKind.RENEW
        )

    def test_but_not_where_the_record_has_to_be_looked_at(self) -> None:
        """A renewal is due on and on while none succeeds, on a version that has moved."""
        found = actions(
            serving(lease_read_status=LeaseReadStatus.UNREACHABLE, must_read_lease=True), 40
        )
        assert (sent(found), ReadLease() in found) == (None, True)

    def test_after_waking_late_it_renews_before_it_works(self) -> None:
        found = actions(serving(suspect=at(3)), 4)
        assert (aim(found), sent(found)) == (Aim.HOLD, WriteKind.RENEW)

    def test_another_holder_fences_it(self) -> None:
        lost = serving(lease=held_by(OTHER, epoch=4))
        found = actions(lost, 1)
        assert aim(found) is Aim.DEAD
        assert any(isinstance(action, Fence) for action in found)

    def test_fenced_it_ends_only_when_nothing_is_left(self) -> None:
        busy = WorkloadFacts(WorkState.SERVING, 3, empty=False, goal=Goal(Aim.DEAD))
        fenced = serving(fenced=True, tenure=None, work=busy)
        assert actions(fenced, 1) == (SetGoal(Goal(Aim.DEAD)),)
        gone = replace(fenced, work=WorkloadFacts(goal=Goal(Aim.DEAD)))
        (exit_,) = [action for action in actions(gone, 1) if isinstance(action, Exit)]
        assert exit_.code == 1

    def test_data_is_restored_before_the_work_starts(self) -> None:
        pointer = Pointer(2, 1, "c", 10)
        fresh = serving(
            data=Data(), work=WorkloadFacts(), lease=replace(held_by(ME), checkpoint=pointer)
        )
        found = actions(fresh, 1)
        assert aim(found) is Aim.WARM
        assert Restore(3, pointer) in found

    def test_history_is_written_once_the_work_serves(self) -> None:
        claimed = ClaimOrigin(MoveKind.PLANNED, "b", "ordered", "p1", 0.5, at(0).mono)
        fresh = serving(claim_origin=claimed, recorded_epoch=2)
        (record,) = [action for action in actions(fresh, 2) if isinstance(action, RecordHistory)]
        assert record.history.downtime_s == pytest.approx(2.5)
        starting = replace(fresh, work=WorkloadFacts(WorkState.STARTING, 3, empty=False))
        assert not any(isinstance(action, RecordHistory) for action in actions(starting, 2))

    def test_near_its_end_a_session_leaves(self) -> None:
        ending = serving(started=at(-43_200 + 50))
        assert any(isinstance(action, Depart) for action in actions(ending, 1))

    def test_a_workload_that_keeps_failing_proposes_a_move_once(self) -> None:
        failing = WorkloadFacts(
            WorkState.BACKOFF, 3, empty=True, restarts=5, goal=Goal(Aim.SERVE, 3)
        )
        found = actions(serving(work=failing), 1)
        (write,) = [action.write for action in found if isinstance(action, WriteLease)]
        assert write.lease.plan is not None
        assert write.lease.plan.phase is PlanPhase.PROPOSED
        assert "5 times" in write.lease.plan.reason
        assert sent(actions(serving(work=failing, proposed=True), 1)) is None


class TestOrders:
    def order(self, **changes: object) -> Order:
        plain = Order("o1", "f", OrderAction.HANDOVER, "b", 3, "inc-a", 7, "op")
        return replace(plain, **changes)  # type: ignore[arg-type]  # fields by name

    def outcome(self, order: Order, **changes: Any) -> tuple[str, str]:
        view = serving(orders=(order,), **changes)
        (answer,) = [action for action in actions(view, 1) if isinstance(action, AnswerOrder)]
        return answer.receipt.outcome, answer.receipt.why

    def test_a_good_one_starts_a_plan_in_the_record(self) -> None:
        found = actions(serving(orders=(self.order(),)), 1)
        (write,) = [action.write for action in found if isinstance(action, WriteLease)]
        assert write.lease.plan is not None
        assert (write.lease.plan.id, write.lease.plan.to) == ("o1", "b")
        assert write.lease.plan.phase is PlanPhase.WARMING

    def test_without_a_name_the_best_standby_gets_it(self) -> None:
        assert self.outcome(self.order(account=None)) == ("seen", "moving to b")

    @pytest.mark.parametrize(
        ("change", "outcome", "why"),
        [
            ({"epoch": 2}, "void", "epoch 2"),
            ({"account": "a"}, "refused", "already"),
            ({"account": "z"}, "refused", "not an account"),
        ],
    )
    def test_one_without_its_evidence_is_answered_and_not_obeyed(
        self, change: dict[str, object], outcome: str, why: str
    ) -> None:
        found = self.outcome(self.order(**change))
        assert found[0] == outcome
        assert why in found[1]

    def test_a_silent_or_short_lived_successor_is_refused(self) -> None:
        silent = peer(changed_mono=at(-500).mono)
        assert "not reporting" in self.outcome(self.order(), peers={"b": silent})[1]
        short = peer(remaining_s=5)
        assert "too little" in self.outcome(self.order(), peers={"b": short})[1]
        assert "no standby" in self.outcome(self.order(account=None), peers={"b": silent})[1]

    def test_none_while_a_move_is_under_way(self) -> None:
        busy = plan(PlanPhase.SIGNALLED)
        assert (
            "under way"
            in self.outcome(self.order(), lease=held_by(ME, plan=busy), peers={"b": peer(busy)})[1]
        )

    def test_what_was_done_is_not_done_again(self) -> None:
        done = replace(held_by(ME), done=("o1",))
        found = actions(serving(orders=(self.order(),), lease=done), 1)
        assert sent(found) is None
        assert not any(isinstance(action, AnswerOrder) for action in found)

    def test_a_stop_is_for_one_incarnation(self) -> None:
        stop = self.order(action=OrderAction.STOP, account="a", target="inc-a")
        found = actions(serving(orders=(stop,)), 1)
        assert Depart("stopped by order", "o1") in found
        earlier = replace(stop, target="inc-before")
        assert not any(isinstance(a, Depart) for a in actions(serving(orders=(earlier,)), 1))


class TestPlannedMove:
    @pytest.mark.parametrize(
        ("phase", "after"),
        [
            (PlanPhase.WARMING, PlanPhase.SYNCING),
            (PlanPhase.SYNCING, PlanPhase.SIGNALLED),
            (PlanPhase.SIGNALLED, PlanPhase.QUIESCING),
        ],
    )
    def test_a_phase_ends_when_the_successor_has_read_it(
        self, phase: PlanPhase, after: PlanPhase
    ) -> None:
        now = plan(phase)
        in_step = Copies(round_plan=now.id, rounds=1, is_empty=True)
        unheard = serving(plan=now, peers={"b": peer(plan(PlanPhase.PROPOSED))}, copies=in_step)
        assert sent(actions(unheard, 1)) is None
        found = actions(serving(plan=now, peers={"b": peer(now)}, copies=in_step), 1)
        (write,) = [action.write for action in found if isinstance(action, WriteLease)]
        assert write.lease.plan is not None
        assert write.lease.plan.phase is after

    def test_a_successor_that_isnt_ready_is_waited_for(self) -> None:
        from sessionlib.core.values import Readiness  # noqa: PLC0415 - named once

        now = plan(PlanPhase.WARMING)
        warming = {"b": peer(now, Readiness.WARMING)}
        assert sent(actions(serving(plan=now, peers=warming), 1)) is None

    @pytest.mark.parametrize("phase", [PlanPhase.WARMING, PlanPhase.SIGNALLED, PlanPhase.QUIESCING])
    def test_a_successor_that_falls_silent_aborts_it(self, phase: PlanPhase) -> None:
        now = plan(phase)
        silent = {"b": peer(now, changed_mono=at(-500).mono)}
        found = actions(serving(plan=now, peers=silent), 1)
        (write,) = [action.write for action in found if isinstance(action, WriteLease)]
        assert write.kind is WriteKind.RENEW
        assert (write.lease.plan, write.lease.done) == (None, ("p1",))

    def test_one_that_takes_too_long_is_aborted(self) -> None:
        now = plan(PlanPhase.WARMING)
        alive = peer(plan(PlanPhase.PROPOSED), changed_mono=at(700).mono)
        slow = serving(sent_s=695, plan=now, peers={"b": alive}, plan_since_mono=at(0).mono)
        found = actions(slow, 700)
        (answer,) = [action for action in found if isinstance(action, AnswerOrder)]
        assert "not ready in time" in answer.receipt.why

    def quiescing(self, **changes: object) -> View:
        now = plan(PlanPhase.QUIESCING)
        known = {"plan": now, "peers": {"b": peer(now)}, "quiesced_at": at(0)}
        return serving(**{**known, **changes})  # type: ignore[arg-type]  # fields by name

    def test_work_stops_then_data_is_sealed_then_the_lease_is_offered(self) -> None:
        found = actions(self.quiescing(), 1)
        assert (aim(found), sent(found)) == (Aim.REST, None)
        stopped = self.quiescing(work=WorkloadFacts())
        assert Seal(3, "chance") in actions(stopped, 1)
        pointer = Pointer(3, 0, "c", 10)
        sealed = replace(stopped, data=Data(ready_for=3, sealed=pointer, is_sealed=True))
        (write,) = [action.write for action in actions(sealed, 2) if isinstance(action, WriteLease)]
        assert (write.kind, write.lease.checkpoint) == (WriteKind.OFFER, pointer)
        assert write.lease.plan is not None
        assert write.lease.plan.quiet_s == pytest.approx(2)

    @pytest.mark.parametrize(
        "sight", [LeaseReadStatus.MISSING, LeaseReadStatus.UNREADABLE, LeaseReadStatus.ROLLED_BACK]
    )
    def test_told_to_end_it_doesnt_wait_for_ever_for_a_record_it_can_judge(
        self, sight: LeaseReadStatus
    ) -> None:
        stopped = WorkloadFacts(goal=Goal(Aim.REST))
        blind = self.quiescing(lease_read_status=sight, leaving="SIGTERM", work=stopped)
        soon = actions(blind, 2 * TIMING.timeout_s)
        assert not any(isinstance(action, Exit) for action in soon)
        later = actions(blind, 2 * TIMING.timeout_s + 1)
        assert [action.code for action in later if isinstance(action, Exit)] == [3]
        busy = replace(blind, work=replace(stopped, empty=False))
        assert not any(isinstance(action, Exit) for action in actions(busy, 100))

    def test_losing_the_lease_while_stopping_fences_it(self) -> None:
        lost = self.quiescing(lease=held_by(OTHER, epoch=4), leaving="SIGTERM")
        assert member_of(lost) is Member.QUIESCING
        found = actions(lost, 1)
        assert aim(found) is Aim.DEAD
        assert any(isinstance(action, Fence) for action in found)

    def test_an_offer_whose_fate_isnt_known_is_sent_again_and_nothing_works(self) -> None:
        unsettled = self.quiescing(
            work=WorkloadFacts(),
            data=Data(is_sealed=True),
            spent=WriteKind.OFFER,
            spent_mono=at(1).mono,
        )
        found = actions(unsettled, 2)
        assert (aim(found), sent(found)) == (Aim.REST, WriteKind.OFFER)
        blind = replace(unsettled, lease_read_status=LeaseReadStatus.UNREACHABLE)
        assert (aim(actions(blind, 9)), sent(actions(blind, 9))) == (Aim.REST, None)

    def test_a_session_that_must_end_vacates_instead(self) -> None:
        leaving = serving(
            leaving="SIGTERM", work=WorkloadFacts(), data=Data(is_sealed=True), quiesced_at=at(0)
        )
        assert sent(actions(leaving, 1)) is WriteKind.VACATE

    def test_data_that_cant_be_sealed_aborts_a_move_but_not_an_end(self) -> None:
        from sessionlib.core.view import DataState  # noqa: PLC0415 - named once

        failed = Data(state=DataState.FAILED, ready_for=3)
        found = actions(self.quiescing(work=WorkloadFacts(), data=failed, alarm="disk full"), 1)
        (answer,) = [action for action in found if isinstance(action, AnswerOrder)]
        assert "disk full" in answer.receipt.why
        leaving = serving(leaving="SIGTERM", work=WorkloadFacts(), data=failed, quiesced_at=at(0))
        assert sent(actions(leaving, 5)) is None
        assert sent(actions(leaving, 40)) in {WriteKind.VACATE, WriteKind.RENEW}

    def test_the_successor_looks_more_closely_as_the_move_comes_near(self) -> None:
        def looks(phase: PlanPhase, to: str, after_s: float) -> bool:
            found = actions(seen(held_by(OTHER, plan=plan(phase, to=to))), after_s)
            return any(isinstance(action, ReadLease) for action in found)

        assert not looks(PlanPhase.WARMING, "c", TIMING.poll_s - 0.1)
        assert looks(PlanPhase.WARMING, "a", TIMING.poll_fast_s)
        assert looks(PlanPhase.SIGNALLED, "a", TIMING.poll_final_s)


def test_a_decision_never_depends_on_the_wall_clock_of_the_past() -> None:
    # A challenger goes by its monotonic clock: a wall clock years off changes nothing.
    for years in (-5, 5):
        now = replace(at(RIPE_S - 1), wall=at(0).wall + years * 3e7)
        assert sent(decide(seen(held_by(OTHER)), now, "c")) is None
        later = replace(at(RIPE_S), wall=at(0).wall + years * 3e7)
        assert sent(decide(seen(held_by(OTHER)), later, "c")) is WriteKind.CLAIM


def test_sending_is_timed_before_it_leaves() -> None:
    moment: Instant = at(TIMING.renew_s)
    (write,) = [a.write for a in decide(serving(), moment, "c") if isinstance(a, WriteLease)]
    assert write.sent is moment


def test_a_late_claim_that_is_found_is_read_back_once_its_renewal_is_in_doubt() -> None:
    """Two sessions renewed on and on over versions long gone, each waiting for the other, and
    nobody served any more."""
    ours = held_by(ME, epoch=4, renewal=0)
    found = seen(ours, tenure=None)
    assert any(isinstance(action, WriteLease) for action in actions(found, 1))
    doubtful = replace(found, must_read_lease=True)
    taken = actions(doubtful, 1)
    assert not any(isinstance(action, WriteLease) for action in taken)
    assert any(isinstance(action, ReadLease) for action in taken)
