"""Whether the workload may run at this moment: a verdict over the lease's validity; pure.

An active workload runs only under a grant of its own epoch that is still valid and was sent
after `distrusted`. That is the last moment at which what was known stopped counting: the agent
said so, or this very process had not been running. So a freeze at the deadline, a freeze by
command and one after a suspended machine wakes all end in the same way: by a good grant.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from sessionlib.core.values import Instant
from sessionlib.core.work import Mode
from sessionlib.guard.wire import LeaseGrant

TICK_S = 0.05
"""How often the clocks are looked at, at least."""


class GuardVerdict(StrEnum):
    """What is to be done with the workload."""

    IDLE = "idle"
    RUN = "run"
    FREEZE = "freeze"
    KILL = "kill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`margin_s` is how late the guard may be before it distrusts what it knows,
    `kill_after_s` how long a workload may stay frozen, and `silence_s` how long guard,
    reaper and agent wait for a word from one another."""

    margin_s: float
    kill_after_s: float
    silence_s: float

    @classmethod
    def for_margin(cls, margin_s: float, kill_after_s: float) -> Limits:
        """A silent guard has to be gone before the lease's margin is used up."""
        return cls(margin_s=margin_s, kill_after_s=kill_after_s, silence_s=min(1.0, 0.8 * margin_s))


@dataclass(frozen=True, slots=True)
class Custody:
    """All that the verdict rests on. `doomed` says why the workload must die, for good."""

    looked: Instant
    mode: Mode | None = None
    epoch: int | None = None
    grace_s: float = 0.0
    grant: LeaseGrant | None = None
    distrusted: Instant | None = None
    distrusted_why: str = ""
    frozen: Instant | None = None
    stopping: Instant | None = None
    doomed: str | None = None


def looked(custody: Custody, now: Instant, limits: Limits) -> Custody:
    """After the clocks were read. Must come before any message is acted on: what was
    sent while this process didn't run may be long out of date."""
    if now.since(custody.looked) > TICK_S + limits.margin_s:
        custody = _distrust(custody, now, "the guard had not been running")
    return replace(custody, looked=now)


def held(custody: Custody, at: Instant) -> Custody:
    """The agent no longer trusts what it sent up to `at`."""
    return _distrust(custody, at, "the agent said so")


def _distrust(custody: Custody, at: Instant, why: str) -> Custody:
    if custody.distrusted is not None and not _later(at, custody.distrusted):
        return custody
    return replace(custody, distrusted=at, distrusted_why=why)


def granted(custody: Custody, grant: LeaseGrant, now: Instant) -> Custody:
    """A lease write has succeeded. An older one than is known changes nothing, and one
    from the future is no agent's of ours: it would be valid for too long."""
    if _later(grant.sent, now) or not grant.valid_s > 0:
        return custody
    known = custody.grant
    if known is not None:
        older = grant.epoch < known.epoch
        if older or (grant.epoch == known.epoch and not _later(grant.sent, known.sent)):
            return custody
    if custody.mode is Mode.ACTIVE and custody.epoch is not None and grant.epoch > custody.epoch:
        custody = doomed(custody, f"epoch {grant.epoch} has begun")
    return replace(custody, grant=grant)


def refusal_to_spawn(custody: Custody, mode: Mode, epoch: int | None, now: Instant) -> str | None:
    """Why nothing may be started; None if it may."""
    return _objection(custody, epoch, now) if mode is Mode.ACTIVE else None


def refusal_to_activate(custody: Custody, epoch: int, now: Instant) -> str | None:
    """Why what runs may not become active; None if it may."""
    if custody.mode is not Mode.STANDBY or custody.stopping or custody.doomed:
        return "no standby runs"
    return _objection(custody, epoch, now)


def begun(custody: Custody, mode: Mode, epoch: int | None, grace_s: float) -> Custody:
    """The workload is being started. Active ones have passed `refusal`."""
    return replace(emptied(custody), mode=mode, epoch=epoch, grace_s=grace_s)


def activated(custody: Custody, epoch: int) -> Custody:
    """The standby works for effect from now on, and so under the lease."""
    return replace(custody, mode=Mode.ACTIVE, epoch=epoch)


def stopping(custody: Custody, now: Instant, kill: bool) -> Custody:
    """Its end was asked for. Asking again never lengthens the grace, and where nothing
    runs there is nothing to end."""
    if custody.mode is None:
        return custody
    if kill:
        custody = doomed(custody, "killed on demand")
    return custody if custody.stopping else replace(custody, stopping=now)


def doomed(custody: Custody, why: str) -> Custody:
    """It must die, and nothing that is heard later changes that."""
    return replace(custody, doomed=custody.doomed or why)


def emptied(custody: Custody) -> Custody:
    """Nothing is left of it; what is known of the lease stays."""
    return replace(custody, mode=None, epoch=None, frozen=None, stopping=None, doomed=None)


def judge(custody: Custody, now: Instant, limits: Limits) -> tuple[Custody, GuardVerdict, str]:
    """The verdict, why, and what to remember of it."""
    if custody.mode is None:
        return custody, GuardVerdict.IDLE, ""
    objection = None
    if custody.mode is Mode.ACTIVE:
        objection = _objection(custody, custody.epoch, now)
    custody = _remember_frozen(custody, now, objection is not None)
    sentence = custody.doomed or _sentence(custody, now, limits)
    if sentence is not None:
        return doomed(custody, sentence), GuardVerdict.KILL, sentence
    if objection is not None:
        return custody, GuardVerdict.FREEZE, objection
    return custody, GuardVerdict.RUN, ""


def _remember_frozen(custody: Custody, now: Instant, frozen: bool) -> Custody:
    if frozen is (custody.frozen is not None):
        return custody
    return replace(custody, frozen=now if frozen else None)


def _sentence(custody: Custody, now: Instant, limits: Limits) -> str | None:
    """Why the workload must die now, if it must."""
    if custody.frozen is not None:
        if custody.stopping is not None:
            # It may not run, so there is no grace in which it could still write.
            return "stopped while frozen"
        if now.since(custody.frozen) >= limits.kill_after_s:
            return f"frozen for {limits.kill_after_s:g} s"
    # By the monotonic clock: a wall clock set forward must not cut the grace short.
    if custody.stopping is not None and now.mono - custody.stopping.mono >= custody.grace_s:
        return "its grace is over"
    return None


def _objection(custody: Custody, epoch: int | None, now: Instant) -> str | None:
    """Why nothing may run for effect under `epoch` now; None if it may."""
    grant = custody.grant
    if epoch is None or grant is None or grant.epoch != epoch:
        return f"no lease of epoch {epoch} is known"
    if custody.distrusted is not None and not _later(grant.sent, custody.distrusted):
        return f"no renewal since {custody.distrusted_why}"
    if not now.since(grant.sent) < grant.valid_s:
        return "the lease's deadline has passed"
    return None


def wait_s(custody: Custody, now: Instant) -> float:
    """How long nothing need be looked at: until the deadline, or one tick."""
    if custody.mode is not Mode.ACTIVE or custody.grant is None:
        return TICK_S
    until_s = custody.grant.valid_s - now.since(custody.grant.sent)
    return min(TICK_S, until_s) if until_s > 0 else TICK_S


def _later(instant: Instant, other: Instant) -> bool:
    """By the boot-time clock, which nobody sets and which counts through suspend."""
    return instant.boot > other.boot
