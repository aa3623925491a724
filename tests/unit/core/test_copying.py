"""Copies of data and program: when they are made, and when they count.

Goal: a holder copies at intervals, for orders and in rounds, publishes at once and
never forgets what it published; a standby keeps data and program ready. Method: `decide`
on hand-made views, answers being learnt.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sessionlib.core.actions import (
    CollectGarbage,
    Copy,
    FetchAhead,
    PrepareProgram,
    Restore,
    Seal,
    SetGoal,
    StopCopying,
)
from sessionlib.core.copies import Copies, Fetch, ProgramState
from sessionlib.core.events import (
    CopyEnded,
    Fetched,
    LeaseRead,
    ProgramPrepared,
    Sealed,
    WriteVerdict,
)
from sessionlib.core.handover_schedule import Timeline
from sessionlib.core.learn import learn
from sessionlib.core.messages import OrderAction, WorkState
from sessionlib.core.report import ReportExtras, report_of
from sessionlib.core.values import PlanPhase, Pointer, Role
from sessionlib.core.view import Data, DataState, LeaseReadStatus, View, WriteKind
from sessionlib.core.work import Aim, Goal, WorkloadFacts
from tests.unit.core.copying_views import (
    EVERY_S,
    KIT,
    MADE,
    POINTER,
    QUIET,
    after,
    answered,
    copied,
    copying,
    of,
    sent,
)
from tests.unit.core.views import (
    ME,
    OTHER,
    TIMING,
    actions,
    at,
    due_in,
    held_by,
    order,
    peer,
    plan,
    seen,
    serving,
    written,
)


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
        starting = serving(work=WorkloadFacts(goal=Goal(Aim.SERVE, 3)))
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
        assert answered(sent(view, 3), WriteVerdict.DONE, 4).copies.rounds == 1


class TestPublishing:
    def test_at_once_and_not_with_the_next_renewal(self) -> None:
        write = written(actions(copied(), 3))
        assert write is not None
        assert (write.kind, write.lease.checkpoint) == (WriteKind.RENEW, MADE.pointer)

    def test_it_counts_when_the_write_has_succeeded(self) -> None:
        view = sent(copied(), 3)
        assert view.copies.published is None
        view = answered(view, WriteVerdict.DONE, 4)
        assert (view.copies.published, view.copies.made) == (MADE, None)
        assert view.copies.published_mono == at(4).mono

    @pytest.mark.parametrize("verdict", [WriteVerdict.UNKNOWN, WriteVerdict.UNREACHABLE])
    def test_an_unknown_outcome_loses_nothing(self, verdict: WriteVerdict) -> None:
        view = answered(sent(copied(), 3), verdict, 11)
        assert view.copies.made == MADE
        again = sent(view, 12)
        assert again.write is not None
        assert again.write.lease.checkpoint == MADE.pointer
        # The first one had arrived after all, and is found.
        conflict = answered(again, WriteVerdict.CONFLICT, 13)
        first = view.unsettled[0].lease
        found = learn(conflict, LeaseRead(LeaseReadStatus.SEEN, first, "10"), at(14), "")
        assert (found.copies.published, found.copies.made) == (MADE, None)

    def test_a_write_that_was_under_way_when_it_was_made_doesnt_publish_it(self) -> None:
        renewing = sent(copying(), 15)
        view = learn(renewing, CopyEnded("t1", MADE), at(16), "")
        view = answered(view, WriteVerdict.DONE, 17)
        assert view.copies.made == MADE
        assert written(actions(view, 18)) is not None

    def test_every_later_record_goes_on_pointing_at_it(self) -> None:
        view = answered(sent(copied(), 3), WriteVerdict.DONE, 4)
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
        stopped = replace(busy, work=WorkloadFacts())
        assert of(StopCopying, actions(stopped, 2)) == [StopCopying()]
        assert of(Seal, actions(stopped, 2)) == []

    def test_the_seal_overtakes_one_that_waits_to_be_published(self) -> None:
        waiting = self.quiescing(copied(), work=WorkloadFacts())
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
        waiting = self.quiescing(sent(copied(), 2), work=WorkloadFacts())
        assert waiting.write is not None
        assert of(Seal, actions(waiting, 3)) == []
        assert of(Seal, actions(replace(waiting, write=None), 3)) != []

    def test_data_of_an_earlier_tenure_is_never_sealed(self) -> None:
        """What others have done since isn't in it, and what they published would be lost."""
        lease = replace(held_by(ME), checkpoint=POINTER)
        told = serving(lease=lease, leaving="stopped by order", work=WorkloadFacts(), data=Data())
        found = actions(told, 1)
        assert of(Seal, found) == []
        write = written(found)
        assert write is not None
        assert (write.kind, write.lease.checkpoint) == (WriteKind.VACATE, POINTER)

    def test_nothing_to_seal_keeps_the_pointer_that_stands(self) -> None:
        sealed = self.quiescing(
            serving(), work=WorkloadFacts(), data=Data(ready_for=3, is_sealed=True)
        )
        write = written(actions(sealed, 3))
        assert write is not None
        assert write.lease.checkpoint == POINTER

    def test_what_couldnt_be_sealed_is_no_planned_move(self) -> None:
        failed = self.quiescing(
            serving(sent_s=39, leaving="SIGTERM"),
            work=WorkloadFacts(),
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
            work=WorkloadFacts(),
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

    def collected(self, view: View) -> list[CollectGarbage]:
        return of(CollectGarbage, actions(view, 1))

    def test_once_for_each_that_is_published(self) -> None:
        view = self.published()
        assert self.collected(view) == [CollectGarbage(MADE.pointer, 3)]
        assert self.collected(after(view, CollectGarbage(MADE.pointer, 3), 1)) == []

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
        assert of(CollectGarbage, found) == []
        ordered = self.published(orders=(order(OrderAction.CHECKPOINT),))
        found = actions(ordered, 1)
        assert [copy.order for copy in of(Copy, found)] == ["o1"]
        assert of(CollectGarbage, found) == []

    def test_not_once_the_lease_has_run_out(self) -> None:
        view = self.published()
        assert of(CollectGarbage, actions(view, TIMING.valid_s - 1)) != []
        assert of(CollectGarbage, actions(view, TIMING.valid_s)) == []
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
            work=WorkloadFacts(),
            data=Data(ready_for=3, sealed=MADE.pointer, is_sealed=True),
            quiesced_at=at(0),
        )
        retired = answered(sent(quiesced, 1), WriteVerdict.DONE, 2)
        assert self.fetches(retired, 3) == [FetchAhead(MADE.pointer)]


class TestProgram:
    def standby(self, **changes: Any) -> View:
        return seen(held_by(OTHER), **{"settings": KIT, **changes})

    def prepares(self, view: View, seconds: float = 1) -> list[PrepareProgram]:
        return of(PrepareProgram, actions(view, seconds))

    def aim(self, view: View) -> Aim:
        (work,) = of(SetGoal, actions(view, 1))
        return work.goal.aim

    def test_a_standby_prepares_the_newest_once(self) -> None:
        view = self.standby(program=ProgramState(wanted="v2"))
        assert self.prepares(view) == [PrepareProgram("v2")]
        view = after(view, PrepareProgram("v2"), 1)
        assert self.prepares(view) == []
        view = learn(view, ProgramPrepared("v2"), at(5), "")
        assert (view.program.ready, self.prepares(view, 6)) == ("v2", [])
        newer = replace(view, program=replace(view.program, wanted="v3"))
        assert self.prepares(newer, 6) == [PrepareProgram("v3")]

    def test_none_where_nothing_has_to_be_prepared(self) -> None:
        assert self.prepares(seen(held_by(OTHER))) == []

    def test_one_that_failed_is_tried_again_later_and_said(self) -> None:
        view = after(self.standby(), PrepareProgram(None), 1)
        view = learn(view, ProgramPrepared("", "pip failed"), at(2), "")
        assert view.program.why == "pip failed"
        assert self.prepares(view, 2 + 2 * TIMING.renew_s - 1) == []
        assert self.prepares(view, 2 + 2 * TIMING.renew_s) != []
        assert report_of(view, at(3), 1, ReportExtras()).alarm == "pip failed"

    def test_a_holder_that_serves_keeps_the_one_it_runs(self) -> None:
        running = serving(settings=KIT, program=ProgramState(wanted="v2", ready="v1"))
        assert self.prepares(running) == []
        assert self.aim(running) is Aim.SERVE

    def test_a_holder_without_one_prepares_and_rests(self) -> None:
        bare = serving(settings=KIT, work=WorkloadFacts())
        assert self.prepares(bare) == [PrepareProgram(None)]
        assert self.aim(bare) is Aim.REST
        assert self.aim(replace(bare, program=ProgramState(ready="v1"))) is Aim.SERVE

    def test_a_standby_doesnt_warm_up_without_it(self) -> None:
        assert self.aim(self.standby()) is Aim.REST
        assert self.aim(self.standby(program=ProgramState(ready="v1"))) is Aim.WARM

    def test_a_cold_backup_only_when_a_plan_names_it(self) -> None:
        cold = replace(ME, role=Role.COLD_BACKUP)
        assert self.prepares(self.standby(me=cold)) == []
        named = held_by(OTHER, plan=plan(PlanPhase.WARMING, "a"))
        assert self.prepares(seen(named, me=cold, settings=KIT)) != []


def test_data_is_restored_only_while_nothing_has_it_open() -> None:
    lease = replace(held_by(ME), checkpoint=POINTER)
    fresh = serving(lease=lease, data=Data(), work=WorkloadFacts())
    assert of(Restore, actions(fresh, 1)) == [Restore(3, POINTER)]
    open_by_work = replace(fresh, work=WorkloadFacts(WorkState.STOPPING, 2, empty=False))
    assert of(Restore, actions(open_by_work, 1)) == []
