"""Copies of data and program: when they are made, when they count, what is told of them.

Goal: a holder copies at intervals, for orders and in rounds, publishes at once and
never forgets what it published; a standby keeps data and program ready; the report
says all of it truly. Method: `decide` on hand-made views, answers being learnt.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import pytest

from sessionlib.core import lease as leases
from sessionlib.core.actions import (
    Action,
    Collect,
    Copy,
    FetchAhead,
    Prepare,
    Record,
    Restore,
    Seal,
    Send,
    StopCopying,
    Work,
)
from sessionlib.core.copies import Copies, Fetch, Kit, Made
from sessionlib.core.events import (
    CopyEnded,
    Fetched,
    LeaseRead,
    Prepared,
    Recorded,
    Restored,
    Sealed,
    Verdict,
    WorkChanged,
    WriteAnswered,
)
from sessionlib.core.learn import begun, learn
from sessionlib.core.notes import MoveKind, OrderAction, Report, WorkState
from sessionlib.core.report import Surroundings, is_news, report_of
from sessionlib.core.timeline import Timeline
from sessionlib.core.values import PlanPhase, Pointer, Readiness, Role
from sessionlib.core.view import Claimed, Data, DataState, Settings, Sight, View, WriteKind
from sessionlib.core.work import Aim, Facts, Goal
from tests.unit.scene import (
    ME,
    OTHER,
    TIMING,
    actions,
    at,
    clock_plan,
    due_in,
    held_by,
    order,
    peer,
    plan,
    seen,
    serving,
    written,
)

A = TypeVar("A")
EVERY_S = Settings(TIMING).copy_every_s
KIT = Settings(TIMING, needs_kit=True)
POINTER = Pointer(2, 9, "2-9-p", 1_000)
MADE = Made(Pointer(3, 1, "3-1-c", 1_000), 10, 0.4, "all of it")
QUIET = Copies(since_mono=at(0).mono)


def of(kind: type[A], found: tuple[Action, ...]) -> list[A]:
    return [action for action in found if isinstance(action, kind)]


def after(view: View, action: Action, seconds: float) -> View:
    return begun(view, action, at(seconds))


def copying(seconds: float = 1, **changes: Any) -> View:
    """`a` serving, with a checkpoint under way."""
    return after(serving(copies=QUIET, **changes), Copy(3, None, "t1"), seconds)


def copied(made: Made | None = MADE, why: str | None = None, **changes: Any) -> View:
    return learn(copying(**changes), CopyEnded("t1", made, why), at(2), "")


def answered(view: View, verdict: Verdict, seconds: float) -> View:
    assert view.write is not None
    event = WriteAnswered(view.write.lease.nonce, verdict, "10")
    return learn(view, event, at(seconds), "")


def sent(view: View, seconds: float) -> View:
    (send,) = of(Send, actions(view, seconds))
    return after(view, send, seconds)


class TestMaking:
    def due(self, view: View, seconds: float) -> bool:
        return bool(of(Copy, actions(view, seconds)))

    def renewed(self, seconds: float, **changes: Any) -> View:
        return serving(sent_s=seconds - 1, **{"copies": QUIET, **changes})

    def test_at_intervals(self) -> None:
        lease = replace(held_by(ME), checkpoint=POINTER)
        assert not self.due(self.renewed(EVERY_S - 1, lease=lease), EVERY_S - 1)
        assert self.due(self.renewed(EVERY_S, lease=lease), EVERY_S)

    def test_the_very_first_one_soon(self) -> None:
        assert not self.due(self.renewed(TIMING.renew_s - 1), TIMING.renew_s - 1)
        assert self.due(self.renewed(TIMING.renew_s), TIMING.renew_s)

    def test_counted_from_the_start_of_the_last(self) -> None:
        view = after(self.renewed(100), Copy(3, None, "t1"), 100)
        view = learn(view, CopyEnded("t1", None), at(130), "")
        assert view.copies.since_mono == at(100).mono

    def test_reusing_what_is_published(self) -> None:
        lease = replace(held_by(ME), checkpoint=POINTER)
        (copy,) = of(Copy, actions(serving(lease=lease), 1))
        assert (copy.epoch, copy.base, copy.order) == (3, POINTER, None)

    def test_one_at_a_time(self) -> None:
        assert not self.due(replace(copying(), work=serving().work), 2 * EVERY_S)
        assert not self.due(copied(), 2 * EVERY_S)

    def test_not_before_the_workload_has_had_the_data_in_hand(self) -> None:
        starting = serving(work=Facts(goal=Goal(Aim.SERVE, 3)))
        earlier = serving(data=Data(ready_for=2))
        assert not self.due(starting, 1)
        assert not self.due(earlier, 1)

    def test_one_that_failed_is_tried_again_before_the_next_would_be_due(self) -> None:
        failed = copied(None, "a file doesn't settle")
        assert failed.alarm == "a file doesn't settle"
        assert not self.due(failed, 2 + TIMING.renew_s - 1)
        assert self.due(failed, 2 + TIMING.renew_s)

    def test_and_less_and_less_often_while_it_goes_on_failing(self) -> None:
        view, seconds = serving(copies=QUIET), 0.0
        waits = []
        for _ in range(8):
            view = after(view, Copy(3, None, "t"), seconds)
            view = learn(view, CopyEnded("t", None, "no"), at(seconds), "")
            waits.append(view.copies.retry_mono - at(seconds).mono)
            seconds += 1
        assert waits == sorted(waits)
        assert (waits[0], waits[-1]) == (TIMING.renew_s, EVERY_S)

    def test_nothing_to_copy_is_no_failure_to_hurry_after(self) -> None:
        empty = copied(None)
        assert empty.copies.is_empty
        assert not self.due(empty, EVERY_S - 1)

    def test_an_answer_to_another_one_counts_for_nothing(self) -> None:
        view = copying()
        assert learn(view, CopyEnded("t0", MADE), at(2), "") == view

    @pytest.mark.parametrize("phase", [PlanPhase.SIGNALLED, PlanPhase.QUIESCING])
    def test_not_when_the_work_is_about_to_stop(self, phase: PlanPhase) -> None:
        now = plan(phase)
        assert not self.due(serving(plan=now, peers={"b": peer()}), 1)


class TestRounds:
    def syncing(self, fetched: str | None = None, **changes: Any) -> View:
        now = plan(PlanPhase.SYNCING)
        return serving(plan=now, peers={"b": peer(fetched=fetched)}, **changes)

    def rounds(self, number: int, moved_bytes: int = 10**9) -> Copies:
        published = replace(MADE, moved_bytes=moved_bytes, took_s=9)
        return Copies(round_plan="p1", rounds=number, published=published, since_mono=at(0).mono)

    def test_the_first_begins_at_once(self) -> None:
        (copy,) = of(Copy, actions(self.syncing(copies=QUIET), 1))
        view = after(self.syncing(copies=QUIET), copy, 1)
        assert (view.copies.round_plan, view.copies.rounds) == ("p1", 0)

    def test_the_next_once_the_successor_has_the_last(self) -> None:
        last = self.rounds(1)
        assert not of(Copy, actions(self.syncing(None, copies=last), 1))
        assert of(Copy, actions(self.syncing("3-1-c", copies=last), 1))

    def test_none_when_little_is_left(self) -> None:
        small = self.rounds(1, moved_bytes=10)
        assert not of(Copy, actions(self.syncing("3-1-c", copies=small), 1))

    def test_what_was_counted_for_another_plan_starts_anew(self) -> None:
        view = self.syncing(copies=replace(self.rounds(5), round_plan="p0", failures=2))
        (copy,) = of(Copy, actions(view, 1))
        copies = after(view, copy, 1).copies
        assert (copies.round_plan, copies.rounds, copies.failures) == ("p1", 0, 0)

    def test_a_round_counts_once_it_is_published(self) -> None:
        view = after(self.syncing(copies=QUIET), Copy(3, None, "t1"), 1)
        view = learn(view, CopyEnded("t1", MADE), at(2), "")
        assert view.copies.rounds == 0
        assert answered(sent(view, 3), Verdict.DONE, 4).copies.rounds == 1


class TestPublishing:
    def test_at_once_and_not_with_the_next_renewal(self) -> None:
        write = written(actions(copied(), 3))
        assert write is not None
        assert (write.kind, write.lease.checkpoint) == (WriteKind.RENEW, MADE.pointer)

    def test_it_counts_when_the_write_has_succeeded(self) -> None:
        view = sent(copied(), 3)
        assert view.copies.published is None
        view = answered(view, Verdict.DONE, 4)
        assert (view.copies.published, view.copies.made) == (MADE, None)
        assert view.copies.published_mono == at(4).mono

    @pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.UNREACHABLE])
    def test_an_unknown_outcome_loses_nothing(self, verdict: Verdict) -> None:
        view = answered(sent(copied(), 3), verdict, 11)
        assert view.copies.made == MADE
        again = sent(view, 12)
        assert again.write is not None
        assert again.write.lease.checkpoint == MADE.pointer
        # The first one had arrived after all, and is found.
        conflict = answered(again, Verdict.CONFLICT, 13)
        first = view.unsettled[0].lease
        found = learn(conflict, LeaseRead(Sight.SEEN, first, "10"), at(14), "")
        assert (found.copies.published, found.copies.made) == (MADE, None)

    def test_a_write_that_was_under_way_when_it_was_made_doesnt_publish_it(self) -> None:
        renewing = sent(copying(), 15)
        view = learn(renewing, CopyEnded("t1", MADE), at(16), "")
        view = answered(view, Verdict.DONE, 17)
        assert view.copies.made == MADE
        assert written(actions(view, 18)) is not None

    def test_every_later_record_goes_on_pointing_at_it(self) -> None:
        view = answered(sent(copied(), 3), Verdict.DONE, 4)
        write = written(actions(view, 3 + TIMING.renew_s))
        assert write is not None
        assert write.lease.checkpoint == MADE.pointer


class TestSealing:
    def quiescing(self, view: View, **changes: Any) -> View:
        now = plan(PlanPhase.QUIESCING)
        known: dict[str, Any] = {"peers": {"b": peer(now)}, "quiesced_at": at(0)}
        lease = replace(held_by(ME, plan=now), checkpoint=POINTER)
        return replace(view, lease=lease, **{**known, **changes})

    def test_what_is_under_way_is_asked_to_end_once_the_work_has_stopped(self) -> None:
        busy = self.quiescing(copying())
        assert of(StopCopying, actions(busy, 2)) == []
        stopped = replace(busy, work=Facts())
        assert of(StopCopying, actions(stopped, 2)) == [StopCopying()]
        assert of(Seal, actions(stopped, 2)) == []

    def test_the_seal_overtakes_one_that_waits_to_be_published(self) -> None:
        waiting = self.quiescing(copied(), work=Facts())
        (seal,) = of(Seal, actions(waiting, 3))
        assert seal.base == POINTER
        view = after(waiting, seal, 3)
        assert view.copies.made is None
        last = Pointer(3, 2, "3-2-s", 1_000)
        view = learn(view, Sealed(seal.token, last), at(4), "")
        write = written(actions(view, 5))
        assert write is not None
        assert (write.kind, write.lease.checkpoint) == (WriteKind.OFFER, last)

    def test_the_seal_waits_for_a_write_that_may_be_publishing(self) -> None:
        waiting = self.quiescing(sent(copied(), 2), work=Facts())
        assert waiting.write is not None
        assert of(Seal, actions(waiting, 3)) == []
        assert of(Seal, actions(replace(waiting, write=None), 3)) != []

    def test_data_of_an_earlier_tenure_is_never_sealed(self) -> None:
        """What others have done since isn't in it, and what they published would be lost."""
        lease = replace(held_by(ME), checkpoint=POINTER)
        told = serving(lease=lease, leaving="stopped by order", work=Facts(), data=Data())
        found = actions(told, 1)
        assert of(Seal, found) == []
        write = written(found)
        assert write is not None
        assert (write.kind, write.lease.checkpoint) == (WriteKind.VACATE, POINTER)

    def test_nothing_to_seal_keeps_the_pointer_that_stands(self) -> None:
        sealed = self.quiescing(serving(), work=Facts(), data=Data(ready_for=3, is_sealed=True))
        write = written(actions(sealed, 3))
        assert write is not None
        assert write.lease.checkpoint == POINTER

    def test_what_couldnt_be_sealed_is_no_planned_move(self) -> None:
        failed = self.quiescing(
            serving(sent_s=39, leaving="SIGTERM"),
            work=Facts(),
            data=Data(DataState.FAILED, 3),
            peers={"b": peer(plan(PlanPhase.QUIESCING), changed_mono=at(40).mono)},
        )
        write = written(actions(failed, 40))
        assert write is not None
        assert write.kind is WriteKind.VACATE

    def test_a_seal_that_hangs_beyond_the_sessions_time_ends_in_giving_up(self) -> None:
        from sessionlib.core.actions import Depart  # noqa: PLC0415 - named once

        hanging = self.quiescing(
            serving(started=due_in(0)),
            work=Facts(),
            data=Data(DataState.SEALING, 3, sealing="s"),
        )
        over_s = Timeline().signal_s + 1
        hanging = replace(hanging, peers={"b": peer(changed_mono=at(over_s).mono)})
        assert of(Depart, actions(hanging, over_s - 2)) == []
        (depart,) = of(Depart, actions(hanging, over_s))
        leaving = after(hanging, depart, over_s)
        end_s = Timeline().signal_s + leaving.settings.lead_s - 1
        write = written(actions(leaving, end_s))
        assert write is not None
        assert write.kind in {WriteKind.OFFER, WriteKind.VACATE}


class TestCollecting:
    def published(self, **changes: Any) -> View:
        lease = replace(held_by(ME, plan=changes.pop("plan", None)), checkpoint=MADE.pointer)
        copies = replace(QUIET, published=changes.pop("published", MADE))
        return serving(lease=lease, **{"copies": copies, **changes})

    def collected(self, view: View) -> list[Collect]:
        return of(Collect, actions(view, 1))

    def test_once_for_each_that_is_published(self) -> None:
        view = self.published()
        assert self.collected(view) == [Collect(MADE.pointer, 3)]
        assert self.collected(after(view, Collect(MADE.pointer, 3), 1)) == []

    def test_never_during_a_plan(self) -> None:
        for phase in PlanPhase:
            now = plan(phase)
            assert self.collected(self.published(plan=now, peers={"b": peer()})) == []

    def test_never_with_another_pointer_than_the_record_has(self) -> None:
        other = replace(MADE, pointer=Pointer(3, 0, "3-0-x", 1))
        assert self.collected(self.published(published=other)) == []
        assert self.collected(self.published(published=None)) == []

    def test_not_beside_a_copy(self) -> None:
        busy = replace(QUIET, published=MADE, under_way="t2")
        assert self.collected(self.published(copies=busy)) == []

    def test_not_beside_one_that_is_begun_at_the_same_moment(self) -> None:
        found = actions(self.published(copies=Copies(published=MADE)), 1)
        assert of(Copy, found) != []
        assert of(Collect, found) == []
        ordered = self.published(orders=(order(OrderAction.CHECKPOINT),))
        found = actions(ordered, 1)
        assert [copy.order for copy in of(Copy, found)] == ["o1"]
        assert of(Collect, found) == []

    def test_not_once_the_lease_has_run_out(self) -> None:
        view = self.published()
        assert of(Collect, actions(view, TIMING.valid_s - 1)) != []
        assert of(Collect, actions(view, TIMING.valid_s)) == []
        assert self.collected(replace(view, suspect=at(0))) == []


class TestStandbysData:
    def standby(self, role: Role = Role.HOT_STANDBY, named: bool = False, **changes: Any) -> View:
        now = plan(PlanPhase.WARMING, "a") if named else None
        lease = replace(held_by(OTHER, plan=now), checkpoint=POINTER)
        return seen(lease, me=replace(ME, role=role), **changes)

    def fetches(self, view: View, seconds: float = 1) -> list[FetchAhead]:
        return of(FetchAhead, actions(view, seconds))

    def test_it_fetches_the_newest_ahead_once(self) -> None:
        view = self.standby()
        assert self.fetches(view) == [FetchAhead(POINTER)]
        under_way = after(view, FetchAhead(POINTER), 1)
        assert self.fetches(under_way) == []
        have = learn(under_way, Fetched(POINTER.name), at(2), "")
        assert (have.fetch.have, self.fetches(have)) == (POINTER.name, [])

    def test_and_the_next_one_when_there_is_one(self) -> None:
        newer = replace(held_by(OTHER, renewal=8), checkpoint=MADE.pointer)
        view = replace(self.standby(fetch=Fetch(have=POINTER.name)), lease=newer)
        assert self.fetches(view) == [FetchAhead(MADE.pointer)]

    def test_one_that_failed_is_tried_again_later_and_the_last_one_kept(self) -> None:
        view = self.standby(fetch=Fetch(have="older"))
        view = after(view, FetchAhead(POINTER), 1)
        view = learn(view, Fetched(POINTER.name, "gone"), at(2), "")
        assert (view.fetch.have, view.alarm) == ("older", "gone")
        assert self.fetches(view, 2 + TIMING.renew_s - 1) == []
        assert self.fetches(view, 2 + TIMING.renew_s) == [FetchAhead(POINTER)]

    def test_a_cold_backup_only_when_a_plan_names_it(self) -> None:
        assert self.fetches(self.standby(Role.COLD_BACKUP)) == []
        assert self.fetches(self.standby(Role.COLD_BACKUP, named=True)) != []

    def test_not_when_it_is_to_leave(self) -> None:
        assert self.fetches(self.standby(leaving="SIGTERM")) == []

    def test_a_holder_doesnt(self) -> None:
        lease = replace(held_by(ME), checkpoint=POINTER)
        assert self.fetches(serving(lease=lease)) == []

    def test_a_retired_holder_looks_at_what_it_has_anew(self) -> None:
        now = plan(PlanPhase.QUIESCING)
        quiesced = serving(
            plan=now,
            peers={"b": peer(now)},
            work=Facts(),
            data=Data(ready_for=3, sealed=MADE.pointer, is_sealed=True),
            quiesced_at=at(0),
        )
        retired = answered(sent(quiesced, 1), Verdict.DONE, 2)
        assert self.fetches(retired, 3) == [FetchAhead(MADE.pointer)]


class TestProgram:
    def standby(self, **changes: Any) -> View:
        return seen(held_by(OTHER), **{"settings": KIT, **changes})

    def prepares(self, view: View, seconds: float = 1) -> list[Prepare]:
        return of(Prepare, actions(view, seconds))

    def aim(self, view: View) -> Aim:
        (work,) = of(Work, actions(view, 1))
        return work.goal.aim

    def test_a_standby_prepares_the_newest_once(self) -> None:
        view = self.standby(kit=Kit(wanted="v2"))
        assert self.prepares(view) == [Prepare("v2")]
        view = after(view, Prepare("v2"), 1)
        assert self.prepares(view) == []
        view = learn(view, Prepared("v2"), at(5), "")
        assert (view.kit.ready, self.prepares(view, 6)) == ("v2", [])
        newer = replace(view, kit=replace(view.kit, wanted="v3"))
        assert self.prepares(newer, 6) == [Prepare("v3")]

    def test_none_where_nothing_has_to_be_prepared(self) -> None:
        assert self.prepares(seen(held_by(OTHER))) == []

    def test_one_that_failed_is_tried_again_later_and_said(self) -> None:
        view = after(self.standby(), Prepare(None), 1)
        view = learn(view, Prepared("", "pip failed"), at(2), "")
        assert view.kit.why == "pip failed"
        assert self.prepares(view, 2 + 2 * TIMING.renew_s - 1) == []
        assert self.prepares(view, 2 + 2 * TIMING.renew_s) != []
        assert report_of(view, at(3), 1, Surroundings()).alarm == "pip failed"

    def test_a_holder_that_serves_keeps_the_one_it_runs(self) -> None:
        running = serving(settings=KIT, kit=Kit(wanted="v2", ready="v1"))
        assert self.prepares(running) == []
        assert self.aim(running) is Aim.SERVE

    def test_a_holder_without_one_prepares_and_rests(self) -> None:
        bare = serving(settings=KIT, work=Facts())
        assert self.prepares(bare) == [Prepare(None)]
        assert self.aim(bare) is Aim.REST
        assert self.aim(replace(bare, kit=Kit(ready="v1"))) is Aim.SERVE

    def test_a_standby_doesnt_warm_up_without_it(self) -> None:
        assert self.aim(self.standby()) is Aim.REST
        assert self.aim(self.standby(kit=Kit(ready="v1"))) is Aim.WARM

    def test_a_cold_backup_only_when_a_plan_names_it(self) -> None:
        cold = replace(ME, role=Role.COLD_BACKUP)
        assert self.prepares(self.standby(me=cold)) == []
        named = held_by(OTHER, plan=plan(PlanPhase.WARMING, "a"))
        assert self.prepares(seen(named, me=cold, settings=KIT)) != []


def report(view: View, seconds: float = 1) -> Report:
    return report_of(view, at(seconds), 1, Surroundings())


class TestReport:
    def test_the_last_checkpoint_with_its_age_and_receipt(self) -> None:
        assert report(serving()).copied is None
        view = answered(sent(copied(), 3), Verdict.DONE, 4)
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
        view = serving(plan=now, settings=Settings(TIMING, handover=policy))
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
        kit, fetch = Kit(ready="v1"), Fetch(have=POINTER.name)
        assert self.standby() is Readiness.WARMING
        assert self.standby(kit=kit) is Readiness.WARMING
        assert self.standby(fetch=fetch) is Readiness.WARMING
        assert self.standby(kit=kit, fetch=fetch) is Readiness.READY
        assert self.standby(kit=kit, fetch=Fetch(have="a little older")) is Readiness.READY

    def test_and_with_the_workload_where_a_standby_runs_it(self) -> None:
        known: dict[str, Any] = {
            "kit": Kit(ready="v1"),
            "fetch": Fetch(have=POINTER.name),
            "settings": replace(KIT, standby_runs=True),
        }
        assert self.standby(**known) is Readiness.WARMING
        assert self.standby(**known, work=Facts(WorkState.WARM, ready=True)) is Readiness.READY

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

    claimed = Claimed(MoveKind.TAKEOVER, "b", "gone", None, 0.5, at(0).mono)
    up = WorkChanged(Facts(WorkState.SERVING, 3, empty=False, goal=Goal(Aim.SERVE, 3)))

    def claimed_at(self, seconds: float) -> View:
        return serving(
            claimed=self.claimed,
            recorded_epoch=2,
            primary_mono=at(seconds).mono,
            work=Facts(WorkState.STARTING, 3, empty=False),
        )

    def test_a_record_that_has_to_be_written_again_tells_the_same_downtime(self) -> None:
        view = learn(self.claimed_at(1), self.up, at(4), "")
        (record,) = of(Record, actions(view, 4))
        assert record.history.downtime_s == pytest.approx(4.5)
        view = learn(after(view, record, 4), Recorded(3, "no answer"), at(5), "")
        view = replace(view, sent_mono=at(29).mono)
        (again,) = of(Record, actions(view, 30))
        assert again.history.downtime_s == pytest.approx(4.5)
        assert view.boot_s == pytest.approx(3)

    def test_a_workload_that_is_started_again_is_no_other_start_of_ours(self) -> None:
        view = learn(self.claimed_at(1), self.up, at(4), "")
        view = learn(view, WorkChanged(Facts(WorkState.BACKOFF, 3)), at(50), "")
        assert learn(view, self.up, at(60), "").boot_s == pytest.approx(3)

    def test_one_that_becomes_primary_by_a_late_claim_starts_from_nothing(self) -> None:
        late = leases.claim(held_by(OTHER), ME, "mine", 60)
        before = seen(late, held_off=True, passed_over=frozenset({"c"}), served_mono=at(-9).mono)
        view = answered(sent(before, 1), Verdict.DONE, 2)
        assert view.tenure is not None
        assert (view.primary_mono, view.held_off, view.passed_over) == (
            at(2).mono,
            False,
            frozenset(),
        )
        assert view.boot_s is None


def test_data_is_restored_only_while_nothing_has_it_open() -> None:
    lease = replace(held_by(ME), checkpoint=POINTER)
    fresh = serving(lease=lease, data=Data(), work=Facts())
    assert of(Restore, actions(fresh, 1)) == [Restore(3, POINTER)]
    open_by_work = replace(fresh, work=Facts(WorkState.STOPPING, 2, empty=False))
    assert of(Restore, actions(open_by_work, 1)) == []
