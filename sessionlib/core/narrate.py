"""Which differences between two views are worth a line in the log, and its words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sessionlib.core.messages import WorkState
from sessionlib.core.values import LeaseState
from sessionlib.core.view import Member, View, member_of


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line: `level` is info, warning or error; `event` is stable, for programs."""

    level: str
    event: str
    text: str


_MEMBERS: dict[Member, tuple[str, str]] = {
    Member.STANDBY: ("info", "standing by"),
    Member.CLAIMING: ("info", "claiming the lease"),
    Member.PRIMARY: ("info", "this session is the primary"),
    Member.QUIESCING: ("info", "stopping the work"),
    Member.GIVING_UP: ("info", "giving the lease up"),
    Member.FENCED: ("error", "fenced: this session never works again"),
}


def narrate(before: View, after: View) -> Iterator[LogLine]:
    """The lines that follow from `before` having become `after`."""
    yield from _member(before, after)
    yield from _lease(before, after)
    yield from _plan(before, after)
    yield from _work(before, after)
    yield from _copies(before, after)
    if after.alarm and after.alarm != before.alarm:
        yield LogLine("warning", "alarm", after.alarm)
    if after.store_unproven != before.store_unproven:
        yield _store_check_line(after)
    if after.suspect and not before.suspect:
        yield LogLine("warning", "woke_late", "woke up late: work is held until a fresh renewal")
    for receipt in after.receipts:
        if receipt not in before.receipts:
            text = f"order {receipt.id}: {receipt.outcome}"
            yield LogLine("info", "order", f"{text}, {receipt.why}" if receipt.why else text)


def _store_check_line(after: View) -> LogLine:
    if after.store_unproven is None:
        return LogLine("info", "takeover_on", "automatic takeover is on: the store passed doctor")
    return LogLine("warning", "takeover_off", f"automatic takeover is off: {after.store_unproven}")


def _member(before: View, after: View) -> Iterator[LogLine]:
    member = member_of(after)
    if member_of(before) is member:
        return
    level, text = _MEMBERS[member]
    if member is Member.PRIMARY and after.tenure:
        text = f"{text} at epoch {after.tenure.epoch}"
    if member is Member.QUIESCING and after.leaving:
        text = f"{text}: {after.leaving}"
    yield LogLine(level, f"member_{member.value}", text)


def _lease(before: View, after: View) -> Iterator[LogLine]:
    old, new = before.lease, after.lease
    if new is None or (old is not None and (old.epoch, old.state) == (new.epoch, new.state)):
        return
    if new.holder == after.me.account and new.incarnation == after.me.incarnation:
        return
    if new.state is LeaseState.FREE:
        yield LogLine("info", "lease_free", f"the lease is free, after epoch {new.epoch}")
    elif new.state is LeaseState.OFFERED:
        text = f"{new.holder} offers the lease to {new.successor}"
        yield LogLine("info", "lease_offered", text)
    else:
        yield LogLine("info", "lease_held", f"{new.holder} holds the lease at epoch {new.epoch}")


def _plan(before: View, after: View) -> Iterator[LogLine]:
    old = before.lease.plan if before.lease else None
    new = after.lease.plan if after.lease else None
    if new is not None and (old is None or (old.id, old.phase) != (new.id, new.phase)):
        text = f"move to {new.to}: {new.phase.value} ({new.reason})"
        yield LogLine("info", f"plan_{new.phase.value}", text)


def _work(before: View, after: View) -> Iterator[LogLine]:
    old, new = before.work, after.work
    if new.error and new.error != old.error:
        yield LogLine("warning", "workload_error", new.error)
    if new.state is old.state:
        return
    level = "warning" if new.state in {WorkState.FROZEN, WorkState.BACKOFF} else "info"
    yield LogLine(level, f"workload_{new.state.value}", f"workload: {new.state.value}")


def _copies(before: View, after: View) -> Iterator[LogLine]:
    if after.data.text and after.data.ready_for != before.data.ready_for:
        yield LogLine("info", "restored", after.data.text)
    made = after.copies.published
    restored = after.data.ready_for != before.data.ready_for
    if made is not None and made != before.copies.published and not restored:
        mb = made.moved_bytes / 1e6
        text = f"checkpoint {made.pointer.name}: {mb:.1f} MB in {made.took_s:.1f} s"
        yield LogLine("info", "published", f"{text}; {made.receipt}")
    if after.fetch.have and after.fetch.have != before.fetch.have:
        yield LogLine("info", "fetched", f"checkpoint {after.fetch.have} is here and verified")
    if after.program.ready and after.program.ready != before.program.ready:
        yield LogLine("info", "prepared", f"the program is ready: {after.program.ready}")
    if after.program.why and after.program.why != before.program.why:
        yield LogLine("warning", "not_prepared", after.program.why)
