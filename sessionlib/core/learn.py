"""What an event changes in an agent's knowledge.

Decided here: how a reading moves the watch, how an ambiguous write is settled,
what counts as losing the lease. Nothing is done here; `decide` looks at the
result. `begun` is the other half: what is known the moment an action starts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sessionlib.core import peers
from sessionlib.core.actions import (
    Action,
    Answer,
    Depart,
    Fence,
    Look,
    Peek,
    Record,
    Restore,
    Seal,
    Send,
)
from sessionlib.core.events import (
    Event,
    Late,
    LeaseRead,
    Leave,
    Peeked,
    Recorded,
    Restored,
    Sealed,
    Verdict,
    WorkChanged,
    WriteAnswered,
)
from sessionlib.core.lease import Tenure, watched
from sessionlib.core.notes import MoveKind, Receipt
from sessionlib.core.orders import LAST_WORDS
from sessionlib.core.values import Instant, Lease, LeaseState
from sessionlib.core.view import (
    Claimed,
    Data,
    DataState,
    Sight,
    View,
    Write,
    WriteKind,
    is_ours,
    is_quiescing,
    named_holder,
)

RECEIPTS_KEPT = 8
UNSETTLED_KEPT = 8


def learn(view: View, event: Event, now: Instant, chance: str) -> View:
    """The knowledge after `event`, which reached us at `now`.

    `chance` is fresh randomness, for the new incarnation of a session that has
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
    Look: lambda view, action, now: replace(view, looking=True),
    Peek: lambda view, action, now: replace(view, peeking=True),
    Send: lambda view, action, now: _sending(view, action.write, now),
    Restore: lambda view, action, now: _data_state(view, DataState.RESTORING),
    Seal: lambda view, action, now: _sealing(view, action.token),
    Record: lambda view, action, now: replace(view, recording=True),
    Answer: lambda view, action, now: with_receipt(view, action.receipt),
    Depart: _departing,
    Fence: _fenced,
}


def _sealing(view: View, token: str) -> View:
    return replace(view, data=replace(view.data, state=DataState.SEALING, sealing=token))


def _data_state(view: View, state: DataState) -> View:
    return replace(view, data=replace(view.data, state=state))


def _sending(view: View, write: Write, now: Instant) -> View:
    """A write is leaving. An offer spends the tenure *before* its fate is known:
    whatever the answer, it may arrive at any time until another write of ours has."""
    view = replace(view, write=write, sent_mono=now.mono)
    if write.kind is WriteKind.CLAIM and view.lease is not None:
        return replace(view, claimed=_how(view, view.lease, now))
    if write.kind in {WriteKind.OFFER, WriteKind.VACATE} and view.spent is None:
        before = view.lease.done if view.lease else ()
        carrying = tuple(order for order in write.lease.done if order not in before)
        return replace(view, spent=write.kind, spent_mono=now.mono, carrying=carrying)
    plan = write.lease.plan
    ours = plan is not None and all(order.id != plan.id for order in view.orders)
    return replace(view, proposed=view.proposed or ours)


def _how(view: View, lease: Lease, now: Instant) -> Claimed:
    """What kind of move a claim on `lease` is, and since when the work has stood still."""
    seen_mono = view.watch.since_mono if view.watch else now.mono
    plan = lease.plan
    if lease.state is LeaseState.OFFERED and plan is not None and plan.to == view.me.account:
        quiet_s = plan.quiet_s + view.unseen_s
        return Claimed(MoveKind.PLANNED, lease.holder, plan.reason, plan.id, quiet_s, seen_mono)
    if lease.state is LeaseState.FREE:
        if lease.epoch == 0:
            return Claimed(MoveKind.FIRST, None, "first claim", None, 0.0, now.mono)
        reason = "vacated by its holder"
        return Claimed(MoveKind.PLANNED, view.last_holder, reason, None, view.unseen_s, seen_mono)
    reason = "the holder stopped renewing"
    return Claimed(MoveKind.TAKEOVER, named_holder(lease), reason, None, view.unseen_s, seen_mono)


def _lease_read(view: View, event: LeaseRead, now: Instant, chance: str) -> View:
    view = replace(view, looking=False, looked_mono=now.mono, must_look=False)
    lease = event.lease
    if event.sight is not Sight.SEEN or lease is None:
        return replace(view, sight=event.sight, looks_failed=True, alarm=event.why or None)
    if lease.epoch < view.seen_epoch:
        why = f"the lease fell from epoch {view.seen_epoch} to {lease.epoch}"
        return replace(view, sight=Sight.ROLLED_BACK, looks_failed=True, alarm=why)
    if _is_older(lease, view.lease):
        # A stale copy, or the record was put back: until it is as new as what we know
        # nobody can say which, and writes on what we know would fail for ever.
        why = f"the lease is older than one seen before: renewal {lease.renewal} of its epoch"
        return replace(view, sight=Sight.ROLLED_BACK, alarm=why)
    news = view.lease is None or lease.mark != view.lease.mark
    watch = watched(view.watch, lease, now.mono, view.looks_failed)
    view = replace(
        view,
        sight=Sight.SEEN,
        lease=lease,
        version=event.version,
        unseen_s=event.age_s if news else view.unseen_s,
        plan_since_mono=_plan_since(view, lease, now),
        watch=watch,
        looks_failed=False,
        seen_epoch=lease.epoch,
        last_holder=named_holder(lease) or view.last_holder,
        alarm=None,
    )
    return _settled(view, lease, now, chance)


def _is_older(lease: Lease, known: Lease | None) -> bool:
    """Whether `lease` is an earlier state of what we know to have been written."""
    return known is not None and lease.epoch == known.epoch and lease.renewal < known.renewal


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
    if write.kind in {WriteKind.OFFER, WriteKind.VACATE}:
        return _retired(view, chance)
    if view.spent is not None:
        # A renewal that is found to have succeeded after the offer was sent says
        # nothing about the offer, which may still arrive.
        return view
    tenure = Tenure(write.lease.epoch, write.sent, view.timing.valid_s)
    fresh = view.suspect is None or write.sent.mono > view.suspect.mono
    view = replace(view, tenure=tenure, suspect=None if fresh else view.suspect)
    if is_quiescing(view):
        return replace(view, quiesced_at=view.quiesced_at or now)
    return replace(view, quiesced_at=None, data=_unsealed(view.data))


def _unsealed(data: Data) -> Data:
    """The work goes on: no copy made before counts any more, nor one still being made."""
    state = DataState.IDLE if data.state is DataState.SEALING else data.state
    return replace(data, state=state, sealed=None, is_sealed=False, sealing=None)


def _retired(view: View, chance: str) -> View:
    """The lease was given up. Whoever goes on here is a standby under a new incarnation."""
    for order in view.carrying:
        view = with_receipt(view, Receipt(order, "acted"))
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
        claimed=None,
        proposed=False,
    )


def _write_answered(view: View, event: WriteAnswered, now: Instant, chance: str) -> View:
    write = view.write
    if write is None or write.lease.nonce != event.nonce:
        # An answer that comes after its write was given up on: the record says what it was.
        return view
    if event.verdict is not Verdict.DONE:
        # Conflict too: it may be our own earlier write that moved the version.
        # A renewal may simply be sent again: on the same version at most one of
        # them succeeds, and a conflict then leads to the read-back.
        must_look = event.verdict is Verdict.CONFLICT or write.kind is not WriteKind.RENEW
        return replace(
            view,
            write=None,
            unsettled=(*view.unsettled, write)[-UNSETTLED_KEPT:],
            must_look=must_look or view.must_look,
            looks_failed=view.looks_failed or event.verdict is not Verdict.CONFLICT,
            alarm=view.alarm if event.verdict is Verdict.CONFLICT else event.why,
        )
    watch = watched(view.watch, write.lease, now.mono, failed=False)
    view = replace(
        view,
        sight=Sight.SEEN,
        lease=write.lease,
        version=event.version,
        watch=watch,
        looks_failed=False,
        looked_mono=now.mono,
        must_look=False,
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


def _peeked(view: View, event: Peeked, now: Instant, chance: str) -> View:
    view = replace(
        view,
        peers=peers.met(view.peers, event.reports, now),
        orders=event.orders,
        peeking=False,
        peeked_mono=now.mono,
    )
    found = {order.id for order in event.orders} | {order_id for order_id, _, _ in event.refused}
    if found:
        view = replace(view, answered=view.answered & found)
    for order_id, outcome, why in event.refused:
        if order_id not in view.answered:
            view = with_receipt(view, Receipt(order_id, outcome, why))
    return view


def with_receipt(view: View, receipt: Receipt) -> View:
    """The view with what became of an order; the newest word on an order stands."""
    if receipt in view.receipts:
        return view
    others = tuple(known for known in view.receipts if known.id != receipt.id)
    last = {receipt.id} if receipt.outcome in LAST_WORDS else set()
    return replace(
        view, receipts=(*others, receipt)[-RECEIPTS_KEPT:], answered=view.answered | last
    )


def _work_changed(view: View, event: WorkChanged, now: Instant, chance: str) -> View:
    return replace(view, work=event.facts)


def _restored(view: View, event: Restored, now: Instant, chance: str) -> View:
    if event.why is not None:
        retry_mono = now.mono + view.timing.renew_s
        data = Data(state=DataState.FAILED, retry_mono=retry_mono)
        return replace(view, data=data, alarm=event.why)
    return replace(view, data=Data(ready_for=event.epoch))


def _sealed(view: View, event: Sealed, now: Instant, chance: str) -> View:
    if event.token != view.data.sealing:
        return view
    if event.why is not None:
        retry_mono = now.mono + view.timing.poll_fast_s
        data = replace(view.data, state=DataState.FAILED, retry_mono=retry_mono)
        return replace(view, data=data, alarm=event.why)
    data = replace(view.data, state=DataState.IDLE, sealed=event.pointer, is_sealed=True)
    return replace(view, data=data)


def _recorded(view: View, event: Recorded, now: Instant, chance: str) -> View:
    if event.why is not None:
        again_mono = now.mono + view.timing.report_s
        return replace(view, recording=False, record_after_mono=again_mono)
    return replace(view, recording=False, recorded_epoch=event.epoch)


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
    Peeked: _peeked,
    WorkChanged: _work_changed,
    Restored: _restored,
    Sealed: _sealed,
    Recorded: _recorded,
    Late: _late,
    Leave: _leave,
}
