"""How writes are settled, and what a reading makes of what was known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessionlib.core import lease as leases
from sessionlib.core.actions import AnswerOrder, Depart, Fence, Seal, WriteLease
from sessionlib.core.events import (
    Late,
    LeaseRead,
    Leave,
    Restored,
    Sealed,
    WriteAnswered,
    WriteVerdict,
)
from sessionlib.core.learn import begun, learn
from sessionlib.core.lease import Tenure
from sessionlib.core.messages import MoveKind, Receipt
from sessionlib.core.values import Lease, LeaseState, PlanPhase, Pointer
from sessionlib.core.view import (
    DataState,
    LeaseReadStatus,
    Member,
    View,
    Write,
    WriteKind,
    member_of,
)
from tests.unit.core.views import FREE, ME, OTHER, TIMING, at, held_by, plan, seen, serving, view

NOT_DONE = [WriteVerdict.CONFLICT, WriteVerdict.UNKNOWN, WriteVerdict.UNREACHABLE]


def sending(before: View, kind: WriteKind, record: Lease, seconds: float) -> View:
    write = Write(kind, record, before.version, at(seconds))
    return begun(before, WriteLease(write), at(seconds))


def claiming(seconds: float = 0) -> View:
    before = seen(held_by(OTHER))
    return sending(before, WriteKind.CLAIM, leases.claim(held_by(OTHER), ME, "mine", 60), seconds)


def answered(before: View, verdict: WriteVerdict, seconds: float) -> View:
    assert before.write is not None
    event = WriteAnswered(before.write.lease.nonce, verdict, "10")
    return learn(before, event, at(seconds), "fresh")


def read(before: View, record: Lease, seconds: float, version: str = "10") -> View:
    return learn(before, LeaseRead(LeaseReadStatus.SEEN, record, version), at(seconds), "fresh")


class TestClaim:
    def test_validity_counts_from_before_it_was_sent(self) -> None:
        after = answered(claiming(1), WriteVerdict.DONE, 7)
        assert after.tenure == Tenure(4, at(1), TIMING.valid_s)
        assert member_of(after) is Member.PRIMARY

    @pytest.mark.parametrize("verdict", NOT_DONE)
    def test_any_other_answer_is_settled_by_reading_back(self, verdict: WriteVerdict) -> None:
        after = answered(claiming(1), verdict, 7)
        assert (member_of(after), after.must_read_lease, after.tenure) == (
            Member.CLAIMING,
            True,
            None,
        )

    @pytest.mark.parametrize("verdict", NOT_DONE)
    def test_our_nonce_means_it_succeeded_when_it_was_sent(self, verdict: WriteVerdict) -> None:
        before = claiming(1)
        assert before.write is not None
        after = read(answered(before, verdict, 7), before.write.lease, 8)
        assert after.tenure == Tenure(4, at(1), TIMING.valid_s)

    @pytest.mark.parametrize("verdict", NOT_DONE)
    def test_another_nonce_means_it_is_anothers(self, verdict: WriteVerdict) -> None:
        theirs = leases.claim(held_by(OTHER), replace(OTHER, account="c"), "theirs", 60)
        after = read(answered(claiming(1), verdict, 7), theirs, 8)
        assert (member_of(after), after.tenure) == (Member.STANDBY, None)

    def test_an_answer_that_comes_too_late_changes_nothing(self) -> None:
        before = read(answered(claiming(1), WriteVerdict.UNKNOWN, 9), held_by(OTHER), 10, "9")
        late = learn(before, WriteAnswered("mine", WriteVerdict.DONE, "10"), at(11), "fresh")
        assert late == before

    def test_it_remembers_how_it_came_about(self) -> None:
        offered = leases.offer(
            held_by(OTHER, plan=plan(PlanPhase.QUIESCING, "a")),
            "n",
            replace(plan(PlanPhase.QUIESCING, "a"), quiet_s=0.4),
            None,
            None,
        )
        cases = [
            (held_by(OTHER), MoveKind.TAKEOVER, "b"),
            (offered, MoveKind.PLANNED, "b"),
            (FREE, MoveKind.FIRST, None),
            (leases.vacate(held_by(OTHER), "n", None, None), MoveKind.PLANNED, "b"),
        ]
        for record, kind, from_ in cases:
            before = seen(record, unseen_s=0.1, last_holder="b")
            after = sending(before, WriteKind.CLAIM, leases.claim(record, ME, "m", 60), 1)
            assert after.claim_origin is not None
            assert (after.claim_origin.kind, after.claim_origin.from_) == (kind, from_)
            if kind is MoveKind.PLANNED and record is offered:
                assert after.claim_origin.quiet_s == pytest.approx(0.5)


class TestRenewal:
    def renewing(self, before: View, seconds: float) -> View:
        assert before.lease is not None
        return sending(
            before, WriteKind.RENEW, leases.renew(before.lease, "mine", None, 60), seconds
        )

    def test_a_conflict_alone_fences_nobody(self) -> None:
        after = answered(self.renewing(serving(), 15), WriteVerdict.CONFLICT, 16)
        assert (member_of(after), after.must_read_lease) == (Member.PRIMARY, True)
        assert after.tenure == Tenure(3, at(0), TIMING.valid_s)

    @pytest.mark.parametrize("verdict", [WriteVerdict.UNKNOWN, WriteVerdict.UNREACHABLE])
    def test_one_without_an_answer_may_be_sent_again_at_once(self, verdict: WriteVerdict) -> None:
        after = answered(self.renewing(serving(), 15), verdict, 23)
        assert (after.must_read_lease, after.write) == (False, None)

    @pytest.mark.parametrize("verdict", [WriteVerdict.UNKNOWN, WriteVerdict.UNREACHABLE])
    def test_after_two_without_an_answer_the_record_is_looked_at(
        self, verdict: WriteVerdict
    ) -> None:
        """On a slow store a third would fare no better, and the first may have been done."""
        first = answered(self.renewing(serving(), 15), verdict, 23)
        second = answered(self.renewing(first, 24), verdict, 32)
        assert (second.must_read_lease, len(second.unsettled)) == (True, 2)
        assert read(second, first.unsettled[0].lease, 33).tenure == Tenure(
            3, at(15), TIMING.valid_s
        )

    def test_an_earlier_try_that_is_found_counts_from_when_it_was_sent(self) -> None:
        first = answered(self.renewing(serving(), 15), WriteVerdict.UNKNOWN, 23)
        found = first.unsettled[0].lease
        again = sending(first, WriteKind.RENEW, leases.renew(held_by(ME), "second", None, 60), 24)
        after = read(answered(again, WriteVerdict.CONFLICT, 25), found, 26)
        assert after.tenure == Tenure(3, at(15), TIMING.valid_s)

    def test_only_a_renewal_sent_after_waking_ends_the_suspicion(self) -> None:
        sent_before = self.renewing(serving(), 15)
        woken = learn(sent_before, Late(TIMING.margin_s + 1), at(30), "")
        assert woken.suspect == at(30)
        assert answered(woken, WriteVerdict.DONE, 31).suspect == at(30)
        sent_after = self.renewing(woken, 32)
        assert answered(sent_after, WriteVerdict.DONE, 33).suspect is None

    def test_being_a_little_late_is_nothing(self) -> None:
        assert learn(serving(), Late(TIMING.margin_s), at(30), "").suspect is None


class TestGivingUp:
    def offering(self) -> View:
        now = plan(PlanPhase.QUIESCING)
        record = leases.offer(held_by(ME, plan=now), "mine", now, None, "p1")
        return sending(serving(plan=now, quiesced_at=at(0)), WriteKind.OFFER, record, 1)

    def test_from_sending_on_the_tenure_is_spent(self) -> None:
        assert member_of(self.offering()) is Member.GIVING_UP

    def test_known_to_have_succeeded_it_retires_as_a_new_incarnation(self) -> None:
        after = answered(self.offering(), WriteVerdict.DONE, 2)
        assert (member_of(after), after.me.incarnation) == (Member.STANDBY, "fresh")
        assert after.receipts == (Receipt("p1", "acted"),)

    @pytest.mark.parametrize("verdict", NOT_DONE)
    def test_not_known_it_stays_spent_while_the_record_says_ours(
        self, verdict: WriteVerdict
    ) -> None:
        unsettled = answered(self.offering(), verdict, 2)
        assert member_of(unsettled) is Member.GIVING_UP
        still = read(unsettled, held_by(ME, plan=plan(PlanPhase.QUIESCING)), 3, "9")
        assert member_of(still) is Member.GIVING_UP

    def test_a_renewal_that_turns_up_afterwards_gives_nothing_back(self) -> None:
        now = plan(PlanPhase.QUIESCING)
        renewal = leases.renew(held_by(ME, plan=now), "earlier", now, 60)
        lost = Write(WriteKind.RENEW, renewal, "9", at(0.5))
        before = replace(answered(self.offering(), WriteVerdict.CONFLICT, 2), unsettled=(lost,))
        after = read(before, renewal, 3)
        assert member_of(after) is Member.GIVING_UP
        assert after.tenure == Tenure(3, at(0), TIMING.valid_s)

    def test_the_offer_turning_up_by_another_copy_of_it_is_enough(self) -> None:
        before = answered(self.offering(), WriteVerdict.UNKNOWN, 2)
        record = leases.offer(
            held_by(ME, plan=plan(PlanPhase.QUIESCING)),
            "copy",
            plan(PlanPhase.QUIESCING),
            None,
            None,
        )
        assert member_of(read(before, record, 3)) is Member.STANDBY

    def test_somebody_elses_claim_means_it_was_given_up(self) -> None:
        before = answered(self.offering(), WriteVerdict.UNKNOWN, 2)
        after = read(before, held_by(OTHER, epoch=4, renewal=0), 3)
        assert (member_of(after), after.fenced) == (Member.STANDBY, False)


class TestReading:
    def test_a_lower_epoch_than_ever_seen_is_unknown_and_an_alarm(self) -> None:
        after = read(seen(held_by(OTHER, epoch=9)), held_by(OTHER, epoch=8), 1)
        assert after.lease_read_status is LeaseReadStatus.ROLLED_BACK
        assert "epoch 9 to 8" in (after.alarm or "")
        assert read(after, held_by(OTHER, epoch=9), 2).lease_read_status is LeaseReadStatus.SEEN

    def test_so_it_is_for_one_that_only_remembers_it_from_its_last_start(self) -> None:
        fresh = view(seen_epoch=5)
        assert read(fresh, FREE, 1).lease_read_status is LeaseReadStatus.ROLLED_BACK

    def test_a_stale_copy_tells_nothing_new(self) -> None:
        before = seen(held_by(OTHER, renewal=8))
        after = read(before, held_by(OTHER, renewal=7), 5, "8")
        assert (after.lease, after.version, after.watch) == (before.lease, "9", before.watch)

    def test_after_a_stale_copy_the_holder_gets_the_time_to_renew(self) -> None:
        before = seen(held_by(OTHER, renewal=8))
        after = read(
            read(before, held_by(OTHER, renewal=7), 5, "8"), held_by(OTHER, renewal=8), 100
        )
        assert after.watch is not None
        assert (after.watch.since_mono, after.watch.healed_mono) == (at(0).mono, at(100).mono)

    @pytest.mark.parametrize(
        "sight", [LeaseReadStatus.MISSING, LeaseReadStatus.UNREADABLE, LeaseReadStatus.UNREACHABLE]
    )
    def test_a_failed_read_keeps_what_was_known(self, sight: LeaseReadStatus) -> None:
        before = seen(held_by(OTHER))
        failed = learn(before, LeaseRead(sight, why="because"), at(5), "")
        assert (failed.lease, failed.lease_read_status, failed.alarm) == (
            before.lease,
            sight,
            "because",
        )
        healed = read(failed, held_by(OTHER), 100, "9")
        assert healed.watch is not None
        assert healed.watch.healed_mono == at(100).mono
        assert healed.watch.since_mono == at(0).mono


class TestTheRest:
    def test_a_fenced_agent_has_no_tenure(self) -> None:
        after = begun(serving(), Fence("lost"), at(1))
        assert (member_of(after), after.tenure, after.alarm) == (Member.FENCED, None, "lost")

    def test_the_first_reason_to_leave_stays(self) -> None:
        once = begun(serving(), Depart("by order", "o1"), at(1))
        twice = learn(once, Leave("SIGTERM"), at(2), "")
        assert (twice.leaving, twice.leaving_order, twice.quiesced_at) == ("by order", "o1", at(1))

    def test_a_seal_that_failed_does_not_end_the_next_move_before_it_began(self) -> None:
        """Once refused for it, every later move of the tenure was refused at once."""
        moving = serving(plan=plan(PlanPhase.QUIESCING), quiesced_at=at(0))
        failed = learn(begun(moving, Seal(3, "t", None), at(1)), Sealed("t", None, "no"), at(2), "")
        assert failed.data.state is DataState.FAILED
        record = held_by(ME, renewal=8)
        write = Write(WriteKind.RENEW, record, "9", at(3))
        sent = begun(failed, WriteLease(write), at(3))
        answer = WriteAnswered(record.nonce, WriteVerdict.DONE, "10")
        serving_again = learn(sent, answer, at(4), "")
        assert serving_again.data.state is DataState.IDLE
        assert serving_again.data.ready_for == 3

    def test_a_seal_asked_for_before_the_work_went_on_counts_for_nothing(self) -> None:
        sealing = begun(serving(plan=plan(PlanPhase.QUIESCING)), Seal(3, "first"), at(1))
        assert sealing.lease is not None
        aborted = leases.renew(sealing.lease, "m", None, 60)
        serving_again = answered(
            sending(sealing, WriteKind.RENEW, aborted, 2), WriteVerdict.DONE, 3
        )
        late = learn(serving_again, Sealed("first", Pointer(3, 0, "old", 1)), at(4), "")
        assert (late.data.is_sealed, late.data.sealed) == (False, None)

    def test_a_failed_restore_is_tried_again_later(self) -> None:
        after = learn(serving(), Restored(3, "torn"), at(1), "")
        assert (after.data.state, after.alarm) == (DataState.FAILED, "torn")
        assert after.data.retry_mono > at(1).mono

    def test_the_last_word_on_an_order_stands(self) -> None:
        first = begun(view(), AnswerOrder(Receipt("o1", "seen")), at(1))
        assert begun(first, AnswerOrder(Receipt("o1", "void")), at(2)).receipts == (
            Receipt("o1", "void"),
        )

    def test_an_offered_record_is_never_ours_to_serve(self) -> None:
        offered = replace(held_by(ME), state=LeaseState.OFFERED, successor="b")
        assert member_of(read(seen(held_by(ME)), offered, 1)) is Member.STANDBY
