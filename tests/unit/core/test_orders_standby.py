"""Orders that a standby carries out: to resume, in an emergency, to take over.

Goal: each only on its evidence, once, and never late. Method: `decide` on hand-made views.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sessionlib.core.events import WriteAnswered, WriteVerdict
from sessionlib.core.learn import learn
from sessionlib.core.messages import MoveKind, Order, OrderAction
from sessionlib.core.report import ReportExtras, report_of
from sessionlib.core.values import (
    UNKNOWN_HOLDER,
    LeaseState,
)
from sessionlib.core.view import AgentSettings, LeaseReadStatus, View, WriteKind
from tests.unit.core.order_views import APPROVE, RIPE_S, begun_all, outcome, outcomes, settled
from tests.unit.core.views import (
    FREE,
    OTHER,
    TIMING,
    actions,
    at,
    held_by,
    order,
    seen,
    written,
)


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
        assert view.claim_origin is not None
        assert (view.claim_origin.kind, view.claim_origin.from_) == (MoveKind.EMERGENCY, "b")
        assert "its process is gone" in view.claim_origin.reason
        done = WriteAnswered(view.write.lease.nonce, WriteVerdict.DONE, "10")
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

    @pytest.mark.parametrize("sight", sorted(set(LeaseReadStatus) - {LeaseReadStatus.SEEN}))
    def test_not_while_the_record_cant_be_seen(self, sight: LeaseReadStatus) -> None:
        assert written(actions(self.standing(self.given(), lease_read_status=sight), 1)) is None

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
        assert self.asks(RIPE_S, settings=AgentSettings(TIMING)) is None

    def asks(self, seconds: float, **changes: Any) -> str | None:
        return report_of(self.stale(**changes), at(seconds), 1, ReportExtras()).asks

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
