"""Goal: what a run comes to, by the workloads' own journals.

Method: the runs of all tenures in the order of time, and the lease record's every
version. Overlap and epochs are judged over everything there is. Between two tenures
the record as it stood at the claim says whether the work had been given up in
order, and then no write is lost; else it was a crash, and what is lost is held to
two measures. One is strict and knows no time: the last checkpoint but one of a
tenure was published before the last one was begun, so what had been written by
then is there. The other is the checkpoint interval and one upload, and the time
in which copying was kept from happening.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from statistics import quantiles
from typing import Any

from console.demo.journal_judge import (
    WorkPeriod,
    WorkTransfer,
    epochs_rise,
    overlap_s,
    work_transfers,
)
from sessionlib.core.values import LeaseState
from tests.chaos.harms import KINDS
from tests.chaos.rounds import Done
from tests.e2e.hazards.chain import Written

UPLOAD_S = 1.0
"""What one upload may take: a few bytes, but on a busy machine."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What one fleet comes to. `violations` is empty exactly if everything held."""

    downtimes: dict[str, list[float]]
    overlap_s: float
    epochs_rise: bool
    ordered: int
    lost_writes: int
    crash_lost_s: list[float]
    tenures: int
    runs: int
    violations: list[str] = field(default_factory=list)


def judge(
    done: Sequence[Done],
    tenures: Sequence[WorkPeriod],
    written: Sequence[Written],
    every_s: float,
    broken_off: Sequence[Done] = (),
) -> Judged:
    """`every_s` is the checkpoint interval, `written` every version of the lease record, and
    `broken_off` are rounds whose harm was done, but whose end wasn't seen."""
    ticks = sorted(tick.at_s for tenure in tenures for tick in tenure.ticks)
    downtimes: dict[str, list[float]] = {}
    for one in done:
        downtimes.setdefault(one.kind, []).append(_longest_gap_s(ticks, one.at_s, one.well_s))
    violations = _order(tenures, written)
    ordered = lost_writes = owed = 0
    crash_lost_s = []
    for passage in work_transfers(tenures):
        owed = max(owed, _published_count(passage.before, written))
        found, in_order = _lost(passage, owed, written, [*done, *broken_off], every_s)
        violations += found
        if in_order:
            ordered += 1
            lost_writes += passage.lost_writes
        else:
            crash_lost_s.append(passage.lost_s)
    return Judged(
        downtimes,
        overlap_s(tenures),
        epochs_rise(tenures),
        ordered,
        lost_writes,
        crash_lost_s,
        len(tenures),
        sum(len(tenure.runs) for tenure in tenures),
        violations,
    )


def _order(tenures: Sequence[WorkPeriod], written: Sequence[Written]) -> list[str]:
    """S1 and S2, by the journals and by the record."""
    found = []
    if overlap_s(tenures) > 0:
        found.append(
            f"two runs overlapped, by {overlap_s(tenures):.3f} s in all: {_where(tenures)}"
        )
    if not epochs_rise(tenures):
        found.append("the work went on under an epoch that came twice, or after a higher one")
    if any(later.lease.epoch < earlier.lease.epoch for earlier, later in pairwise(written)):
        found.append("the lease record showed an epoch after a higher one")
    holders: dict[int, set[tuple[str | None, str | None]]] = {}
    for one in written:
        if one.lease.state is not LeaseState.FREE:
            holders.setdefault(one.lease.epoch, set()).add(
                (one.lease.holder, one.lease.incarnation)
            )
    found += [
        f"epoch {epoch} had two holders: {sorted(map(str, names))}"
        for epoch, names in holders.items()
        if len(names) > 1
    ]
    strangers = [
        tenure
        for tenure in tenures
        if tenure.epoch in holders
        and tenure.account not in {account for account, _ in holders[tenure.epoch]}
    ]
    found += [f"{each.account} worked under epoch {each.epoch} of another" for each in strangers]
    return found


def _where(tenures: Sequence[WorkPeriod]) -> str:
    """The first two runs that stand where they mustn't."""
    first, last_s = tenures[0], float("-inf")
    for second, run in [(tenure, run) for tenure in tenures for run in tenure.runs]:
        if run[0].at_s < last_s:
            return (
                f"{first.account} under epoch {first.epoch} until {last_s:.3f}, "
                f"{second.account} under epoch {second.epoch} from {run[0].at_s:.3f}"
            )
        if run[-1].at_s > last_s:
            first, last_s = second, run[-1].at_s
    return ""


def _lost(
    passage: WorkTransfer,
    owed: int,
    written: Sequence[Written],
    done: Sequence[Done],
    every_s: float,
) -> tuple[list[str], bool]:
    """What is wrong with what was lost between two tenures, and whether they went in order.
    `owed` is the count that had certainly been published."""
    before, after = passage.before, passage.after
    told = f"from {before.account} under {before.epoch} to {after.account} under {after.epoch}"
    found = []
    kept = after.first.count - 1
    if kept < owed:
        found.append(f"{told}: the checkpoint held count {owed}, and the work went on from {kept}")
    in_order = _given_up(after.epoch, written)
    if in_order and passage.lost_writes:
        found.append(f"{told}: given up in order, and {passage.lost_writes} writes lost")
    most_s = every_s + UPLOAD_S + _hindered_s(passage, done)
    if not in_order and passage.lost_s > most_s:
        found.append(f"{told}: {passage.lost_s:.2f} s of work lost, more than {most_s:.2f} s")
    return found, in_order


def _given_up(epoch: int, written: Sequence[Written]) -> bool:
    """Whether the record, as it stood when `epoch` was claimed, had been offered or vacated."""
    earlier = [one.lease for one in written if one.lease.epoch < epoch]
    return bool(earlier) and earlier[-1].state is not LeaseState.HELD


def _published_count(tenure: WorkPeriod, written: Sequence[Written]) -> int:
    """The count that is certainly in what this tenure has published; 0 if that is nothing."""
    own = [one for one in written if one.lease.epoch == tenure.epoch]
    published_s = [
        later.made_s
        for earlier, later in pairwise(own)
        if later.lease.checkpoint != earlier.lease.checkpoint
    ]
    if not published_s:
        return 0
    begun = tenure.first.count - 1
    before_last_s = published_s[-2] if len(published_s) > 1 else float("-inf")
    return max([begun, *(tick.count for tick in tenure.ticks if tick.at_s <= before_last_s)])


def _hindered_s(passage: WorkTransfer, done: Sequence[Done]) -> float:
    """For how long harm that may keep copies from being made was done around a tenure's end."""
    begin_s, end_s = passage.before.first.at_s, passage.after.first.at_s
    return sum(
        max(0.0, min(end_s, one.well_s) - max(begin_s, one.at_s))
        for one in done
        if any(KINDS[part].hinders for part in one.parts)
    )


def _longest_gap_s(ticks: Sequence[float], begin_s: float, end_s: float) -> float:
    """The longest time between two ticks that harm done from `begin_s` to `end_s` fell into."""
    gaps = [
        later - earlier for earlier, later in pairwise(ticks) if later > begin_s and earlier < end_s
    ]
    return max(gaps, default=0.0)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum."""
    ordered = sorted(values)
    cuts = quantiles(ordered, n=100, method="inclusive") if len(ordered) > 1 else ordered * 99
    return {"p50": round(cuts[49], 3), "p95": round(cuts[94], 3), "max": round(ordered[-1], 3)}


def summary(fleets: Sequence[Judged]) -> dict[str, Any]:
    """All fleets together."""
    downtimes: dict[str, list[float]] = {}
    for fleet in fleets:
        for kind, values in fleet.downtimes.items():
            downtimes.setdefault(kind, []).extend(values)
    lost_s = list(chain.from_iterable(fleet.crash_lost_s for fleet in fleets))
    return {
        "kinds": {
            kind: {"count": len(values), "downtime_s": spread(values)}
            for kind, values in sorted(downtimes.items())
        },
        "tenures": sum(fleet.tenures for fleet in fleets),
        "runs": sum(fleet.runs for fleet in fleets),
        "ordered": {
            "count": sum(fleet.ordered for fleet in fleets),
            "lost_writes": sum(fleet.lost_writes for fleet in fleets),
        },
        "crashes": {"count": len(lost_s), **({"lost_s": spread(lost_s)} if lost_s else {})},
        "overlap_s": sum(fleet.overlap_s for fleet in fleets),
        "epochs_rise": all(fleet.epochs_rise for fleet in fleets),
        "violations": list(chain.from_iterable(fleet.violations for fleet in fleets)),
    }
