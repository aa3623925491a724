"""What an event changes in an agent's knowledge.

Nothing is done here; `decide` looks at the result. `begun` is the other half: what is known the
moment an action starts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sessionlib.core import learn_copies as data
from sessionlib.core import peers
from sessionlib.core.actions import (
    Action,
    AnswerOrder,
    CollectGarbage,
    Copy,
    Depart,
    Fence,
    FetchAhead,
    PrepareProgram,
    ReadLease,
    ReadMailbox,
    RecordHistory,
    Restore,
    Seal,
    SuspendAutoMoves,
    WriteLease,
)
from sessionlib.core.claim_origin import claimed_by
from sessionlib.core.copies import Copies, Fetch
from sessionlib.core.events import (
    CopyEnded,
    DoorbellRang,
    Event,
    Fetched,
    HistoryRecorded,
    Late,
    LeaseRead,
    Leave,
    MailboxRead,
    ProgramPrepared,
    Restored,
    Sealed,
    WorkChanged,
    WriteAnswered,
    WriteVerdict,
)
from sessionlib.core.lease import Tenure, update_watch
from sessionlib.core.messages import Receipt, WorkState
from sessionlib.core.orders import ages
from sessionlib.core.receipts import ACTED, REFUSED, with_receipt
from sessionlib.core.values import Instant, Lease, LeaseState, Plan, PlanOrigin
from sessionlib.core.view import (
    Data,
    LeaseReadStatus,
    View,
    Write,
    WriteKind,
    is_ours,
    is_quiescing,
    named_holder,
)

UNSETTLED_KEPT = 8
ANSWERED_KEPT = 1_000


def learn(view: View, event: Event, now: Instant, chance: str) -> View:
    """The knowledge after `event`, which reached us at `now`.

    `nonce` is fresh randomness, for the new incarnation of a session that has
    given up the lease.
    """
    return _LEARN[type(event)](view, event, now, chance)


def begun(view: View, action: Action, now: Instant) -> View:
    """The knowledge once `action` is under way, so that it isn't started twice."""
    begin = _BEGIN.get(type(action))
    return begin(view, action, now) if begin else view


def _fenced(view: View, action: Fence, now: Instant) -> View:
    return replace(view, fenced=True, tenure=None, alarm=action.why)


def _departing(view: View, action: Depart, now: Instant) -> View:
    return replace(_leave(view, Leave(action.reason), now, ""), leaving_order=action.order)


_BEGIN: dict[type[Any], Callable[[View, Any, Instant], View]] = {
    ReadLease: lambda view, action, now: replace(
        view, reading_lease=True, rung_since_lease_read=False
    ),
    ReadMailbox: lambda view, action, now: replace(
        view, reading_mailbox=True, rung_since_mailbox_read=False, mailbox_read_began_boot=now.boot
    ),
    WriteLease: lambda view, action, now: _sending(view, action.write, now),
    Restore: lambda view, action, now: data.restoring(view),
    Seal: lambda view, action, now: data.sealing(view, action.token),
    Copy: data.copying,
    CollectGarbage: lambda view, action, now: data.collecting(view, action.pointer),
    FetchAhead: lambda view, action, now: data.fetching(view, action.pointer),
    PrepareProgram: lambda view, action, now: data.preparing(view),
    RecordHistory: lambda view, action, now: replace(view, recording=True),
    AnswerOrder: lambda view, action, now: with_receipt(view, action.receipt),
    Depart: _departing,
    SuspendAutoMoves: lambda view, action, now: replace(view, auto_moves_suspended=True),
    Fence: _fenced,
}


def _sending(view: View, write: Write, now: Instant) -> View:
    """A write is leaving. An offer spends the tenure *before* its fate is known:
    whatever the answer, it may arrive at any time until another write of ours has."""
    carries = _carries(write, view.lease)
    write = replace(write, carries=carries)
    view = replace(view, write=write, sent_mono=now.mono)
    if write.kind is WriteKind.CLAIM and view.lease is not None:
        return replace(view, claim_origin=claimed_by(view, view.lease, carries, now))
    if write.kind in {WriteKind.OFFER, WriteKind.VACATE} and view.spent is None:
        return replace(view, spent=write.kind, spent_mono=now.mono, carrying=carries)
    return _planning(view, write.lease.plan)


def _carries(write: Write, before: Lease | None) -> tuple[str, ...]:
    """The orders that a write carries out. A plan that a claim or a vacated lease ends isn't
    among them, though it stands in the record as done with."""
    known = before.done if before else ()
    ended = before.plan.id if before and before.plan and write.lease.plan is None else None
    by_ending = write.kind in {WriteKind.CLAIM, WriteKind.VACATE}
    return tuple(
        order
        for order in write.lease.done
        if order not in known and not (by_ending and order == ended)
    )


def _planning(view: View, plan: Plan | None) -> View:
    """What a renewal says of the plan, for as long as this tenure lasts."""
    before = view.lease.plan if view.lease else None
    if plan is not None and before is not None and plan.id == before.id and plan.to != before.to:
        view = replace(view, passed_over=view.passed_over | {before.to})
    failing = plan is not None and plan.origin is PlanOrigin.FAILING
    return replace(view, proposed=view.proposed or failing)


def _lease_read(view: View, event: LeaseRead, now: Instant, chance: str) -> View:
    view = replace(view, reading_lease=False, lease_read_mono=now.mono, must_read_lease=False)
    lease = event.lease
    if event.status is not LeaseReadStatus.SEEN or lease is None:
        return replace(
            view, lease_read_status=event.status, lease_reads_failed=True, alarm=event.why or None
        )
    if lease.epoch < view.seen_epoch:
        why = f"the lease fell from epoch {view.seen_epoch} to {lease.epoch}"
        return replace(
            view, lease_read_status=LeaseReadStatus.ROLLED_BACK, lease_reads_failed=True, alarm=why
        )
    if _is_older(lease, view.lease):
        # A stale copy, or the record was put back: until it is as new as what we know
        # nobody can say which, and writes on what we know would fail for ever.
        # It may have been kept from the holder as well, who then gets the time to renew.
        why = f"the lease is older than one seen before: renewal {lease.renewal} of its epoch"
        return replace(
            view, lease_read_status=LeaseReadStatus.ROLLED_BACK, lease_reads_failed=True, alarm=why
        )
    news = view.lease is None or lease.mark != view.lease.mark
    for order in _newly_done(view, lease):
        view = _carried_out(view, order)
    if view.signal is not None and view.signal.id in lease.done:
        # The record forgets it sooner than the file is too old.
        view = replace(view, answered=view.answered | {view.signal.id})
    watch = update_watch(view.watch, lease, now.mono, view.lease_reads_failed)
    view = replace(
        view,
        lease_read_status=LeaseReadStatus.SEEN,
        lease=lease,
        version=event.version,
        unseen_s=event.age_s if news else view.unseen_s,
        plan_since_mono=_plan_since(view, lease, now),
        watch=watch,
        lease_reads_failed=False,
        seen_epoch=lease.epoch,
        last_holder=named_holder(lease) or view.last_holder,
        alarm=None,
    )
    return _settled(view, lease, now, chance)


def _is_older(lease: Lease, known: Lease | None) -> bool:
    """Whether `lease` is an earlier state of what we know to have been written."""
    return known is not None and lease.epoch == known.epoch and lease.renewal < known.renewal


def _newly_done(view: View, lease: Lease) -> tuple[str, ...]:
    """The orders that a write of ours has carried out after all that was given up long ago."""
    if view.lease is None or not is_ours(view, lease):
        return ()
    return tuple(order for order in lease.done if order not in view.lease.done)


def _settled(view: View, lease: Lease, now: Instant, chance: str) -> View:
    """What became of our write, by the record that was read after its answer."""
    mine = [write for write in view.unsettled if write.lease.nonce == lease.nonce]
    # The others may still arrive: on a version that has moved on they can only
    # fail, and on this one they are found by the incarnation they carry.
    view = replace(view, unsettled=())
    if mine:
        return _committed(view, mine[0], now, chance)
    if view.spent is not None and not (lease.state is LeaseState.HELD and is_ours(view, lease)):
        # Given up, if by another copy of the offer than the last one sent.
        return _retired(view, chance)
    return view


def _committed(view: View, write: Write, now: Instant, chance: str) -> View:
    """`write` is known to have succeeded; the lease and version in `view` are its own."""
    view = replace(view, write=None, unsettled=())
    for order in write.carries:
        view = _carried_out(view, order)
    if write.kind in {WriteKind.OFFER, WriteKind.VACATE}:
        return _retired(view, chance)
    if view.spent is not None:
        # A renewal that is found to have succeeded after the offer was sent says
        # nothing about the offer, which may still arrive.
        return view
    if view.tenure is None:
        # Be it by its claim, or by the renewal of one that was found late.
        view = replace(
            view,
            copies=Copies(),
            passed_over=frozenset(),
            auto_moves_suspended=False,
            primary_mono=now.mono,
            served_mono=None,
        )
    view = data.published(view, write.lease.checkpoint, now)
    tenure = Tenure(write.lease.epoch, write.sent, view.timing.valid_s)
    fresh = view.suspect is None or write.sent.mono > view.suspect.mono
    view = replace(view, tenure=tenure, suspect=None if fresh else view.suspect)
    if is_quiescing(view):
        return replace(view, quiesced_at=view.quiesced_at or now)
    return replace(view, quiesced_at=None, data=data.unsealed(view.data))


def _retired(view: View, chance: str) -> View:
    """The lease was given up. Whoever goes on here is a standby under a new incarnation."""
    done = view.lease.done if view.lease else ()
    for order in view.carrying:
        lost = Receipt(order, REFUSED, "overtaken: the lease has passed on in another way")
        view = _carried_out(view, order) if order in done else with_receipt(view, lost)
    return replace(
        view,
        carrying=(),
        me=replace(view.me, incarnation=chance),
        tenure=None,
        spent=None,
        suspect=None,
        quiesced_at=None,
        write=None,
        unsettled=(),
        data=Data(),
        copies=Copies(),
        # What is here is what was sealed; as a fetched checkpoint it has yet to be verified.
        fetch=Fetch(),
        claim_origin=None,
        proposed=False,
        auto_moves_suspended=False,
        passed_over=frozenset(),
    )


def _carried_out(view: View, order: str) -> View:
    """A write that holds the order's id has succeeded. Refusing may be what was carried out."""
    return view if order in view.answered else with_receipt(view, Receipt(order, ACTED))


def _write_answered(view: View, event: WriteAnswered, now: Instant, chance: str) -> View:
    write = view.write
    if write is None or write.lease.nonce != event.nonce:
        # An answer that comes after its write was given up on: the record says what it was.
        return view
    if event.verdict is not WriteVerdict.DONE:
        # Conflict too: it may be our own earlier write that moved the version.
        # A renewal may simply be sent again, once: on the same version at most one of
        # them succeeds. That both are without an answer may have the first for its
        # reason, and on a slow store a third would fare no better: the record knows.
        again = write.kind is WriteKind.RENEW and not view.unsettled
        must_look = event.verdict is WriteVerdict.CONFLICT or not again
        return replace(
            view,
            write=None,
            unsettled=(*view.unsettled, write)[-UNSETTLED_KEPT:],
            must_read_lease=must_look or view.must_read_lease,
            lease_reads_failed=view.lease_reads_failed
            or event.verdict is not WriteVerdict.CONFLICT,
            alarm=view.alarm if event.verdict is WriteVerdict.CONFLICT else event.why,
        )
    watch = update_watch(view.watch, write.lease, now.mono, failed=False)
    view = replace(
        view,
        lease_read_status=LeaseReadStatus.SEEN,
        lease=write.lease,
        version=event.version,
        watch=watch,
        lease_reads_failed=False,
        lease_read_mono=now.mono,
        must_read_lease=False,
        seen_epoch=max(view.seen_epoch, write.lease.epoch),
        last_holder=write.lease.holder or view.last_holder,
        alarm=None,
        plan_since_mono=_plan_since(view, write.lease, now),
    )
    return _committed(view, write, now, chance)


def _plan_since(view: View, lease: Lease, now: Instant) -> float:
    before = view.lease.plan if view.lease else None
    same = (
        before is not None
        and lease.plan is not None
        and (before.id, before.phase) == (lease.plan.id, lease.plan.phase)
    )
    return view.plan_since_mono if same else now.mono


def _mailbox_read(view: View, event: MailboxRead, now: Instant, chance: str) -> View:
    view = replace(
        view,
        peers=peers.update_peers(view.peers, event.reports, now),
        orders=event.orders,
        given_boot=ages.given_boot(view, event, now),
        signal=event.signal,
        program=replace(view.program, wanted=event.bundle or view.program.wanted),
        store_unproven=view.store_unproven if event.store_check is None else event.store_check.why,
        reading_mailbox=False,
        mailbox_read_mono=now.mono,
    )
    found = {order.id for order in event.orders} | {order_id for order_id, _, _ in event.refused}
    found |= {event.signal.id} if event.signal else set()
    if len(view.answered) > ANSWERED_KEPT:
        # Not before: one that couldn't be read this time mustn't be met as a new one.
        view = replace(view, answered=view.answered & found)
    for order_id, outcome, why in event.refused:
        if order_id not in view.answered:
            view = with_receipt(view, Receipt(order_id, outcome, why))
    return view


def _work_changed(view: View, event: WorkChanged, now: Instant, chance: str) -> View:
    tenure, facts = view.tenure, event.facts
    view = replace(view, work=facts)
    serves = facts.state is WorkState.SERVING and tenure is not None and facts.epoch == tenure.epoch
    return replace(view, served_mono=now.mono) if serves and view.served_mono is None else view


def _recorded(view: View, event: HistoryRecorded, now: Instant, chance: str) -> View:
    if event.why is not None:
        again_mono = now.mono + view.timing.report_s
        return replace(view, recording=False, record_after_mono=again_mono)
    return replace(view, recording=False, recorded_epoch=event.epoch)


def _rung(view: View, event: DoorbellRang, now: Instant, chance: str) -> View:
    # A holder's next renewal tells it all that the record could, and waits for no reading.
    return replace(view, rung_since_lease_read=view.tenure is None, rung_since_mailbox_read=True)


def _late(view: View, event: Late, now: Instant, chance: str) -> View:
    if event.late_s <= view.timing.margin_s or view.tenure is None:
        return view
    return replace(view, suspect=now)


def _leave(view: View, event: Leave, now: Instant, chance: str) -> View:
    if view.leaving:
        return view
    return replace(view, leaving=event.reason, quiesced_at=view.quiesced_at or now)


_LEARN: dict[type[Any], Callable[[View, Any, Instant, str], View]] = {
    LeaseRead: _lease_read,
    WriteAnswered: _write_answered,
    MailboxRead: _mailbox_read,
    WorkChanged: _work_changed,
    Restored: lambda view, event, now, chance: data.restored(view, event, now),
    Sealed: lambda view, event, now, chance: data.sealed(view, event, now),
    CopyEnded: lambda view, event, now, chance: data.copy_ended(view, event, now),
    Fetched: lambda view, event, now, chance: data.fetched(view, event, now),
    ProgramPrepared: lambda view, event, now, chance: data.prepared(view, event, now),
    HistoryRecorded: _recorded,
    DoorbellRang: _rung,
    Late: _late,
    Leave: _leave,
}
