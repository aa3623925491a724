"""The judge: what the workloads' own journals say happened. The agents' word counts for nothing.

Downtime, overlap and lost writes follow from the steps of all runs. All times are this machine's
boot-time clock, which every run on it shares. Two runs must not overlap, not even under one epoch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tick:
    """One step of a workload: when, under which epoch, and the count it had saved."""

    at_s: float
    epoch: int
    count: int


@dataclass(frozen=True, slots=True)
class WorkPeriod:
    """All ticks of one account under one epoch, in order of time, and run by run; never empty."""

    epoch: int
    account: str
    ticks: tuple[Tick, ...]
    runs: tuple[tuple[Tick, ...], ...]

    @property
    def first(self) -> Tick:
        return self.ticks[0]

    @property
    def last(self) -> Tick:
        return self.ticks[-1]


@dataclass(frozen=True, slots=True)
class WorkTransfer:
    """What happened to the work between two tenures that follow each other."""

    before: WorkPeriod
    after: WorkPeriod
    downtime_s: float
    overlap_s: float
    lost_writes: int
    lost_s: float
    """How long the work that was lost had taken."""


def read_journals(folder: Path) -> list[WorkPeriod]:
    """The tenures that the journals tell of, by epoch. A torn last line is left out."""
    found: dict[tuple[int, str], list[tuple[Tick, ...]]] = {}
    for path in sorted(folder.glob("*.log")):
        account = path.stem.split("-", 1)[1].rsplit("-", 1)[0]
        by_epoch: dict[int, list[Tick]] = {}
        for tick in _ticks(path):
            by_epoch.setdefault(tick.epoch, []).append(tick)
        for epoch, ticks in by_epoch.items():
            found.setdefault((epoch, account), []).append(_in_time(ticks))
    return [
        WorkPeriod(
            epoch, account, _in_time(chain.from_iterable(runs)), tuple(sorted(runs, key=_begin))
        )
        for (epoch, account), runs in sorted(found.items())
    ]


def _in_time(ticks: Iterable[Tick]) -> tuple[Tick, ...]:
    return tuple(sorted(ticks, key=lambda tick: tick.at_s))


def _begin(run: tuple[Tick, ...]) -> float:
    return run[0].at_s


def _ticks(path: Path) -> Iterable[Tick]:
    for line in path.read_text().splitlines(keepends=True):
        parts = line.split()
        if line.endswith("\n") and len(parts) == 3:
            yield Tick(float(parts[0]), int(parts[1]), int(parts[2]))


def work_transfers(tenures: Sequence[WorkPeriod]) -> list[WorkTransfer]:
    """What happened between each tenure and the next."""
    return [_passage(before, after) for before, after in pairwise(tenures)]


def _passage(before: WorkPeriod, after: WorkPeriod) -> WorkTransfer:
    gap_s = after.first.at_s - before.last.at_s
    # The first count that the successor writes is one above what it was handed.
    kept = after.first.count - 1
    lost = [tick for tick in before.ticks if tick.count > kept]
    # The writes are counted, and not the ticks: one of them may be missing from the journal.
    writes = max(0, before.last.count - kept)
    lost_s = before.last.at_s - lost[0].at_s if lost else 0.0
    return WorkTransfer(before, after, max(0.0, gap_s), max(0.0, -gap_s), writes, lost_s)


def overlap_s(tenures: Sequence[WorkPeriod]) -> float:
    """For how long ticks stand where they mustn't, over all runs: after the beginning of a
    later run of the same tenure, or of any run under a higher epoch."""
    sum_s = 0.0
    latest_s = float("-inf")
    for run in chain.from_iterable(tenure.runs for tenure in tenures):
        sum_s += max(0.0, latest_s - run[0].at_s)
        latest_s = max(latest_s, run[-1].at_s)
    return sum_s


def epochs_rise(tenures: Iterable[WorkPeriod]) -> bool:
    """Whether each tenure, in the order in which they began, has a higher epoch than all before."""
    begun = sorted(tenures, key=lambda tenure: tenure.first.at_s)
    return all(earlier.epoch < later.epoch for earlier, later in pairwise(begun))


def longest_gap_s(tenure: WorkPeriod) -> float:
    """The longest pause within one tenure: a freeze, or a restart."""
    gaps = [later.at_s - earlier.at_s for earlier, later in pairwise(tenure.ticks)]
    return max(gaps, default=0.0)
