"""What a standby does: watch, and claim in its turn. Not knowing is never a reason to claim."""

from __future__ import annotations

from sessionlib.core import lease as leases
from sessionlib.core.actions import Action, AnswerOrder, Depart
from sessionlib.core.messages import Order
from sessionlib.core.orders import standby as orders
from sessionlib.core.rules.common import (
    RuleContext,
    claim,
    exit_if_stopped,
    read_lease_if_due,
    read_mailbox_if_due,
    renew,
    standby_goal,
    write_lease,
)
from sessionlib.core.rules.copying import fetch_if_due, prepare_if_due
from sessionlib.core.values import LeaseState
from sessionlib.core.view import View, WriteKind


def watch(context: RuleContext) -> tuple[Action, ...]:
    """Somebody may hold the lease, or nobody can say: read it again, claim nothing."""
    return (*_maintain_standby(context), *read_lease_if_due(context), *read_mailbox_if_due(context))


def watch_holder(context: RuleContext) -> tuple[Action, ...]:
    """Another session holds the lease. It is left to it, unless an operator says that this
    very session has ended."""
    view = context.view
    order = orders.emergency(view, view.lease) if view.lease else None
    return watch(context) if order is None else claim_now(context, order)


def claim_in_turn(context: RuleContext) -> tuple[Action, ...]:
    """The lease is free: the best ranked claims at once, each next one a step later."""
    view = context.view
    since_mono = view.watch.since_mono if view.watch else context.now.mono
    turn_mono = since_mono + context.rank * view.timing.rank_step_s
    if context.now.mono < turn_mono:
        return watch(context)
    return _claim_unless_paused(context)


def take_over(context: RuleContext) -> tuple[Action, ...]:
    """The lease has been watched out: claim it, unless the operator has paused the fleet or
    wants to be asked."""
    view, lease = context.view, context.view.lease
    if lease is None:
        return watch(context)
    emergency = orders.emergency(view, lease)
    if emergency is not None:
        return claim_now(context, emergency)
    # Past its commit point a move is ended by the next claim, which nobody has to approve.
    if view.needs_takeover_approval and lease.state is LeaseState.HELD:
        approval = orders.approval(view, lease)
        return watch(context) if approval is None else _claim_unless_paused(context, approval)
    return _claim_unless_paused(context)


def claim_now(context: RuleContext, *by: Order) -> tuple[Action, ...]:
    """The lease is for us to claim: do it, unless this session can't work."""
    if not _can_work(context):
        return watch(context)
    return (*_maintain_standby(context), *claim(context, *by), *read_mailbox_if_due(context))


def claim_offered(context: RuleContext) -> tuple[Action, ...]:
    """The lease is offered to us."""
    return claim_now(context)


def _claim_unless_paused(context: RuleContext, *by: Order) -> tuple[Action, ...]:
    lease = context.view.lease
    if lease is None or not lease.paused:
        return claim_now(context, *by)
    resumption = orders.resumption(context.view, lease)
    return watch(context) if resumption is None else claim_now(context, *by, resumption)


def adopt(context: RuleContext) -> tuple[Action, ...]:
    """The record names this incarnation: a claim of ours arrived after we had written it
    off. It counts from when it was sent, which is too long ago: renew, then serve, or give
    it up at once if this session is to end."""
    view, lease = context.view, context.view.lease
    if lease is None:
        return (standby_goal(view),)
    if _is_unsettled(view):
        return (standby_goal(view), *read_lease_if_due(context))
    if view.leaving is None:
        return (*_maintain_standby(context), *renew(context, lease.plan))
    record = leases.vacate(lease, context.nonce, None, done=view.leaving_order)
    return (standby_goal(view), *write_lease(context, WriteKind.VACATE, record))


def _is_unsettled(view: View) -> bool:
    """Whether what we sent may have arrived without its answer: on the version that we know
    all else would fail for ever."""
    return view.must_read_lease


def settle(context: RuleContext) -> tuple[Action, ...]:
    """A claim was sent and its fate isn't known: read the record back."""
    return (standby_goal(context.view), *read_lease_if_due(context))


def _can_work(context: RuleContext) -> bool:
    view = context.view
    left_s = view.remaining_s(context.now)
    return view.leaving is None and not view.fenced and left_s > view.settings.lead_s


def _maintain_standby(context: RuleContext) -> tuple[Action, ...]:
    """What every standby does beside watching: keep its workload, its program and its copy of
    the data as they should be, and go when told to or when its session ends."""
    view = context.view
    goal = standby_goal(view)
    if view.leaving is not None:
        return (goal, *exit_if_stopped(view))
    stop = orders.judge_stop(view)
    if stop is not None and stop.receipt is not None:
        return (goal, AnswerOrder(stop.receipt), Depart("stopped by order", stop.receipt.id))
    if view.remaining_s(context.now) <= 0:
        return (goal, Depart("the session's time is over"))
    judged = orders.judge(view, view.lease, can_work=_can_work(context)) if view.lease else None
    answer = (AnswerOrder(judged.receipt),) if judged is not None and judged.receipt else ()
    return (goal, *answer, *prepare_if_due(context), *fetch_if_due(context))
