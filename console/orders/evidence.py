"""What is known of the holder's end, witness by witness, and what it comes to. Pure.

Decided here: what each witness can say, by whose clock, and how much that proves:
silence never proves an end, an expired lease doesn't, and a process that is gone
does so only for the session that holds the lease. Not decided here: what an
operator may do on it (`intents.emergencies`, `cli.emergency`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from console.fleet.readmodel import is_silent
from console.fleet.snapshot import Seen, Snapshot
from console.fleet.words import length, table
from console.text.safe_text import wrapped
from sessionlib.config import Config
from sessionlib.core.messages import Report, WorkState
from sessionlib.core.timing import DRIFT
from sessionlib.core.values import Lease, LeaseState
from sessionlib.launchers import LaunchState, LaunchStatus


class Verdict(StrEnum):
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
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen first, and how long ago by our own clock: a change since is a sign of life."""

    lease: Lease
    beat: tuple[str, int] | None
    for_s: float


_STORES = "the store's"
_OURS = "this machine's"
_HEADS = ("WITNESS", "VERDICT", "SINCE", "CLOCK")
_LEAST_COLUMNS = 16


def watch_s(config: Config, snapshot: Snapshot, launched: LaunchStatus | None) -> float:
    """How long to watch for a renewal before the evidence counts; 0 for a lease that has run out.

    A holder's next renewal may be as late as one time-out, where no process is known gone.
    """
    lease = snapshot.lease.value
    if lease is None or _has_run_out(snapshot.lease, lease):
        return 0.0
    timing = config.timing()
    proven = launched is not None and launched.state is LaunchState.ENDED
    return timing.renew_s + (0.0 if proven else timing.timeout_s)


def watched(snapshot: Snapshot, for_s: float = 0.0) -> Watched | None:
    """The beginning of a watch; None where there is no lease to be watched."""
    lease = snapshot.lease.value
    if lease is None:
        return None
    return Watched(lease, _beat(_holders_report(snapshot, lease)), for_s)


def evidence_of(
    config: Config, snapshot: Snapshot, launched: LaunchStatus | None, watch: Watched | None
) -> tuple[Witness, ...]:
    """What everybody says of the session that holds the lease.

    `launched` is what this machine's launcher says of its last start of that account, None
    where there was none. `watch` is what was seen before `snapshot`.
    """
    lease = snapshot.lease.value
    if lease is None or lease.holder is None:
        why = snapshot.error or snapshot.lease.error or "nobody holds the lease"
        return (Witness("store", why, None, "-", Verdict.UNKNOWN),)
    witnesses = [_store(snapshot.lease, lease, watch)]
    if config.coordinator.url is not None:
        says = "not asked: this version doesn't ask the coordinator"
        witnesses.append(Witness("coordinator", says, None, "-", Verdict.UNKNOWN))
    witnesses.append(_launcher(lease, launched))
    witnesses.append(_report(_holders_report(snapshot, lease), lease, watch))
    return tuple(witnesses)


def verdict_of(witnesses: Sequence[Witness]) -> Verdict:
    """Alive if anybody saw a sign of life, whatever others say; dead if an end is proven."""
    verdicts = {witness.verdict for witness in witnesses}
    if Verdict.ALIVE in verdicts:
        return Verdict.ALIVE
    return Verdict.DEAD if Verdict.DEAD in verdicts else Verdict.UNKNOWN


def proof_of(witnesses: Sequence[Witness]) -> str:
    """The first proof of the end, in words; empty without one."""
    proofs = (f"{one.name}: {one.says}" for one in witnesses if one.verdict is Verdict.DEAD)
    return next(proofs, "")


def evidence_lines(witnesses: Sequence[Witness], columns: int | None = None) -> list[str]:
    """The table that is shown before anything is asked, its last column broken to fit."""
    rows = [
        (one.name, one.verdict.value, length(one.since_s), one.clock, one.says) for one in witnesses
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


def _store(seen: Seen[Lease], lease: Lease, watch: Watched | None) -> Witness:
    head = f"{lease.holder} holds epoch {lease.epoch}, renewal {lease.renewal}"
    if lease.state is not LeaseState.HELD:
        head = f"{lease.holder} has given the lease up ({lease.state.value})"
    verdict = Verdict.UNKNOWN
    if watch is not None and watch.lease.mark != lease.mark:
        says, verdict = f"{head}; it was renewed while it was watched", Verdict.ALIVE
    elif _has_run_out(seen, lease):
        says = f"{head}; the lease has run out, which is no proof of an end"
    elif watch is not None and watch.for_s > 0:
        says = f"{head}; not renewed while it was watched for {length(watch.for_s)}"
    else:
        says = f"{head}; valid for {length(lease.ttl_s - (seen.age_s or 0.0))}, not yet watched"
    return Witness("store", says, seen.age_s, _STORES, verdict)


def _launcher(lease: Lease, launched: LaunchStatus | None) -> Witness:
    if launched is None:
        says = f"no session of {lease.holder} was started from this machine"
        return Witness("launcher", says, None, "-", Verdict.UNKNOWN)
    clock = "-" if launched.since_s is None else _OURS
    says, verdict = launched.how, Verdict.UNKNOWN
    other = launched.session is not None and launched.session != lease.session
    if other:
        says = f"{says}; but another session than that one holds the lease"
    elif launched.state is LaunchState.RUNNING:
        verdict = Verdict.ALIVE
    elif launched.state is LaunchState.ENDED and launched.session is not None:
        verdict = Verdict.DEAD
    elif launched.state is LaunchState.ENDED:
        says = f"{says}; it can't be told whether that was the session that holds the lease"
    return Witness("launcher", says, launched.since_s, clock, verdict)


def _report(seen: Seen[Report], lease: Lease, watch: Watched | None) -> Witness:
    says, verdict = _judged(seen, lease, watch)
    return Witness("report", says, seen.age_s, "-" if seen.age_s is None else _STORES, verdict)


def _judged(seen: Seen[Report], lease: Lease, watch: Watched | None) -> tuple[str, Verdict]:
    report = seen.value
    if report is None:
        return seen.error or f"{lease.holder} has never reported", Verdict.UNKNOWN
    if (report.session, report.incarnation) != (lease.session, lease.incarnation):
        return "another start of it reports, not the one that holds the lease", Verdict.UNKNOWN
    if report.ended is not None:
        is_still = report.workload is WorkState.NONE
        says = f"its last word: ended ({report.ended}), its work {report.workload}"
        return says, Verdict.DEAD if is_still else Verdict.UNKNOWN
    if watch is not None and watch.beat is not None and watch.beat != _beat(seen):
        return "it reported again while it was watched", Verdict.ALIVE
    silent = "silent, which is no proof of an end; " if is_silent(seen) else ""
    says = f"{silent}its last word: {report.member}, work {report.workload}"
    return says, Verdict.UNKNOWN


def _has_run_out(seen: Seen[Lease], lease: Lease) -> bool:
    """By the store's clock: for showing, and for whether watching is worth while."""
    return seen.age_s is not None and seen.age_s > lease.ttl_s * (1 + DRIFT)


def _holders_report(snapshot: Snapshot, lease: Lease) -> Seen[Report]:
    return snapshot.reports.get(lease.holder or "", Seen())


def _beat(seen: Seen[Report]) -> tuple[str, int] | None:
    return None if seen.value is None else (seen.value.incarnation, seen.value.beat)
