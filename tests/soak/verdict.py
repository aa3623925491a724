"""Goal: what a soak comes to, by the workloads' own journal.

Method: the runs of all tenures in the order of time; a mishap's downtime is the
gap between the last run that began before it and the first that began after.
Overlap, epochs and lost writes are judged over everything there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from statistics import quantiles
from typing import Any

from console.demo.journal import Passage, Tenure, Tick, epochs_rise, overlap_s, passages
from tests.soak.mishaps import KEEPS_THE_LEASE, MISHAPS, Done

IN_ORDER = {"planned", "sigterm"}
"""Mishaps in which the work is sealed before it goes."""
CRASHES = {"sigkill", "sigstop", "agent_and_guard"}
"""Mishaps in which it is lost as far back as the last checkpoint."""
UPLOAD_S = 1.0
"""What one upload may take: a few bytes, but on a busy machine."""
WORKS_ON = {"sigstop"}
"""Mishaps after which the work goes on to the lease's deadline, with nobody to copy it."""


def summary(
    done: Sequence[Done], tenures: Sequence[Tenure], every_s: float, ttl_s: float
) -> dict[str, Any]:
    """All figures. `violations` is empty exactly if everything held; `every_s` is the
    checkpoint interval, which with one upload bounds what a crash may lose."""
    runs = sorted(chain.from_iterable(t.runs for t in tenures), key=lambda run: run[0].at_s)
    gone = {p.after.epoch: p for p in passages(tenures)}
    epochs = [one.after.epoch for one in done]
    kinds = {kind: _kind([one for one in done if one.kind == kind], runs, gone) for kind in MISHAPS}
    overlapped_s = overlap_s(tenures)
    rising = epochs_rise(tenures) and epochs == sorted(epochs)
    violations = []
    if overlapped_s > 0:
        violations.append(f"two runs overlapped, by {overlapped_s:.3f} s in all")
    if not rising:
        violations.append("an epoch came twice, or after a higher one")
    violations += [
        f"{kind}: {kinds[kind]['lost_writes']} writes lost"
        for kind in sorted(IN_ORDER)
        if kinds[kind].get("lost_writes")
    ]
    violations += [
        f"{kind}: {kinds[kind]['lost_s']['max']} s of work lost"
        for kind in sorted(CRASHES)
        if kinds[kind].get("lost_s", {"max": 0.0})["max"]
        > every_s + UPLOAD_S + (ttl_s if kind in WORKS_ON else 0.0)
    ]
    return {
        "every_s": every_s,
        "kinds": kinds,
        "tenures": len(tenures),
        "runs": len(runs),
        "overlap_s": overlapped_s,
        "epochs_rise": rising,
        "violations": violations,
    }


def _kind(
    done: Sequence[Done], runs: Sequence[tuple[Tick, ...]], gone: dict[int, Passage]
) -> dict[str, Any]:
    figures: dict[str, Any] = {"count": len(done)}
    if not done:
        return figures
    figures["downtime_s"] = spread([_downtime_s(one, runs) for one in done])
    rises = [one.after.epoch - one.before.epoch for one in done]
    expected = 0 if done[0].kind in KEEPS_THE_LEASE else 1
    # More epochs than a mishap explains cost downtime, but never safety.
    figures["extra_epochs"] = sum(rise - expected for rise in rises)
    clean = [
        gone[one.after.epoch]
        for one, rise in zip(done, rises, strict=True)
        if rise == expected and one.after.epoch in gone
    ]
    if done[0].kind in IN_ORDER:
        figures["lost_writes"] = sum(passage.lost_writes for passage in clean)
    if done[0].kind in CRASHES and clean:
        figures["lost_s"] = spread([passage.lost_s for passage in clean])
    return figures


def _downtime_s(one: Done, runs: Sequence[tuple[Tick, ...]]) -> float:
    before = max(run[-1].at_s for run in runs if run[0].at_s <= one.at_s)
    after = min(run[0].at_s for run in runs if run[0].at_s > one.at_s)
    return max(0.0, after - before)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum."""
    ordered = sorted(values)
    cuts = quantiles(ordered, n=100, method="inclusive") if len(ordered) > 1 else ordered * 99
    return {"p50": round(cuts[49], 3), "p95": round(cuts[94], 3), "max": round(ordered[-1], 3)}
