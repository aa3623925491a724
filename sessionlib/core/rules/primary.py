"""What the holder of the lease does: serve, renew, and move a plan on.

Decided here: the order of a primary's duties in one step (renewing comes before
anything that could take time), and when it begins to leave. Not decided here:
how it stops (`leaving`).
"""

from __future__ import annotations

from dataclasses import replace

from sessionlib.core import handover
from sessionlib.core.actions import Action, Answer, Depart, Fence, Record, Restore, Send
from sessionlib.core.notes import History, Receipt, WorkState
from sessionlib.core.orders import REFUSED, judge_as_holder, judge_stop
from sessionlib.core.rules.common import (
    DEAD,
    HOLD,
    Moment,
    holder_goal,
    look_if_due,
    peek_if_due,
    renew,
    renew_if_due,
)
from sessionlib.core.values import Lease, Plan
from sessionlib.core.view import Claimed, DataState


def serve(moment: Moment) -> tuple[Action, ...]:
    """The lease is ours: keep it, keep the work going, listen to the operator."""
    view = moment.view
    if view.lease is None:
        return (HOLD,)
    if view.must_look:
        return (holder_goal(moment), *look_if_due(moment))
    departs = _departs(moment)
    if departs:
        return (holder_goal(moment), *departs)
    planned = _plan(moment, view.lease)
    written = any(isinstance(action, Send) for action in planned)
    return (
        holder_goal(moment),
        *planned,
        *(() if written else renew_if_due(moment)),
        *_restore(moment),
        *history_if_serving(moment),
        *peek_if_due(moment),
    )


def hold_on(moment: Moment) -> tuple[Action, ...]:
    """The store can't be reached. The work goes on while the lease is valid, and not longer."""
    renewal = renew_if_due(moment)
    return (holder_goal(moment), *(renewal or look_if_due(moment)), *peek_if_due(moment))


def stop_renewing(moment: Moment) -> tuple[Action, ...]:
    """The record is missing, unreadable or fell back: nobody can say who holds it. Writing
    over it could destroy what another one relies on, so the lease runs out in peace."""
    return (holder_goal(moment), *look_if_due(moment))


def stop_as_fenced(moment: Moment) -> tuple[Action, ...]:
    """Somebody else has the lease, and we didn't give it up."""
    lease = moment.view.lease
    who = f"{lease.holder or 'nobody'} at epoch {lease.epoch}" if lease else "somebody else"
    return (DEAD, Fence(f"the lease was lost: {who} has it"))


def _departs(moment: Moment) -> tuple[Action, ...]:
    view = moment.view
    judged = judge_stop(view)
    if judged is not None:
        return (Answer(judged.receipt), Depart("stopped by order", judged.receipt.id))
    if view.remaining_s(moment.now) <= view.settings.lead_s:
        return (Depart("the session's time is over"),)
    return ()


def _plan(moment: Moment, lease: Lease) -> tuple[Action, ...]:
    """The next write that a plan or an order asks for, or nothing."""
    view, now = moment.view, moment.now
    judged = judge_as_holder(view, lease, now)
    if judged is not None:
        answer = Answer(judged.receipt)
        if judged.plan is None:
            return (answer,)
        sent = renew(moment, judged.plan)
        return (answer, *sent) if sent else ()
    if lease.plan is None:
        proposed = handover.failing_workload(view, now, moment.chance)
        return renew(moment, proposed) if proposed else ()
    after = handover.advance(view, lease.plan, now)
    if after.plan == lease.plan:
        return ()
    return _write_plan(moment, lease.plan, after)


def _write_plan(moment: Moment, before: Plan, after: handover.Advance) -> tuple[Action, ...]:
    if after.plan is not None:
        return renew(moment, after.plan)
    sent = renew(moment, None, done=before.id)
    return (*sent, Answer(Receipt(before.id, REFUSED, after.why or ""))) if sent else ()


def _restore(moment: Moment) -> tuple[Action, ...]:
    view = moment.view
    if view.tenure is None or view.lease is None or view.data.ready_for == view.tenure.epoch:
        return ()
    # The directory is switched only while nothing has it open.
    open_by_work = not view.work.empty and view.work.epoch is not None
    waits = view.data.state is DataState.FAILED and moment.now.mono < view.data.retry_mono
    if view.data.state is DataState.RESTORING or waits or open_by_work:
        return ()
    return (Restore(view.tenure.epoch, view.lease.checkpoint),)


def history_if_serving(moment: Moment) -> tuple[Action, ...]:
    """The record of this tenure's beginning, once the workload serves."""
    view = moment.view
    serving = view.work.state is WorkState.SERVING
    if view.tenure is None or view.claimed is None or not serving:
        return ()
    if view.work.epoch != view.tenure.epoch:
        return ()
    still_s = view.claimed.quiet_s + moment.now.mono - view.claimed.seen_mono
    return _record(moment, view.claimed, view.tenure.epoch, still_s)


def history_unserved(moment: Moment) -> tuple[Action, ...]:
    """The record of a tenure that ends before its workload ever served."""
    view = moment.view
    if view.tenure is None or view.claimed is None:
        return ()
    return _record(moment, view.claimed, view.tenure.epoch, None)


def _record(
    moment: Moment, claimed: Claimed, epoch: int, still_s: float | None
) -> tuple[Action, ...]:
    view = moment.view
    waits = view.recording or moment.now.mono < view.record_after_mono
    if view.recorded_epoch == epoch or waits:
        return ()
    history = History(
        epoch=epoch,
        kind=claimed.kind,
        from_=claimed.from_,
        to=view.me.account,
        at=moment.now.wall,
        # Before the first claim nothing worked, so nothing stood still.
        downtime_s=None if still_s is None or epoch == 1 else round(still_s, 3),
        reason=claimed.reason,
        plan=claimed.plan,
    )
    return (Record(history),)


def plan_of(lease: Lease, phase_s: float) -> Plan | None:
    """The plan as the offer carries it, with how long the work has been still."""
    return replace(lease.plan, quiet_s=round(phase_s, 3)) if lease.plan else None
