"""What has happened, told by two readings of a fleet; pure.

The same two readings give the same lines, so a recording gives the same log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from console.fleet.readmodel import effective_phase
from console.fleet.snapshot import Reading, Snapshot
from console.text.units import duration, size_text
from sessionlib.core.messages import Report, WorkState
from sessionlib.core.session_phases import Phase
from sessionlib.core.values import Lease, LeaseState, PlanPhase

_GRAVE = {Phase.LOST, Phase.FENCED, Phase.EXPIRED}
_URGENT = {Phase.WARNING, Phase.HANDOVER, Phase.STARTING}
_TURNED_DOWN = {"void", "expired", "refused"}


@dataclass(frozen=True, slots=True)
class FleetEvent:
    """One line of the log. `about` is the account it concerns, if it concerns one.

    Of events with the same `topic`, one after the other, the last says it all.
    """

    text: str
    tone: str = ""
    about: str | None = None
    topic: str | None = None


def events_between(before: Snapshot | None, after: Snapshot) -> tuple[FleetEvent, ...]:
    """What `after` shows that `before` didn't. `before` is None at the first look."""
    if before is None:
        return tuple(_first(after))
    return tuple(_all(before, after))


def _first(after: Snapshot) -> Iterator[FleetEvent]:
    lease = after.lease.value
    if after.error is not None:
        yield FleetEvent(f"the store can't be reached: {after.error}", "bad")
    elif lease is None:
        yield FleetEvent("there is no lease to be read", "bad")
    else:
        yield FleetEvent(f"watching: epoch {lease.epoch}, {_holding(lease)}", "dim")


def _all(before: Snapshot, after: Snapshot) -> Iterator[FleetEvent]:
    if before.error is None and after.error is not None:
        yield FleetEvent(f"the store can't be reached: {after.error}", "bad")
    if before.error is not None and after.error is None:
        away = "" if before.answered_s is None else f" after {duration(before.answered_s)}"
        yield FleetEvent(f"the store answers again{away}", "good")
    if after.error is not None:
        return
    if before.lease != after.lease:
        yield from _of_the_lease(before, after)
    for account, seen in after.reports.items():
        yield from _of_a_report(account, before.report_of(account), seen)


def _of_the_lease(before: Snapshot, after: Snapshot) -> Iterator[FleetEvent]:
    old, new = before.lease.value, after.lease.value
    if new is None:
        if old is not None:
            yield FleetEvent(f"the lease can't be read: {after.lease.error or 'it is gone'}", "bad")
        return
    if old is None:
        yield FleetEvent(f"the lease: epoch {new.epoch}, {_holding(new)}", "dim")
        return
    if new == old:
        if _ran_out(before.lease) is False and _ran_out(after.lease):
            yield FleetEvent(f"{new.holder} hasn't renewed in time: its lease is over", "bad")
        return
    if new.epoch != old.epoch:
        yield _claimed(old, new)
    elif new.state is not old.state:
        yield FleetEvent(f"epoch {new.epoch}: {_holding(new)}", "warn", new.holder)
    yield from _of_the_plan(old, new)
    if new.paused != old.paused:
        yield FleetEvent("paused: no plans, no takeovers" if new.paused else "resumed", "warn")
    if new.checkpoint is not None and new.checkpoint != old.checkpoint:
        at = new.checkpoint
        text = f"checkpoint {at.epoch}.{at.seq} published, {size_text(at.bytes)}"
        yield FleetEvent(text, "good", topic="checkpoint")


def _claimed(old: Lease, new: Lease) -> FleetEvent:
    if new.epoch < old.epoch:
        return FleetEvent(f"the epoch fell from {old.epoch} to {new.epoch}: stop and look", "bad")
    how = "as planned" if old.state is LeaseState.OFFERED else f"taken over from {old.holder}"
    if old.state is LeaseState.FREE:
        how = "which nobody held"
    text = f"{new.holder} is the primary: epoch {new.epoch}, {how}"
    return FleetEvent(text, "good" if old.state is LeaseState.OFFERED else "warn", new.holder)


def _of_the_plan(old: Lease, new: Lease) -> Iterator[FleetEvent]:
    was, plan = old.plan, new.plan
    if plan is None:
        if was is not None and new.epoch == old.epoch:
            yield FleetEvent(f"the move to {was.to} is off: {new.holder} serves on", "warn", was.to)
        return
    if was is None or was.id != plan.id:
        why = f": {plan.reason}" if plan.reason else ""
        yield FleetEvent(f"a move to {plan.to} is planned{why}", "warn", plan.to)
    elif was.to != plan.to:
        yield FleetEvent(f"the move goes to {plan.to} now, not to {was.to}", "warn", plan.to)
    if plan.approved and (was is None or not was.approved) and was is not None:
        yield FleetEvent("the move is approved", "good", plan.to)
    if (was is None or was.phase is not plan.phase) and plan.phase is not PlanPhase.PROPOSED:
        yield FleetEvent(f"move to {plan.to}: {plan.phase.value}", "", plan.to)


def _of_a_report(account: str, old: Reading[Report], new: Reading[Report]) -> Iterator[FleetEvent]:
    was, now = effective_phase(old), effective_phase(new)
    if was is not now:
        yield _phase_event(account, now, new)
    before, after = old.value, new.value
    if after is None or before is after:
        return
    yield from _of_words(account, before, after)
    known = {(receipt.id, receipt.outcome) for receipt in before.receipts} if before else set()
    for receipt in after.receipts:
        if (receipt.id, receipt.outcome) not in known:
            tone = "bad" if receipt.outcome in _TURNED_DOWN else "dim"
            why = f": {receipt.why}" if receipt.why else ""
            yield FleetEvent(
                f"{account} on order {receipt.id}: {receipt.outcome}{why}", tone, account
            )


def _phase_event(account: str, now: Phase | None, seen: Reading[Report]) -> FleetEvent:
    if now is None:
        return FleetEvent(f"{account}: not known ({seen.error})", "bad", account)
    if now is Phase.LOST:
        return FleetEvent(f"{account} has been silent for {duration(seen.age_s)}", "bad", account)
    if now is Phase.COLD:
        ended = seen.value.ended if seen.value is not None else None
        return FleetEvent(f"{account} has ended: {ended or 'no session'}", "dim", account)
    tone = "bad" if now in _GRAVE else "warn" if now in _URGENT else "good"
    return FleetEvent(f"{account} is {now.value}", tone, account)


def _of_words(account: str, before: Report | None, after: Report) -> Iterator[FleetEvent]:
    if before is None:
        return
    if after.incarnation != before.incarnation:
        yield FleetEvent(f"{account} has started anew, as a standby", "dim", account)
    if after.workload is not before.workload:
        yield FleetEvent(f"{account}'s workload: {after.workload.value}", "", account)
    if after.readiness is not before.readiness and after.ended is None:
        yield FleetEvent(f"{account} is {after.readiness.value}", "", account)
    is_standby = after.workload in {WorkState.NONE, WorkState.WARM}
    if is_standby and after.preparing is not None and after.preparing != before.preparing:
        yield FleetEvent(
            f"{account}: {after.preparing}", "dim", account, topic=f"{account} prepares"
        )
    if after.asks is not None and after.asks != before.asks:
        yield FleetEvent(f"{account} asks for approval: {after.asks}", "warn", account)
    if after.alarm is not None and after.alarm != before.alarm:
        yield FleetEvent(f"{account} says: {after.alarm}", "bad", account)


def _holding(lease: Lease) -> str:
    if lease.state is LeaseState.FREE:
        return "held by nobody"
    if lease.state is LeaseState.OFFERED:
        return f"{lease.holder} has stopped and offers it to {lease.successor}"
    return f"held by {lease.holder}"


def _ran_out(seen: Reading[Lease]) -> bool | None:
    if seen.value is None or seen.age_s is None or seen.value.state is not LeaseState.HELD:
        return None
    return seen.age_s >= seen.value.ttl_s
