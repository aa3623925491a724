"""What a session reports of itself.

Goal: copies, readiness and durations are told truly, and news at once. Method: reports of
hand-made views, answers being learnt.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sessionlib.core import lease as leases
from sessionlib.core.actions import (
    RecordHistory,
)
from sessionlib.core.copies import Copies, Fetch, ProgramState
from sessionlib.core.events import (
    HistoryRecorded,
    Restored,
    WorkChanged,
    WriteVerdict,
)
from sessionlib.core.handover_schedule import Timeline
from sessionlib.core.learn import learn
from sessionlib.core.messages import MoveKind, Report, WorkState
from sessionlib.core.report import ReportExtras, is_news, report_of
from sessionlib.core.values import PlanPhase, Readiness, Role
from sessionlib.core.view import AgentSettings, ClaimOrigin, Data, View
from sessionlib.core.work import Aim, Goal, WorkloadFacts
from tests.unit.core.copying_views import (
    KIT,
    MADE,
    POINTER,
    after,
    answered,
    copied,
    of,
    sent,
)
from tests.unit.core.views import (
    ME,
    OTHER,
    TIMING,
    actions,
    at,
    clock_plan,
    due_in,
    held_by,
    peer,
    plan,
    seen,
    serving,
)


def report(view: View, seconds: float = 1) -> Report:
    return report_of(view, at(seconds), 1, ReportExtras())


class TestReport:
    def test_the_last_checkpoint_with_its_age_and_receipt(self) -> None:
        assert report(serving()).copied is None
        view = answered(sent(copied(), 3), WriteVerdict.DONE, 4)
        told = report(view, 10).copied
        assert told is not None
        assert (told.name, told.age_s, told.moved_bytes, told.receipt) == (
            "3-1-c",
            6.0,
            10,
            "all of it",
        )

    def test_a_restored_one_is_as_old_as_the_store_says(self) -> None:
        fresh = serving(data=Data())
        restored = learn(fresh, Restored(3, made=MADE, age_s=100.0), at(1), "")
        told = report(restored, 11).copied
        assert told is not None
        assert told.age_s == pytest.approx(110)

    def test_the_latest_safe_moment_leaves_time_for_all_that_was_measured(self) -> None:
        plain = serving(started=due_in(10_000), peers={"b": peer()})
        hard_s = plain.settings.lead_s
        left_s = plain.remaining_s(at(1))
        assert report(plain).latest_safe_s == pytest.approx(left_s - hard_s)
        slow = replace(plain, copies=Copies(published=replace(MADE, took_s=100.0)))
        assert report(slow).latest_safe_s == pytest.approx(left_s - hard_s - 100)
        booted = replace(plain, primary_mono=at(-60).mono, served_mono=at(-30).mono)
        assert report(booted).latest_safe_s == pytest.approx(left_s - hard_s - 30)
        cold = replace(plain, peers={"b": peer(readiness=Readiness.WARMING)})
        warm_s = Timeline().warm_s
        assert report(cold).latest_safe_s == pytest.approx(left_s - hard_s - warm_s)

    def test_it_is_never_below_0_and_no_standbys_business(self) -> None:
        assert report(serving(started=due_in(-150))).latest_safe_s == 0
        assert report(seen(held_by(OTHER))).latest_safe_s is None

    @pytest.mark.parametrize(
        ("now", "policy", "asks"),
        [
            (clock_plan(PlanPhase.PROPOSED, 2_000), "approve", None),
            (clock_plan(PlanPhase.NOTIFIED, 1_000), "approve", "plan:p1"),
            (clock_plan(PlanPhase.NOTIFIED, 1_000), "auto", None),
            (clock_plan(PlanPhase.NOTIFIED, 1_000, approved=True), "approve", None),
            (plan(PlanPhase.PROPOSED), "approve", "plan:p1"),
            (clock_plan(PlanPhase.WARMING, 500), "approve", None),
            (None, "approve", None),
        ],
    )
    def test_what_the_operator_is_asked(self, now: Any, policy: str, asks: str | None) -> None:
        view = serving(plan=now, settings=AgentSettings(TIMING, handover=policy))
        assert report(view).asks == asks

    def test_a_standby_asks_nothing_about_a_plan(self) -> None:
        lease = held_by(OTHER, plan=clock_plan(PlanPhase.NOTIFIED, 1_000, to="a"))
        assert report(seen(lease)).asks is None


class TestReadiness:
    def standby(self, role: Role = Role.HOT_STANDBY, **changes: Any) -> Readiness:
        named = changes.pop("named", False)
        now = plan(PlanPhase.WARMING, "a") if named else None
        lease = replace(held_by(OTHER, plan=now), checkpoint=POINTER)
        view = seen(lease, me=replace(ME, role=role), **{"settings": KIT, **changes})
        return report(view).readiness

    def test_ready_is_with_program_and_data(self) -> None:
        kit, fetch = ProgramState(ready="v1"), Fetch(have=POINTER.name)
        assert self.standby() is Readiness.WARMING
        assert self.standby(program=kit) is Readiness.WARMING
        assert self.standby(fetch=fetch) is Readiness.WARMING
        assert self.standby(program=kit, fetch=fetch) is Readiness.READY
        assert self.standby(program=kit, fetch=Fetch(have="a little older")) is Readiness.READY

    def test_and_with_the_workload_where_a_standby_runs_it(self) -> None:
        known: dict[str, Any] = {
            "program": ProgramState(ready="v1"),
            "fetch": Fetch(have=POINTER.name),
            "settings": replace(KIT, standby_runs=True),
        }
        assert self.standby(**known) is Readiness.WARMING
        assert (
            self.standby(**known, work=WorkloadFacts(WorkState.WARM, ready=True)) is Readiness.READY
        )

    def test_a_cold_backup_is_cold_until_it_is_named(self) -> None:
        assert self.standby(Role.COLD_BACKUP) is Readiness.COLD
        assert self.standby(Role.COLD_BACKUP, named=True) is Readiness.WARMING

    def test_one_that_leaves_is_cold(self) -> None:
        assert self.standby(leaving="SIGTERM") is Readiness.COLD


class TestNews:
    def test_figures_are_none(self) -> None:
        first = report(serving(started=due_in(1_000), peers={}), 1)
        later = report(serving(started=due_in(1_000), peers={}), 2)
        assert first.alarm != later.alarm
        assert not is_news(first, later)

    def test_what_a_move_waits_for_is(self) -> None:
        base = replace(report(seen(held_by(OTHER))), readiness=Readiness.WARMING)
        for changed in (
            replace(base, fetched="c1"),
            replace(base, readiness=Readiness.READY),
            replace(base, plan="p1:warming"),
            replace(base, asks="takeover:3"),
            replace(base, bundle="v2"),
        ):
            assert is_news(base, changed)
        assert is_news(None, base)


class TestMeasuring:
    """How long a start took, and how long the work stood still."""

    claimed = ClaimOrigin(MoveKind.TAKEOVER, "b", "gone", None, 0.5, at(0).mono)
    up = WorkChanged(WorkloadFacts(WorkState.SERVING, 3, empty=False, goal=Goal(Aim.SERVE, 3)))

    def claimed_at(self, seconds: float) -> View:
        return serving(
            claim_origin=self.claimed,
            recorded_epoch=2,
            primary_mono=at(seconds).mono,
            work=WorkloadFacts(WorkState.STARTING, 3, empty=False),
        )

    def test_a_record_that_has_to_be_written_again_tells_the_same_downtime(self) -> None:
        view = learn(self.claimed_at(1), self.up, at(4), "")
        (record,) = of(RecordHistory, actions(view, 4))
        assert record.history.downtime_s == pytest.approx(4.5)
        view = learn(after(view, record, 4), HistoryRecorded(3, "no answer"), at(5), "")
        view = replace(view, sent_mono=at(29).mono)
        (again,) = of(RecordHistory, actions(view, 30))
        assert again.history.downtime_s == pytest.approx(4.5)
        assert view.boot_s == pytest.approx(3)

    def test_a_workload_that_is_started_again_is_no_other_start_of_ours(self) -> None:
        view = learn(self.claimed_at(1), self.up, at(4), "")
        view = learn(view, WorkChanged(WorkloadFacts(WorkState.BACKOFF, 3)), at(50), "")
        assert learn(view, self.up, at(60), "").boot_s == pytest.approx(3)

    def test_one_that_becomes_primary_by_a_late_claim_starts_from_nothing(self) -> None:
        late = leases.claim(held_by(OTHER), ME, "mine", 60)
        before = seen(
            late, auto_moves_suspended=True, passed_over=frozenset({"c"}), served_mono=at(-9).mono
        )
        view = answered(sent(before, 1), WriteVerdict.DONE, 2)
        assert view.tenure is not None
        assert (view.primary_mono, view.auto_moves_suspended, view.passed_over) == (
            at(2).mono,
            False,
            frozenset(),
        )
        assert view.boot_s is None
