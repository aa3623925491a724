"""A cold start after every session has ended: the accounts to start, and its progress. Pure.

Each step follows from one snapshot and the launcher's status. No other state is kept, so a new
run goes on where things stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from console.errors import Refused
from console.fleet.fleet_text import ago, duration
from console.fleet.readmodel import is_running, is_valid
from console.fleet.snapshot import Snapshot
from console.orders.evidence import LivenessVerdict, evidence_of, verdict_of
from console.orders.proposals.common import require_lease
from console.text.units import size_text
from sessionlib.config import Config
from sessionlib.core.messages import Report, WorkState
from sessionlib.core.values import UNKNOWN_HOLDER, Lease, LeaseState
from sessionlib.core.view import Member
from sessionlib.launchers import LaunchState, LaunchStatus
from sessionlib.launchers.kinds import launcher_kind_of
from sessionlib.stores import timing_of


class ColdstartStep(StrEnum):
    """What a cold start goes through, in this order."""

    START = "start"
    BOOT = "boot"
    CLAIM = "claim"
    RESTORE = "restore"
    SERVICES = "services"
    DONE = "done"


STEPS: Mapping[ColdstartStep, str] = {
    ColdstartStep.START: "a session is started",
    ColdstartStep.BOOT: "its agent reports",
    ColdstartStep.CLAIM: "it claims the lease",
    ColdstartStep.RESTORE: "its data is put in place",
    ColdstartStep.SERVICES: "its workload gets ready",
    ColdstartStep.DONE: "the workload serves",
}


@dataclass(frozen=True, slots=True)
class ColdstartProgress:
    """How far things are: the step that is under way, and in words what it waits for."""

    step: ColdstartStep
    text: str

    @property
    def number(self) -> int:
        """Which of the steps it is, from 1 on."""
        return list(STEPS).index(self.step) + 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that could be started, and what speaks for and against it."""

    account: str
    launcher: str
    is_there: bool
    reasons: tuple[str, ...]


def candidates(
    config: Config, snapshot: Snapshot, launched: Mapping[str, LaunchStatus]
) -> tuple[Candidate, ...]:
    """The accounts, best first: one whose session runs already, then by priority."""
    found = [
        _candidate(config, snapshot, name, launched.get(name)) for name in config.by_priority()
    ]
    return tuple(sorted(found, key=lambda one: not one.is_there))


def account_under_way(snapshot: Snapshot) -> str | None:
    """The account that has the lease already, and whose workload has yet to serve."""
    lease = require_lease(snapshot)
    seen = snapshot.report_of(lease.holder)
    if lease.state is not LeaseState.HELD or seen.value is None or not is_running(seen):
        return None
    is_its = seen.value.incarnation == lease.incarnation
    return (
        lease.holder
        if is_its and _at_work(lease, seen.value).step is not ColdstartStep.DONE
        else None
    )


def check_needed(
    config: Config, snapshot: Snapshot, account: str | None, launched: Mapping[str, LaunchStatus]
) -> None:
    """Return where nobody but `account` is at work. Raises Refused, naming who is."""
    lease = require_lease(snapshot)
    if lease.state is not LeaseState.HELD or lease.holder in {None, UNKNOWN_HOLDER, account}:
        return
    if _is_proven_gone(config, snapshot, launched):
        return
    seen = snapshot.report_of(lease.holder)
    if is_valid(snapshot.lease):
        left_s = lease.ttl_s - (snapshot.lease.age_s or 0.0)
        raise Refused(
            f"{lease.holder} holds the lease under epoch {lease.epoch} and may be at work: it is "
            f"valid for {duration(left_s)} more. `colabvps-console status` shows whether it is "
            "renewed; if not, try again then"
        )
    if is_running(seen) and seen.value is not None and seen.value.member != Member.FENCED:
        raise Refused(
            f"{lease.holder} reports, though its lease has run out: it isn't gone. Look at its "
            f"machine and its log first, or stop it: `colabvps-console stop {lease.holder}`"
        )


def coldstart_progress(
    config: Config, snapshot: Snapshot, account: str, launched: Mapping[str, LaunchStatus]
) -> ColdstartProgress:
    """In which step an account is. `launched` is what became of the last starts from here."""
    if snapshot.error is not None:
        return ColdstartProgress(
            ColdstartStep.BOOT, f"the store can't be reached ({snapshot.error})"
        )
    lease = snapshot.lease.value
    if lease is None:
        return ColdstartProgress(
            ColdstartStep.CLAIM, f"the lease can't be read ({snapshot.lease.error or 'missing'})"
        )
    if not _is_proven_gone(config, snapshot, launched):
        other = _others_service(snapshot, lease, account)
        if other is not None:
            return other
    report = _present(snapshot, account, launched.get(account))
    if report is None:
        return _absent(account, launched.get(account))
    if (lease.holder, lease.incarnation) != (account, report.incarnation):
        return ColdstartProgress(
            ColdstartStep.CLAIM, _waiting_reason(config, snapshot, lease, report)
        )
    return _at_work(lease, report)


@dataclass(frozen=True, slots=True)
class CheckpointSummary:
    """What the store holds of the checkpoint that the lease points at: how many files, and how
    long ago it was made by the store's clock; or why that can't be read."""

    files: int = 0
    age_s: float | None = None
    error: str | None = None


def checkpoint_sentence(snapshot: Snapshot, held: CheckpointSummary) -> str:
    """What the work starts from."""
    lease = snapshot.lease.value
    if lease is None or lease.checkpoint is None:
        return "no checkpoint is published, so it begins with what its own work folder holds"
    pointer = lease.checkpoint
    name = f"checkpoint {pointer.seq} of epoch {pointer.epoch}"
    if held.error is not None:
        return f"{name}, which can't be read now ({held.error}): the start waits until it can"
    size = f"{held.files} files, {size_text(pointer.bytes)}, made {ago(held.age_s)}"
    return f"{name} ({size}); what was written after it stays in the work folder of who wrote it"


def manual_steps(config: Config, account: str) -> tuple[str, ...]:
    """What the owner of an account does that isn't started from here."""
    own = config.accounts[account]
    who = f"{own.owner} ({own.email})" if own.owner else own.email
    return (
        f"{account} is started by its own person, {who}, with their own sign-in:",
        "  1. start a session, with the fleet's store mounted and this configuration in it",
        f"  2. in it: python -m sessionlib agent --config {config.path.name} --account {account}",
        "  3. leave it running; this goes on as soon as its agent reports",
    )


def _candidate(
    config: Config, snapshot: Snapshot, account: str, launched: LaunchStatus | None
) -> Candidate:
    own, report = config.accounts[account], _present(snapshot, account, launched)
    lease = snapshot.lease.value
    is_there = report is not None or (
        launched is not None and launched.state is LaunchState.RUNNING
    )
    if report is not None and report.member == Member.FENCED:
        is_there = False
    life = f"{duration(config.lifetime_s(account))} ahead of it"
    if report is not None:
        life = f"a session runs, {duration(report.remaining_s)} left"
    elif is_there:
        life = "a session runs and has yet to report"
    by = "started from this machine"
    if not launcher_kind_of(config, account).starts:
        by = f"started by its own person, {own.owner or own.email}"
    reasons = [f"priority {own.priority}", own.role.value.replace("_", " "), life, by]
    if report is not None and report.member == Member.FENCED:
        reasons.append("fenced: its agent has to be started again")
    if lease is not None and lease.holder == account:
        reasons.append("worked last: its folder may hold what no checkpoint does")
    return Candidate(account, own.launcher, is_there, tuple(reasons))


def _present(snapshot: Snapshot, account: str, launched: LaunchStatus | None) -> Report | None:
    """The report of a session that is there now, not of one that is known to be gone."""
    seen = snapshot.report_of(account)
    report = seen.value
    if report is None or not is_running(seen):
        return None
    if launched is not None and launched.session == report.session:
        return None if launched.state is LaunchState.ENDED else report
    # Another session than the one from here: its word is all there is.
    is_ours = launched is not None and launched.state is LaunchState.RUNNING
    return None if is_ours else report


def _is_proven_gone(
    config: Config, snapshot: Snapshot, launched: Mapping[str, LaunchStatus]
) -> bool:
    """Whether the session that holds the lease has certainly ended."""
    lease = snapshot.lease.value
    of_holder = launched.get(lease.holder or "") if lease is not None else None
    return verdict_of(evidence_of(config, snapshot, of_holder, None)) is LivenessVerdict.DEAD


def _absent(account: str, launched: LaunchStatus | None) -> ColdstartProgress:
    if launched is not None and launched.state is LaunchState.RUNNING:
        return ColdstartProgress(ColdstartStep.BOOT, launched.how)
    # What isn't known to run may be started: the launcher refuses where an agent is.
    return ColdstartProgress(ColdstartStep.START, f"no session of {account} is known to be there")


def _others_service(snapshot: Snapshot, lease: Lease, account: str) -> ColdstartProgress | None:
    """What is to be said where another account was quicker."""
    holder = lease.holder
    if lease.state is not LeaseState.HELD or holder in {None, UNKNOWN_HOLDER, account}:
        return None
    report = snapshot.report_of(holder).value
    if not is_valid(snapshot.lease) or report is None or report.ended is not None:
        return None
    if (report.incarnation, report.epoch) != (lease.incarnation, lease.epoch):
        return None
    if report.workload is WorkState.SERVING and is_running(snapshot.report_of(holder)):
        return ColdstartProgress(
            ColdstartStep.DONE, f"{holder} was quicker, and serves under epoch {lease.epoch}"
        )
    return None


def _waiting_reason(config: Config, snapshot: Snapshot, lease: Lease, report: Report) -> str:
    """What a session waits for that doesn't hold the lease yet."""
    me, holder, epoch = report.account, lease.holder, lease.epoch
    patience = duration(timing_of(config).patience_s(lease.ttl_s, 0))
    valid = bool(is_valid(snapshot.lease)) and holder != me
    offered = lease.state is LeaseState.OFFERED and lease.successor != me
    reasons = (
        (
            report.member == Member.FENCED,
            f"{me} is fenced and can't claim: start its agent again",
        ),
        (lease.paused, "the fleet is paused, and nobody claims: `colabvps-console resume`"),
        (
            report.asks == f"takeover:{epoch}",
            f"{me} asks whether it may take over: `colabvps-console approve`",
        ),
        (lease.state is LeaseState.FREE, f"the lease is free; {me} claims it in its turn"),
        (offered, f"the lease is offered to {lease.successor}; {me} claims when it has run out"),
        (
            holder == UNKNOWN_HOLDER,
            f"nobody can say who worked last; {me} watches the record for {patience}",
        ),
        (valid, f"{holder} holds the lease under epoch {epoch}; {me} watches it"),
    )
    otherwise = f"{me} may claim from {holder} (epoch {epoch}) once it has watched for {patience}"
    return next((text for applies, text in reasons if applies), otherwise)


def _at_work(lease: Lease, report: Report) -> ColdstartProgress:
    account = report.account
    claimed = f"{account} has claimed epoch {lease.epoch}"
    if report.workload is WorkState.SERVING and report.epoch == lease.epoch:
        # A terminal makes a link of it, and only the agent has looked at it before.
        is_web = report.url is not None and report.url.startswith(("http://", "https://"))
        where = f", at {report.url}" if is_web else ""
        return ColdstartProgress(
            ColdstartStep.DONE, f"{account} serves under epoch {lease.epoch}{where}"
        )
    if report.workload in {WorkState.NONE, WorkState.WARM}:
        return ColdstartProgress(
            ColdstartStep.RESTORE, f"{claimed}; {report.preparing or 'its data is put in place'}"
        )
    if report.workload is WorkState.BACKOFF:
        again = f"its workload has exited {report.restarts} times, and is started again"
        return ColdstartProgress(
            ColdstartStep.SERVICES, f"{claimed}; {again}: `colabvps-console logs {account}`"
        )
    return ColdstartProgress(
        ColdstartStep.SERVICES, f"{claimed}; its workload is {report.workload}"
    )
