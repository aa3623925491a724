"""The case for an emergency: how long the holder is watched, and why it isn't lost yet. Pure.

The words of the witnesses are made in `evidence`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from console.errors import Refused
from console.fleet.snapshot import Snapshot
from console.orders import proposals
from console.orders.consequences import Consequences
from console.orders.evidence import (
    LivenessVerdict,
    WatchStart,
    Witness,
    begin_watch,
    evidence_of,
    proof_of,
    required_watch_s,
    verdict_of,
)
from console.orders.proposals import Proposal
from console.text.units import duration
from sessionlib.config import Config
from sessionlib.core.values import Instant
from sessionlib.launchers import LaunchStatus


@dataclass(frozen=True, slots=True)
class EmergencyCase:
    """One case: who would take over from whom, and what is known after `watched_s` of watching.

    `first` was seen at `began`, when it was opened, and `last` is the newest look.
    `required_watch_s` is how long to watch at least.
    """

    to: str
    holder: str
    first: WatchStart
    last: Snapshot
    began: Instant
    required_watch_s: float
    watched_s: float
    witnesses: tuple[Witness, ...]

    @property
    def verdict(self) -> LivenessVerdict:
        """What it comes to so far."""
        return verdict_of(self.witnesses)

    @property
    def why_not(self) -> str | None:
        """What keeps the work from being taken now; None for nothing but the operator's word."""
        if self.verdict is LivenessVerdict.ALIVE:
            return f"{self.holder} is alive: hand its work over, or stop it"
        if self.watched_s < self.required_watch_s:
            left = duration(self.required_watch_s - self.watched_s + 1)
            return f"watching {self.holder} for a sign of life, {left} more"
        return None

    def justification(self, where: str) -> str:
        """What the order rests on, in words; `where` the operator's word was given, if on that."""
        if self.verdict is LivenessVerdict.DEAD:
            return f"proof of its end ({proof_of(self.witnesses)})"
        return f"the operator's word that {self.holder} has ended, given {where}"


def open_case(
    config: Config, snapshot: Snapshot, to: str, launched: LaunchStatus | None, now: Instant
) -> EmergencyCase:
    """A new case. Raises Refused or WrongUse where there is nobody to take the work from.

    `snapshot` must be a fresh look: a renewal that was only seen late would be taken for a
    sign of life.
    """
    holder = proposals.lost_holder(config, snapshot, to)
    first = begin_watch(snapshot)
    if first is None:
        raise Refused("the lease can't be read: look again")
    need_s = required_watch_s(config, snapshot, launched)
    witnesses = evidence_of(config, snapshot, launched, first)
    return EmergencyCase(to, holder, first, snapshot, now, need_s, 0.0, witnesses)


def update_case(
    case: EmergencyCase,
    config: Config,
    snapshot: Snapshot,
    launched: LaunchStatus | None,
    now: Instant,
) -> EmergencyCase:
    """The same case after another fresh look; what can't be seen now changes nothing."""
    for_s = now.since(case.began)
    if snapshot.error is not None or snapshot.lease.value is None:
        return replace(case, watched_s=for_s)
    watch = replace(case.first, watched_s=for_s)
    witnesses = evidence_of(config, snapshot, launched, watch)
    return replace(case, last=snapshot, watched_s=for_s, witnesses=witnesses)


def propose_emergency(case: EmergencyCase, config: Config, where: str) -> Proposal:
    """The order that the case justifies. Raises Refused if it doesn't justify one."""
    if case.why_not is not None:
        raise Refused(case.why_not)
    check_lease_unchanged(case, case.last)
    return proposals.emergency(config, case.last, case.to, case.holder, case.justification(where))


def case_consequences(case: EmergencyCase, config: Config) -> Consequences:
    """The consequences of the order that the case is about, without its evidence."""
    return proposals.emergency_consequences(config, case.last, case.to, case.holder)


def check_lease_unchanged(case: EmergencyCase, now: Snapshot) -> None:
    """Return if the evidence is about the present lease. Raises Refused."""
    lease = now.lease.value
    if lease is None or lease.mark != case.first.lease.mark:
        raise Refused("the lease has changed since the evidence was shown: look again")
