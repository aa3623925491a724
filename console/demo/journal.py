"""The judge: what the workloads' own journals say happened.

Decided here: how downtime, overlap and lost writes follow from the ticks of all
runs. The agents' word counts for nothing here. All times are this machine's
boot-time clock, which every run on it shares.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tick:
    """One step of a workload: when, under which epoch, and the count it had saved."""

    at_s: float
    epoch: int
    count: int


@dataclass(frozen=True, slots=True)
class Tenure:
    """All ticks under one epoch, in order of time; never empty."""

    epoch: int
    account: str
    ticks: tuple[Tick, ...]

    @property
    def first(self) -> Tick:
        return self.ticks[0]

    @property
    def last(self) -> Tick:
        return self.ticks[-1]


@dataclass(frozen=True, slots=True)
class Passage:
    """What happened to the work between two tenures that follow each other."""

    before: Tenure
    after: Tenure
    downtime_s: float
    overlap_s: float
    lost_writes: int


def read_journals(folder: Path) -> list[Tenure]:
    """The tenures that the journals tell of, by epoch. A torn last line is left out."""
    found: dict[int, tuple[str, list[Tick]]] = {}
    for path in sorted(folder.glob("*.log")):
        account = path.stem.split("-", 1)[1].rsplit("-", 1)[0]
        ticks = list(_ticks(path))
        for tick in ticks:
            found.setdefault(tick.epoch, (account, []))[1].append(tick)
    return [
        Tenure(epoch, account, tuple(sorted(ticks, key=lambda tick: tick.at_s)))
        for epoch, (account, ticks) in sorted(found.items())
    ]


def _ticks(path: Path) -> Iterable[Tick]:
    for line in path.read_text().splitlines(keepends=True):
        parts = line.split()
        if line.endswith("\n") and len(parts) == 3:
            yield Tick(float(parts[0]), int(parts[1]), int(parts[2]))


def passages(tenures: Sequence[Tenure]) -> list[Passage]:
    """What happened between each tenure and the next."""
    return [_passage(before, after) for before, after in pairwise(tenures)]


def _passage(before: Tenure, after: Tenure) -> Passage:
    gap_s = after.first.at_s - before.last.at_s
    # The first count that the successor writes is one above what it was handed.
    lost = max(0, before.last.count - (after.first.count - 1))
    return Passage(before, after, max(0.0, gap_s), max(0.0, -gap_s), lost)


def overlap_s(tenures: Sequence[Tenure]) -> float:
    """For how long ticks of different epochs stand in the wrong order, over all pairs."""
    worst_s = 0.0
    latest: Tick | None = None
    for tenure in tenures:
        if latest is not None:
            worst_s += max(0.0, latest.at_s - tenure.first.at_s)
        if latest is None or tenure.last.at_s > latest.at_s:
            latest = tenure.last
    return worst_s


def longest_gap_s(tenure: Tenure) -> float:
    """The longest pause within one tenure: a freeze, or a restart."""
    gaps = [later.at_s - earlier.at_s for earlier, later in pairwise(tenure.ticks)]
    return max(gaps, default=0.0)
