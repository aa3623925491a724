"""What the record may become, how long it holds, when it is ripe."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessionlib.core import lease as leases
from sessionlib.core.lease import Tenure, Watch, update_watch
from sessionlib.core.values import Instant, LeaseState, PlanPhase, Pointer
from tests.unit.core.views import FREE, ME, OTHER, TIMING, at, held_by, plan

COPY = Pointer(3, 1, "c", 10)


def test_a_claim_raises_the_epoch_and_keeps_what_was_published() -> None:
    before = replace(held_by(OTHER, plan=plan(PlanPhase.WARMING)), checkpoint=COPY, done=("o1",))
    after = leases.claim(before, ME, "n", 60)
    assert (after.epoch, after.holder, after.incarnation) == (4, "a", "inc-a")
    assert (after.checkpoint, after.done, after.plan) == (COPY, ("o1",), None)


def test_every_write_of_a_holder_moves_the_mark() -> None:
    record = held_by(ME, plan=plan(PlanPhase.QUIESCING))
    offered = leases.offer(record, "n", plan(PlanPhase.QUIESCING), COPY, "p1")
    marks = {
        record.mark,
        leases.renew(record, "n", None, 60).mark,
        leases.vacate(record, "n", COPY, None).mark,
        leases.claim(record, ME, "n", 60).mark,
    }
    assert len(marks) == 4
    assert offered.mark != record.mark
    assert (offered.state, offered.successor, offered.done) == (LeaseState.OFFERED, "b", ("p1",))


def test_vacating_keeps_the_epoch_for_the_next_claim() -> None:
    free = leases.vacate(held_by(ME), "n", COPY, "o9")
    assert (free.state, free.holder, free.epoch, free.checkpoint) == (
        LeaseState.FREE,
        None,
        3,
        COPY,
    )
    assert leases.claim(free, OTHER, "n", 60).epoch == 4


def test_giving_up_without_a_new_copy_keeps_the_old_pointer() -> None:
    record = replace(held_by(ME), checkpoint=COPY)
    assert leases.vacate(record, "n", None, None).checkpoint == COPY


def test_only_the_last_orders_are_kept() -> None:
    done: tuple[str, ...] = ()
    for number in range(9):
        done = leases.with_done(done, str(number))
    assert done == ("5", "6", "7", "8")
    assert leases.with_done(done, None) == done


@pytest.mark.parametrize("clock", ["boot", "mono", "wall"])
def test_validity_goes_by_the_clock_that_ran_most(clock: str) -> None:
    tenure = Tenure(3, at(0), TIMING.valid_s)
    now = replace(at(1), **{clock: getattr(at(0), clock) + TIMING.valid_s + 1})
    assert tenure.left_s(now) < 0


def test_a_clock_that_was_set_back_prolongs_nothing() -> None:
    tenure = Tenure(3, at(0), TIMING.valid_s)
    assert tenure.left_s(replace(at(10), wall=at(0).wall - 86_400)) == TIMING.valid_s - 10


def test_the_largest_difference_counts() -> None:
    assert Instant(10, 20, 30).since(Instant(9, 18, 33)) == 2


def test_a_watch_starts_again_when_the_holder_gives_a_sign() -> None:
    first = update_watch(None, held_by(OTHER, renewal=7), 10.0, failed=False)
    same = update_watch(first, held_by(OTHER, renewal=7), 30.0, failed=False)
    moved = update_watch(same, held_by(OTHER, renewal=8), 40.0, failed=False)
    assert (first.since_mono, same.since_mono, moved.since_mono) == (10, 10, 40)


@pytest.mark.parametrize(
    "change",
    [{"epoch": 4}, {"holder": "c"}, {"incarnation": "x"}, {"renewal": 8}],
    ids=lambda change: next(iter(change)),
)
def test_each_part_of_the_mark_counts(change: dict[str, object]) -> None:
    watch = update_watch(None, held_by(OTHER), 10.0, failed=False)
    changed = replace(held_by(OTHER), **change)  # type: ignore[arg-type]  # fields by name
    assert update_watch(watch, changed, 20.0, failed=False).since_mono == 20


def test_a_nonce_alone_is_no_sign_of_life() -> None:
    watch = update_watch(None, held_by(OTHER), 10.0, failed=False)
    other = replace(held_by(OTHER), nonce="another", paused=True)
    assert update_watch(watch, other, 20.0, failed=False).since_mono == 10


def test_the_records_ttl_counts_and_not_the_readers() -> None:
    watch = Watch(held_by(OTHER).mark, 0.0)
    longer = replace(held_by(OTHER), ttl_s=600.0)
    assert watch.stale_from_mono(longer, TIMING, rank=0) == pytest.approx(606)
    assert watch.stale_from_mono(longer, TIMING, rank=2) == pytest.approx(616)


def test_after_failed_reads_the_holder_gets_time_for_one_renewal() -> None:
    watch = Watch(held_by(OTHER).mark, 0.0)
    healed = update_watch(watch, held_by(OTHER), 500.0, failed=True)
    assert healed.since_mono == 0
    ripe = healed.stale_from_mono(held_by(OTHER), TIMING, rank=0)
    assert ripe == 500 + TIMING.renew_s + TIMING.timeout_s


def test_a_free_lease_without_a_holder_and_nothing_between() -> None:
    assert FREE.state is LeaseState.FREE
    with pytest.raises(ValueError, match="free"):
        replace(FREE, holder="a")
    with pytest.raises(ValueError, match="successor"):
        replace(held_by(ME), successor="b")
