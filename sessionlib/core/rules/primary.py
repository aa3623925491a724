"""What the holder of the lease does: serve, renew, and move a plan on.

Renewing comes before anything that could take time.
"""

from __future__ import annotations

from dataclasses import replace

from sessionlib.core import handover, planning
from sessionlib.core.actions import (
    Action,
    AnswerOrder,
    Copy,
    Depart,
    Fence,
    RecordHistory,
    Restore,
    SuspendAutoMoves,
    WriteLease,
)
from sessionlib.core.messages import History, Receipt, WorkState
from sessionlib.core.orders import holder as orders
from sessionlib.core.orders.judged import Judgement, Rewrite
from sessionlib.core.orders.standby import judge_stop
from sessionlib.core.receipts import REFUSED
from sessionlib.core.rules.common import (
    DEAD,
    HOLD,
    RuleContext,
    holder_goal,
    read_lease_if_due,
    read_mailbox_if_due,
    renew,
    renew_if_due,
)
from sessionlib.core.rules.copying import (
    collect_if_due,
    copy_for,
    copy_if_due,
    prepare_if_due,
    publish,
)
from sessionlib.core.values import Lease, Plan, PlanOrigin
from sessionlib.core.view import ClaimOrigin, DataState


def serve(context: RuleContext) -> tuple[Action, ...]:
    """The lease is ours: keep it, keep the work going, listen to the operator."""
    view = context.view
    if view.lease is None:
        return (HOLD,)
    if view.must_read_lease:
        return (holder_goal(context), *read_lease_if_due(context))
    departs = departs_if_due(context)
    if departs:
        return (holder_goal(context), *departs)
    planned = _plan(context, view.lease)
    written = any(isinstance(action, WriteLease) for action in planned)
    return (
        holder_goal(context),
        *planned,
        *(() if written else publish(context) or renew_if_due(context)),
        *prepare_if_due(context),
        *_restore(context),
        *history_if_serving(context),
        *_copy_or_collect(context, planned),
        *read_mailbox_if_due(context),
    )


def _copy_or_collect(context: RuleContext, planned: tuple[Action, ...]) -> tuple[Action, ...]:
    """One or the other: what is being copied isn't known to the one who clears up."""
    if any(isinstance(action, Copy) for action in planned):
        return ()
    return copy_if_due(context) or collect_if_due(context)


def hold_on(context: RuleContext) -> tuple[Action, ...]:
    """The store can't be reached. The work goes on while the lease is valid, and not longer."""
    # A renewal is due for as long as none succeeds, and none does on a version that one of
    # ours, or another's claim, has moved: what has to be read comes first.
    renewal = () if context.view.must_read_lease else renew_if_due(context)
    return (
        holder_goal(context),
        *(renewal or read_lease_if_due(context)),
        *read_mailbox_if_due(context),
    )


def stop_renewing(context: RuleContext) -> tuple[Action, ...]:
    """The record is missing, unreadable or fell back: nobody can say who holds it. Writing
    over it could destroy what another one relies on, so the lease runs out in peace."""
    return (holder_goal(context), *read_lease_if_due(context))


def stop_as_fenced(context: RuleContext) -> tuple[Action, ...]:
    """Somebody else has the lease, and we didn't give it up."""
    lease = context.view.lease
    who = f"{lease.holder or 'nobody'} at epoch {lease.epoch}" if lease else "somebody else"
    return (DEAD, Fence(f"the lease was lost: {who} has it"))


def departs_if_due(context: RuleContext) -> tuple[Action, ...]:
    """Begin to leave, where an order asks this very incarnation to or its time is over."""
    view = context.view
    judged = judge_stop(view)
    if judged is not None and judged.receipt is not None:
        return (AnswerOrder(judged.receipt), Depart("stopped by order", judged.receipt.id))
    if view.remaining_s(context.now) <= view.stop_lead_s():
        return (Depart("the session's time is over"),)
    return ()


def _plan(context: RuleContext, lease: Lease) -> tuple[Action, ...]:
    """What an order, a signal or a plan asks for now: a write, an answer, or nothing."""
    view, now = context.view, context.now
    judged = orders.judge(view, lease, now)
    if judged is not None:
        return _obey(context, lease, judged)
    signalled = planning.plan_for_signal(view, lease, now)
    if signalled is not None:
        return _signalled(context, lease, *signalled)
    if lease.plan is not None:
        after = handover.advance(view, lease.plan, now)
        return () if after.plan == lease.plan else _write_plan(context, lease.plan, after)
    if lease.paused:
        return ()
    proposed = planning.plan_for_failing_workload(view, now, context.nonce)
    proposed = proposed or planning.plan_by_clock(view, lease, now, context.nonce)
    return renew(context, proposed) if proposed else ()


def _signalled(
    context: RuleContext, lease: Lease, receipt: Receipt, plan: Plan | None
) -> tuple[Action, ...]:
    """The answer to a file made by hand. One that is turned down is so for good, also for
    whoever holds the lease next and reads it while it is young."""
    if plan is not None:
        sent = renew(context, plan)
    elif receipt.outcome == REFUSED:
        sent = renew(context, lease.plan, receipt.id)
    else:
        return (AnswerOrder(receipt),)
    return (AnswerOrder(receipt), *sent) if sent else ()


def _obey(context: RuleContext, lease: Lease, judged: Judgement) -> tuple[Action, ...]:
    """The answer to an order, with the write or the copy that it leads to."""
    answer = (AnswerOrder(judged.receipt),) if judged.receipt else ()
    if judged.copies is not None:
        return (*answer, *copy_for(context, judged.copies))
    if judged.rewrite is None:
        return answer
    sent = rewrite(context, lease, judged.rewrite)
    return (*answer, *sent) if sent else ()


def rewrite(context: RuleContext, lease: Lease, change: Rewrite) -> tuple[Action, ...]:
    """The renewal that an order asks for, and the word on the plan that ends with it."""
    # What is dropped stands in the record as well: nobody may begin it again.
    sent = renew(context, change.plan, change.done, change.drops, paused=change.paused)
    if not sent or change.drops is None:
        return sent
    aborts_clock = (
        change.plan is None and lease.plan is not None and lease.plan.origin is PlanOrigin.CLOCK
    )
    hold_off = (SuspendAutoMoves(),) if aborts_clock and change.paused is None else ()
    return (*sent, AnswerOrder(Receipt(change.drops, REFUSED, change.why)), *hold_off)


def _write_plan(context: RuleContext, before: Plan, after: handover.Advance) -> tuple[Action, ...]:
    if after.plan is not None:
        return renew(context, after.plan)
    sent = renew(context, None, before.id)
    return (*sent, AnswerOrder(Receipt(before.id, REFUSED, after.why or ""))) if sent else ()


def _restore(context: RuleContext) -> tuple[Action, ...]:
    view = context.view
    if view.tenure is None or view.lease is None or view.data.ready_for == view.tenure.epoch:
        return ()
    # The directory is switched only while nothing has it open.
    open_by_work = not view.work.empty and view.work.epoch is not None
    waits = view.data.state is DataState.FAILED and context.now.mono < view.data.retry_mono
    if view.data.state is DataState.RESTORING or waits or open_by_work:
        return ()
    return (Restore(view.tenure.epoch, view.lease.checkpoint),)


def history_if_serving(context: RuleContext) -> tuple[Action, ...]:
    """The record of this tenure's beginning, once the workload serves."""
    view = context.view
    serving = view.work.state is WorkState.SERVING
    if view.tenure is None or view.claim_origin is None or not serving:
        return ()
    if view.work.epoch != view.tenure.epoch:
        return ()
    served_mono = context.now.mono if view.served_mono is None else view.served_mono
    still_s = view.claim_origin.quiet_s + served_mono - view.claim_origin.seen_mono
    return _record(context, view.claim_origin, view.tenure.epoch, still_s)


def history_unserved(context: RuleContext) -> tuple[Action, ...]:
    """The record of a tenure that ends before its workload ever served."""
    view = context.view
    if view.tenure is None or view.claim_origin is None:
        return ()
    return _record(context, view.claim_origin, view.tenure.epoch, None)


def _record(
    context: RuleContext, claimed: ClaimOrigin, epoch: int, still_s: float | None
) -> tuple[Action, ...]:
    view = context.view
    waits = view.recording or context.now.mono < view.record_after_mono
    if view.recorded_epoch == epoch or waits:
        return ()
    history = History(
        epoch=epoch,
        kind=claimed.kind,
        from_=claimed.from_,
        to=view.me.account,
        at=context.now.wall,
        # Before the first claim nothing worked, so nothing stood still.
        downtime_s=None if still_s is None or epoch == 1 else round(still_s, 3),
        reason=claimed.reason,
        plan=claimed.plan,
    )
    return (RecordHistory(history),)


def plan_of(lease: Lease, phase_s: float) -> Plan | None:
    """The plan as the offer carries it, with how long the work has been still."""
    return replace(lease.plan, quiet_s=round(phase_s, 3)) if lease.plan else None
