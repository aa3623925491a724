"""The evidence of the holder's end, witness by witness, and the verdict. Pure.

Silence proves no end, and an expired lease proves none. A process that is gone proves it only
for the session that holds the lease.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from console.fleet.fleet_text import duration, table
from console.fleet.readmodel import is_silent
from console.fleet.snapshot import Reading, Snapshot
from console.text.safe_text import wrapped
from sessionlib.config import Config
from sessionlib.core.messages import Report, WorkState
from sessionlib.core.timing import DRIFT
from sessionlib.core.values import Lease, LeaseState
from sessionlib.launchers import LaunchState, LaunchStatus
from sessionlib.stores import timing_of


class LivenessVerdict(StrEnum):
    """What is to be believed of a session."""

    DEAD = "dead"
    ALIVE = "alive"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Witness:
    """What one source says. `since_s` is by `clock`, which says whose that is."""

    name: str
    says: str
    since_s: float | None
    clock: str
    verdict: LivenessVerdict


@dataclass(frozen=True, slots=True)
class WatchStart:
    """What was seen first, and how long ago by our own clock: a change since is a sign of life."""

    lease: Lease
    beat: tuple[str, int] | None
    watched_s: float


_STORES = "the store's"
_OURS = "this machine's"
_HEADS = ("WITNESS", "VERDICT", "SINCE", "CLOCK")
_LEAST_COLUMNS = 16


def required_watch_s(config: Config, snapshot: Snapshot, launched: LaunchStatus | None) -> float:
    """How long to watch for a renewal before the evidence counts; 0 for a lease that has run out.

    A holder's next renewal may be as late as one time-out, where no process is known gone.
    """
    lease = snapshot.lease.value
    if lease is None or _has_run_out(snapshot.lease, lease):
        return 0.0
    timing = timing_of(config)
    proven = launched is not None and launched.state is LaunchState.ENDED
    return timing.renew_s + (0.0 if proven else timing.timeout_s)


def begin_watch(snapshot: Snapshot, for_s: float = 0.0) -> WatchStart | None:
    """The beginning of a watch; None where there is no lease to be watched."""
    lease = snapshot.lease.value
    if lease is None:
        return None
    return WatchStart(lease, _beat(snapshot.report_of(lease.holder)), for_s)


def evidence_of(
    config: Config, snapshot: Snapshot, launched: LaunchStatus | None, watch: WatchStart | None
) -> tuple[Witness, ...]:
    """What everybody says of the session that holds the lease.

    `launched` is what this machine's launcher says of its last start of that account, None
    where there was none. `watch` is what was seen before `snapshot`.
    """
    lease = snapshot.lease.value
    if lease is None or lease.holder is None:
        why = snapshot.error or snapshot.lease.error or "nobody holds the lease"
        return (Witness("store", why, None, "-", LivenessVerdict.UNKNOWN),)
    witnesses = [_store(snapshot.lease, lease, watch)]
    if config.coordinator.url is not None:
        says = "not asked: this version doesn't ask the coordinator"
        witnesses.append(Witness("coordinator", says, None, "-", LivenessVerdict.UNKNOWN))
    witnesses.append(_launcher(lease, launched))
    witnesses.append(_report(snapshot.report_of(lease.holder), lease, watch))
    return tuple(witnesses)


def verdict_of(witnesses: Sequence[Witness]) -> LivenessVerdict:
    """Alive if anybody saw a sign of life, whatever others say; dead if an end is proven."""
    verdicts = {witness.verdict for witness in witnesses}
    if LivenessVerdict.ALIVE in verdicts:
        return LivenessVerdict.ALIVE
    return LivenessVerdict.DEAD if LivenessVerdict.DEAD in verdicts else LivenessVerdict.UNKNOWN


def proof_of(witnesses: Sequence[Witness]) -> str:
    """The first proof of the end, in words; empty without one."""
    proofs = (f"{one.name}: {one.says}" for one in witnesses if one.verdict is LivenessVerdict.DEAD)
    return next(proofs, "")


def evidence_lines(witnesses: Sequence[Witness], columns: int | None = None) -> list[str]:
    """The table that is shown before anything is asked, its last column broken to fit."""
    rows = [
        (one.name, one.verdict.value, duration(one.since_s), one.clock, one.says)
        for one in witnesses
    ]
    head, *body = table(rows, (*_HEADS, "SAYS"))
    if columns is None:
        return [head, *body]
    at = head.index("SAYS")
    broken: list[str] = []
    for row in body:
        said = wrapped(row[at:], max(columns - at, _LEAST_COLUMNS), in_column=True)
        broken += [row[:at] + said[0], *(" " * at + more for more in said[1:])]
    return [head, *broken]


def evidence_rows(witnesses: Sequence[Witness]) -> tuple[tuple[str, str, str], ...]:
    """Each witness for the dialog: its name, its verdict, and its words with their age."""
    return tuple(
        (
            one.name,
            one.verdict.value,
            one.says if one.since_s is None else f"{one.says} ({duration(one.since_s)})",
        )
        for one in witnesses
    )


def _store(seen: Reading[Lease], lease: Lease, watch: WatchStart | None) -> Witness:
    head = f"{lease.holder} holds epoch {lease.epoch}, renewal {lease.renewal}"
    if lease.state is not LeaseState.HELD:
        head = f"{lease.holder} has given the lease up ({lease.state.value})"
    verdict = LivenessVerdict.UNKNOWN
    if watch is not None and watch.lease.mark != lease.mark:
        says, verdict = f"{head}; it was renewed while it was watched", LivenessVerdict.ALIVE
    elif _has_run_out(seen, lease):
        says = f"{head}; the lease has run out, which is no proof of an end"
    elif watch is not None and watch.watched_s > 0:
        says = f"{head}; not renewed while it was watched for {duration(watch.watched_s)}"
    else:
        says = f"{head}; valid for {duration(lease.ttl_s - (seen.age_s or 0.0))}, not yet watched"
    return Witness("store", says, seen.age_s, _STORES, verdict)


def _launcher(lease: Lease, launched: LaunchStatus | None) -> Witness:
    if launched is None:
        says = f"no session of {lease.holder} was started from this machine"
        return Witness("launcher", says, None, "-", LivenessVerdict.UNKNOWN)
    clock = "-" if launched.since_s is None else _OURS
    says, verdict = launched.how, LivenessVerdict.UNKNOWN
    other = launched.session is not None and launched.session != lease.session
    if other:
        says = f"{says}; but another session than that one holds the lease"
    elif launched.state is LaunchState.RUNNING:
        verdict = LivenessVerdict.ALIVE
    elif launched.state is LaunchState.ENDED and launched.session is not None:
        verdict = LivenessVerdict.DEAD
    elif launched.state is LaunchState.ENDED:
        says = f"{says}; it can't be told whether that was the session that holds the lease"
    return Witness("launcher", says, launched.since_s, clock, verdict)


def _report(seen: Reading[Report], lease: Lease, watch: WatchStart | None) -> Witness:
    says, verdict = _judge_report(seen, lease, watch)
    return Witness("report", says, seen.age_s, "-" if seen.age_s is None else _STORES, verdict)


def _judge_report(
    seen: Reading[Report], lease: Lease, watch: WatchStart | None
) -> tuple[str, LivenessVerdict]:
    report = seen.value
    if report is None:
        return seen.error or f"{lease.holder} has never reported", LivenessVerdict.UNKNOWN
    if (report.session, report.incarnation) != (lease.session, lease.incarnation):
        return (
            "another start of it reports, not the one that holds the lease",
            LivenessVerdict.UNKNOWN,
        )
    if report.ended is not None:
        is_still = report.workload is WorkState.NONE
        says = f"its last word: ended ({report.ended}), its work {report.workload}"
        return says, LivenessVerdict.DEAD if is_still else LivenessVerdict.UNKNOWN
    if watch is not None and watch.beat is not None and watch.beat != _beat(seen):
        return "it reported again while it was watched", LivenessVerdict.ALIVE
    silent = "silent, which is no proof of an end; " if is_silent(seen) else ""
    says = f"{silent}its last word: {report.member}, work {report.workload}"
    return says, LivenessVerdict.UNKNOWN


def _has_run_out(seen: Reading[Lease], lease: Lease) -> bool:
    """By the store's clock: for showing, and for whether watching is worth while."""
    return seen.age_s is not None and seen.age_s > lease.ttl_s * (1 + DRIFT)


def _beat(seen: Reading[Report]) -> tuple[str, int] | None:
    return None if seen.value is None else (seen.value.incarnation, seen.value.beat)
