"""What an agent learns of data and program: restored, sealed, copied, fetched, prepared.

It also says when something that failed is tried again.
"""

from __future__ import annotations

from dataclasses import replace

from sessionlib.core.actions import Copy
from sessionlib.core.copies import Copies, Fetch
from sessionlib.core.events import CopyEnded, Fetched, ProgramPrepared, Restored, Sealed
from sessionlib.core.messages import Receipt
from sessionlib.core.receipts import REFUSED, with_receipt
from sessionlib.core.values import Instant, PlanPhase, Pointer
from sessionlib.core.view import Data, DataState, View


def restoring(view: View) -> View:
    """The data directory is being made to stand for this tenure."""
    return replace(view, data=replace(view.data, state=DataState.RESTORING))


def restored(view: View, event: Restored, now: Instant) -> View:
    """It stands, or it is tried again after a while."""
    if event.why is not None:
        retry_mono = now.mono + view.timing.renew_s
        failed = Data(state=DataState.FAILED, retry_mono=retry_mono)
        return replace(view, data=failed, alarm=event.why)
    copies = replace(view.copies, since_mono=now.mono)
    if event.made is not None:
        copies = replace(
            copies, published=event.made, published_mono=now.mono - max(0.0, event.age_s)
        )
    return replace(
        view,
        data=Data(ready_for=event.epoch, text=event.text),
        copies=copies,
        fetch=Fetch(),
        set_aside=event.aside or view.set_aside,
    )


def sealing(view: View, token: str) -> View:
    """The last copy is being made; `token` tells it from one that was asked for earlier."""
    # A checkpoint that waits to be published is overtaken by the seal.
    copies = replace(view.copies, made=None, order=None)
    data = replace(view.data, state=DataState.SEALING, sealing=token)
    return replace(view, data=data, copies=copies)


def sealed(view: View, event: Sealed, now: Instant) -> View:
    """The last copy is durable, or it is tried again soon: the work stands still for it."""
    if event.token != view.data.sealing:
        return view
    if event.why is not None:
        retry_mono = now.mono + view.timing.poll_fast_s
        data = replace(view.data, state=DataState.FAILED, retry_mono=retry_mono)
        return replace(view, data=data, alarm=event.why)
    data = replace(view.data, state=DataState.IDLE, sealed=event.pointer, is_sealed=True)
    return replace(view, data=data)


def unsealed(data: Data) -> Data:
    """The work goes on: no copy made before counts any more, nor one still being made, nor one
    that failed: that was the last move's trouble, and says nothing of the next one's."""
    seal_failed = data.state is DataState.FAILED and data.ready_for is not None
    ends = data.state is DataState.SEALING or seal_failed
    state = DataState.IDLE if ends else data.state
    return replace(data, state=state, sealed=None, is_sealed=False, sealing=None)


def copying(view: View, action: Copy, now: Instant) -> View:
    """A checkpoint is being made. For a plan that copies in rounds it is one of them."""
    copies = replace(
        view.copies,
        under_way=action.token,
        order=action.order or view.copies.order,
        since_mono=now.mono,
    )
    plan = view.lease.plan if view.lease else None
    syncing = plan is not None and plan.phase is PlanPhase.SYNCING
    if syncing and plan is not None and copies.round_plan != plan.id:
        copies = replace(copies, round_plan=plan.id, rounds=0, failures=0, is_empty=False)
    return replace(view, copies=copies)


def copy_ended(view: View, event: CopyEnded, now: Instant) -> View:
    """A checkpoint is durable and waits to be published, or couldn't be made."""
    copies = view.copies
    if event.token != copies.under_way:
        return view
    if event.why is not None:
        # Due again, or a crash would lose two intervals, but less and less often.
        retry_s = view.timing.renew_s * 2.0 ** min(copies.failures, 10)
        retry_mono = now.mono + min(view.settings.copy_every_s, retry_s)
        # Without a reason something more urgent came first, which is nothing to be told of.
        why = event.why or "the work was stopped meanwhile"
        view = _copy_failed(replace(view, alarm=event.why or view.alarm), why, retry_mono)
        return replace(view, copies=replace(view.copies, since_mono=float("-inf")))
    if event.made is None:
        view = _copy_failed(view, "there is no data to copy yet", float("-inf"))
        return replace(view, copies=replace(view.copies, is_empty=True))
    made = replace(copies, under_way=None, made=event.made, failures=0, is_empty=False)
    return replace(view, copies=made)


def _copy_failed(view: View, why: str, retry_mono: float) -> View:
    copies = view.copies
    if copies.order is not None:
        view = with_receipt(view, Receipt(copies.order, REFUSED, why))
    copies = replace(
        copies,
        under_way=None,
        order=None,
        failures=copies.failures + 1,
        retry_mono=retry_mono,
    )
    return replace(view, copies=copies)


def published(view: View, pointer: Pointer | None, now: Instant) -> View:
    """A write of ours has succeeded, and with it the checkpoint that it pointed at."""
    copies = view.copies
    if copies.made is None or copies.made.pointer != pointer:
        return view
    done: Copies = replace(
        copies,
        made=None,
        order=None,
        published=copies.made,
        published_mono=now.mono,
        rounds=copies.rounds + 1,
    )
    return replace(view, copies=done)


def collecting(view: View, pointer: Pointer) -> View:
    """What this checkpoint doesn't need is being removed: once for each."""
    return replace(view, copies=replace(view.copies, collected=pointer.name))


def fetching(view: View, pointer: Pointer) -> View:
    """A checkpoint is being brought here."""
    return replace(view, fetch=replace(view.fetch, under_way=pointer.name))


def fetched(view: View, event: Fetched, now: Instant) -> View:
    """It is here and verified, or it is tried again."""
    if event.name != view.fetch.under_way:
        return view
    if event.why is not None:
        retry_mono = now.mono + view.timing.renew_s
        return replace(
            view,
            fetch=Fetch(None, view.fetch.have, retry_mono),
            alarm=view.alarm or event.why or None,
        )
    return replace(view, fetch=Fetch(None, event.name))


def preparing(view: View) -> View:
    """The program is being fetched and set up."""
    return replace(view, program=replace(view.program, under_way=True))


def prepared(view: View, event: ProgramPrepared, now: Instant) -> View:
    """The program is here, or it is tried again."""
    if event.why is not None:
        retry_mono = now.mono + 2 * view.timing.renew_s
        program = replace(view.program, under_way=False, retry_mono=retry_mono, why=event.why)
        return replace(view, program=program)
    program = replace(view.program, under_way=False, ready=event.bundle, why=None)
    return replace(view, program=program)
