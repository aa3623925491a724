"""The workloads' journals, by which demonstrations and tests are judged."""

from __future__ import annotations

from console.demo.journal_judge import (
    WorkPeriod,
    epochs_rise,
    longest_gap_s,
    overlap_s,
    read_journals,
    work_transfers,
)
from tests.fuzz.target import Target
from tests.fuzz.targets.homes import spot


def _journal(data: bytes) -> list[WorkPeriod]:
    folder = spot() / "journals"
    folder.mkdir(exist_ok=True)
    (folder / "count-a-1.log").write_bytes(data)
    return read_journals(folder)


def _journal_holds(tenures: list[WorkPeriod]) -> None:
    assert all(tenure.runs and all(tenure.runs) for tenure in tenures)
    assert all(longest_gap_s(tenure) >= 0 for tenure in tenures)
    assert overlap_s(tenures) >= 0
    assert all(passage.lost_writes >= 0 for passage in work_transfers(tenures))
    epochs_rise(tenures)


TARGETS = (
    Target(
        "journal",
        "console.demo.journal_judge",
        _journal,
        (ValueError,),
        _journal_holds,
        longest=256,
        longest_reason=2_000,
    ),
)
