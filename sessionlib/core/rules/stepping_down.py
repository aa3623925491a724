"""How a holder stops: quiesce, seal, then give the lease up in one write; always in this order.

Once the write is *sent* nothing works here until another write of ours has succeeded.
"""

from __future__ import annotations

from sessionlib.core import handover
from sessionlib.core import lease as leases
from sessionlib.core.actions import Action, AnswerOrder, Exit, Seal, StopCopying
from sessionlib.core.messages import Receipt
from sessionlib.core.orders.holder import judge_abort
from sessionlib.core.receipts import REFUSED
from sessionlib.core.rules.common import (
    DEAD,
    REST,
    RuleContext,
    exit_if_stopped,
    read_lease_if_due,
    read_mailbox_if_due,
    renew,
    renew_if_due,
    write_lease,
)
from sessionlib.core.rules.primary import departs_if_due, history_unserved, plan_of, rewrite
from sessionlib.core.values import Lease, Plan, PlanPhase
from sessionlib.core.view import DataState, View, WriteKind

SEAL_TRIES_S = 30.0
"""A session that must end gives up sealing after this long: to vacate is worth more."""


def quiesce(context: RuleContext) -> tuple[Action, ...]:
    """The lease is ours and the work is to stop: stop it, seal it, give the lease up."""
    view = context.view
    if view.lease is None:
        return (REST,)
    if view.must_read_lease:
        return (REST, *read_lease_if_due(context))
    departs = departs_if_due(context) if view.leaving is None else ()
    if departs:
        return (REST, *departs)
    aborted = _abort(context, view.lease)
    if aborted:
        return aborted
    waits = (
        ()
        if view.work.is_at_rest
        else (REST, *renew_if_due(context), *read_mailbox_if_due(context))
    )
    return waits or _seal_and_give_up(context, view.lease)


def _seal_and_give_up(context: RuleContext, lease: Lease) -> tuple[Action, ...]:
    """Nothing works any more: seal what it left, then give the lease up in one write."""
    view = context.view
    if view.data.is_sealed or not _has_data(view) or _seal_is_hopeless(context):
        return (REST, *_give_up(context, lease))
    if view.copies.under_way is not None:
        return (REST, StopCopying(), *renew_if_due(context), *read_mailbox_if_due(context))
    return (REST, *renew_if_due(context), *_seal(context), *history_unserved(context))


def quiesce_blind(context: RuleContext) -> tuple[Action, ...]:
    """The record can't be judged now: stop all the same, and read it until it can. A session that
    must end doesn't wait for long: nothing works, and the lease runs out by itself."""
    waited = _stopped_s(context) > 2 * context.view.timing.timeout_s
    gone = exit_if_stopped(context.view, code=3) if waited else ()
    return (REST, *(gone or read_lease_if_due(context)))


def give_up_again(context: RuleContext) -> tuple[Action, ...]:
    """An offer or vacate was sent, and the record still says ours: send it again."""
    view = context.view
    late = _leave_unsettled(context)
    if late or view.lease is None:
        return (REST, *late)
    if view.must_read_lease:
        return (REST, *read_lease_if_due(context))
    return (REST, *_give_up(context, view.lease))


def wait_for_word(context: RuleContext) -> tuple[Action, ...]:
    """An offer or vacate was sent and nothing is known of it: read the lease, and don't work."""
    return (REST, *(_leave_unsettled(context) or read_lease_if_due(context)))


def finish_fenced(context: RuleContext) -> tuple[Action, ...]:
    """Lost the lease: nothing of the workload may be left, then this agent ends for good."""
    view = context.view
    if not view.work.is_at_rest:
        return (DEAD,)
    return (DEAD, Exit(1, view.alarm or "the lease was lost"))


def _abort(context: RuleContext, lease: Lease) -> tuple[Action, ...]:
    """Before the commit point a plan whose successor is gone goes back to serving."""
    view = context.view
    if view.leaving is not None or lease.plan is None:
        return ()
    judged = judge_abort(view, lease, context.now)
    if judged is not None:
        answer = (AnswerOrder(judged.receipt),) if judged.receipt else ()
        return (REST, *answer, *(rewrite(context, lease, judged.rewrite) if judged.rewrite else ()))
    after = handover.advance(view, lease.plan, context.now)
    why = after.why
    if why is None and view.data.state is DataState.FAILED and not view.data.is_sealed:
        why = f"the data could not be sealed: {view.alarm}"
    if why is None:
        return ()
    sent = renew(context, None, lease.plan.id)
    answer = (AnswerOrder(Receipt(lease.plan.id, REFUSED, why)),) if sent else ()
    return (REST, *sent, *answer)


def _has_data(view: View) -> bool:
    """Whether the directory has been made ready in this tenure. What lies there of an earlier
    one lacks what others have done since: sealed, it would take the place of theirs."""
    return view.tenure is not None and view.data.ready_for == view.tenure.epoch


def _seal(context: RuleContext) -> tuple[Action, ...]:
    data = context.view.data
    waits = data.state is DataState.FAILED and context.now.mono < data.retry_mono
    if data.state is DataState.SEALING or waits or context.view.tenure is None:
        return ()
    if context.view.write is not None:
        # It may be publishing a checkpoint, and the seal has to follow on what is published.
        return ()
    base = context.view.lease.checkpoint if context.view.lease else None
    return (Seal(context.view.tenure.epoch, context.nonce, base),)


def _seal_is_hopeless(context: RuleContext) -> bool:
    view = context.view
    if view.leaving is None:
        return False
    failed = view.data.state is DataState.FAILED and _stopped_s(context) > SEAL_TRIES_S
    return failed or view.remaining_s(context.now) <= view.timing.margin_s


def _stopped_s(context: RuleContext) -> float:
    """Since when the work has been told to stop. By the clock that nobody can set: a wall clock
    put right meanwhile would make hours of it, and data be given up for it."""
    quiesced_at = context.view.quiesced_at
    return context.now.boot - quiesced_at.boot if quiesced_at else 0.0


def _give_up(context: RuleContext, lease: Lease) -> tuple[Action, ...]:
    """The commit point. To a successor if a plan got this far, else to anybody."""
    view = context.view
    plan = plan_of(lease, _stopped_s(context))
    if plan is not None and _is_awaited(context, plan):
        done = (plan.id, view.leaving_order)
        record = leases.offer(lease, context.nonce, plan, view.data.sealed, *done)
        return write_lease(context, WriteKind.OFFER, record)
    record = leases.vacate(lease, context.nonce, view.data.sealed, done=view.leaving_order)
    return write_lease(context, WriteKind.VACATE, record)


def _is_awaited(context: RuleContext, plan: Plan) -> bool:
    """Whether the plan got as far as its offer, with nothing lost and a successor that still
    reports."""
    alive = handover.advance(context.view, plan, context.now).why is None
    return plan.phase is PlanPhase.QUIESCING and context.view.data.is_sealed and alive


def _leave_unsettled(context: RuleContext) -> tuple[Action, ...]:
    """A session that must end doesn't wait for a store that doesn't answer: its work has
    stopped, and the lease runs out by itself."""
    view = context.view
    if context.now.mono - view.spent_mono <= 2 * view.timing.timeout_s:
        return ()
    return exit_if_stopped(view, code=3)
