"""Goal: the judge finds what it is there to find; one that can't would prove nothing.

Method: the story of a fleet as real journals on disk and versions of a lease record,
first as it should be and then with one thing wrong at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from console.demo.journal_judge import read_journals
from sessionlib.core.values import Lease, LeaseState, Pointer
from tests.chaos.rounds import Done
from tests.chaos.verdict import Judged, judge, summary
from tests.e2e.hazards.chain import Written

EVERY_S = 1.0
KILL = Done("sigkill", ("sigkill",), at_s=12.0, over_s=12.0, well_s=16.0, before=1, after=2)
Run = tuple[int, str, int, float, int]
"""Epoch, account, process, when it began, and the count it began after."""


def journal(folder: Path, run: Run, steps: int) -> None:
    """One run of the counter: ten steps a second."""
    epoch, account, pid, begin_s, count = run
    lines = [f"{begin_s + at / 10:.6f} {epoch} {count + at + 1}\n" for at in range(steps)]
    (folder / f"{epoch:06d}-{account}-{pid}.log").write_text("".join(lines))


def lease(epoch: int, holder: str, seq: int) -> Lease:
    """A renewal that published the checkpoint of that number."""
    pointer = Pointer(epoch, seq, f"{epoch}-{seq}-x", 10)
    incarnation = f"run-{holder}-{epoch}"
    return Lease(
        epoch,
        holder,
        f"session-{holder}",
        incarnation,
        renewal=seq,
        nonce=f"{epoch}-{seq}",
        ttl_s=3.5,
        state=LeaseState.HELD,
        checkpoint=pointer,
    )


def written(at_s: float, record: Lease) -> Written:
    return Written(0, at_s, record, at_s)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two seconds under epoch 1, a kill, and two under epoch 2: a tenth of a second is lost,
    which the last checkpoint hadn't got."""
    journal(tmp_path, (1, "a", 100, 10.0, 0), 21)
    journal(tmp_path, (2, "b", 200, 15.0, 20), 20)
    return tmp_path


RECORDS = [
    written(9.9, lease(1, "a", 0)),
    written(10.5, lease(1, "a", 1)),
    written(11.5, lease(1, "a", 2)),
    written(14.9, lease(2, "b", 2)),
]


def judged(folder: Path, records: Sequence[Written] = RECORDS) -> Judged:
    return judge([KILL], read_journals(folder), records, EVERY_S)


def found(folder: Path, words: str, records: Sequence[Written] = RECORDS) -> bool:
    """Whether exactly that is found wrong."""
    (violation,) = judged(folder, records).violations
    return words in violation


def test_as_it_should_be_nothing_is_found(folder: Path) -> None:
    verdict = judged(folder)
    assert verdict.violations == []
    assert (verdict.overlap_s, verdict.epochs_rise) == (0.0, True)
    assert (verdict.ordered, verdict.crash_lost_s) == (0, [0.0])
    assert verdict.downtimes == {"sigkill": [pytest.approx(3.0)]}


def test_two_sessions_that_overlap(folder: Path) -> None:
    journal(folder, (1, "a", 101, 14.5, 21), 8)
    verdict = judged(folder)
    assert verdict.overlap_s == pytest.approx(0.2)
    assert any(
        "two runs overlapped, by 0.200 s in all: a under epoch 1 until 15.200" in each
        for each in verdict.violations
    )


def test_two_runs_of_one_session_that_overlap(folder: Path) -> None:
    journal(folder, (2, "b", 201, 16.0, 30), 5)
    assert found(folder, "two runs overlapped, by 0.900 s in all: b under epoch 2 until 16.900")


def test_one_tick_after_the_successors_first(folder: Path) -> None:
    """As of a process that was frozen and thawed."""
    path = folder / "000001-a-100.log"
    path.write_text(path.read_text() + "15.000900 1 22\n")
    verdict = judged(folder)
    assert verdict.overlap_s == pytest.approx(0.0009)
    assert "two runs overlapped" in verdict.violations[0]


def test_an_epoch_that_falls(folder: Path) -> None:
    journal(folder, (1, "c", 300, 20.0, 40), 5)
    verdict = judged(folder)
    assert not verdict.epochs_rise
    assert any("an epoch that came twice, or after a higher one" in v for v in verdict.violations)


def test_a_record_whose_epoch_falls(folder: Path) -> None:
    records = [*RECORDS, written(16.0, lease(1, "a", 3))]
    assert found(folder, "the lease record showed an epoch after a higher one", records)


def test_two_holders_of_one_epoch(folder: Path) -> None:
    again = replace(lease(2, "b", 2), incarnation="another", nonce="other")
    assert found(folder, "epoch 2 had two holders", [*RECORDS, written(15.5, again)])


def test_work_under_somebody_elses_epoch(folder: Path) -> None:
    (folder / "000002-b-200.log").rename(folder / "000002-c-200.log")
    assert found(folder, "c worked under epoch 2 of another")


GIVEN_UP = {
    "offered": replace(lease(1, "a", 3), state=LeaseState.OFFERED, successor="b"),
    "vacated": replace(lease(1, "a", 3), state=LeaseState.FREE, holder=None),
}


@pytest.mark.parametrize("how", GIVEN_UP)
def test_a_write_lost_in_an_ordered_move(folder: Path, how: str) -> None:
    records = [*RECORDS[:3], written(14.0, GIVEN_UP[how]), RECORDS[3]]
    journal(folder, (2, "b", 200, 15.0, 21), 20)
    assert judged(folder, records).violations == []
    assert judged(folder, records).ordered == 1
    journal(folder, (2, "b", 200, 15.0, 20), 20)
    assert found(folder, "given up in order, and 1 writes lost", records)
    assert judged(folder, records).lost_writes == 1


def test_a_checkpoint_that_was_lost(folder: Path) -> None:
    """It was begun after 10.5 s, when six steps had been saved; five are there."""
    journal(folder, (2, "b", 200, 15.0, 6), 20)
    assert judged(folder).violations == []
    journal(folder, (2, "b", 200, 15.0, 5), 20)
    assert found(folder, "the checkpoint held count 6, and the work went on from 5")


def test_a_checkpoint_lost_by_who_made_none_itself(folder: Path) -> None:
    """What was published earlier is owed still, across a tenure that published nothing."""
    journal(folder, (3, "c", 300, 20.0, 3), 20)
    records = [*RECORDS, written(19.9, lease(3, "c", 2))]
    records = [
        replace(each, lease=replace(each.lease, checkpoint=RECORDS[2].lease.checkpoint))
        if each.lease.epoch > 1
        else each
        for each in records
    ]
    verdict = judged(folder, records)
    assert any("held count 6, and the work went on from 3" in each for each in verdict.violations)


def test_more_lost_in_a_crash_than_one_interval_and_an_upload(folder: Path) -> None:
    journal(folder, (1, "a", 100, 10.0, 0), 50)
    last = [written(10.5, lease(1, "a", 1)), written(10.6, lease(1, "a", 2))]
    records = [RECORDS[0], *last, RECORDS[3]]
    assert found(folder, "2.90 s of work lost, more than 2.00 s", records)


def test_harm_that_keeps_copies_from_being_made_is_allowed_for(folder: Path) -> None:
    journal(folder, (1, "a", 100, 10.0, 0), 50)
    records = [RECORDS[0], written(10.5, lease(1, "a", 1)), written(10.6, lease(1, "a", 2))]
    full = replace(KILL, kind="store_full", parts=("store_full",), at_s=12.0, well_s=14.0)
    verdict = judge([full], read_journals(folder), [*records, RECORDS[3]], EVERY_S)
    assert verdict.violations == []


def test_a_summary_adds_up_and_keeps_every_violation(folder: Path) -> None:
    good = judged(folder)
    journal(folder, (2, "b", 201, 16.0, 30), 5)
    bad = judged(folder)
    both = summary([good, bad])
    assert both["violations"] == bad.violations != []
    assert both["overlap_s"] == bad.overlap_s
    assert both["kinds"]["sigkill"]["count"] == 2
    assert both["crashes"]["count"] == 2
    assert summary([good, replace(bad, epochs_rise=False)])["epochs_rise"] is False
