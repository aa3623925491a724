"""What a standby does: watch, and claim when the lease may be claimed.

Decided here: patience, turns, and that not knowing is never a reason to claim.
"""

from __future__ import annotations

from sessionlib.core import lease as leases
from sessionlib.core.actions import Action, Answer, Depart
from sessionlib.core.messages import Order
from sessionlib.core.orders import standby as orders
from sessionlib.core.rules.common import (
    Moment,
    claim,
    leave_if_stopped,
    look_if_due,
    peek_if_due,
    renew,
    send,
    standby_goal,
)
from sessionlib.core.rules.copying import fetch_if_due, prepare_if_due
from sessionlib.core.values import LeaseState
from sessionlib.core.view import View, WriteKind


def watch(moment: Moment) -> tuple[Action, ...]:
    """Somebody may hold the lease, or nobody can say: look again, claim nothing."""
    return (*_tend(moment), *look_if_due(moment), *peek_if_due(moment))


def watch_holder(moment: Moment) -> tuple[Action, ...]:
    """Another session holds the lease. It is left to it, unless an operator says that this
    very session has ended."""
    view = moment.view
    order = orders.emergency(view, view.lease) if view.lease else None
    return watch(moment) if order is None else claim_now(moment, order)


def claim_in_turn(moment: Moment) -> tuple[Action, ...]:
    """The lease is free: the best ranked claims at once, each next one a step later."""
    view = moment.view
    since_mono = view.watch.since_mono if view.watch else moment.now.mono
    turn_mono = since_mono + moment.rank * view.timing.rank_step_s
    if moment.now.mono < turn_mono:
        return watch(moment)
    return _claim_unless_paused(moment)


def take_over(moment: Moment) -> tuple[Action, ...]:
    """The lease has been watched out: claim it, unless the operator has paused the fleet or
    wants to be asked."""
    view, lease = moment.view, moment.view.lease
    if lease is None:
        return watch(moment)
    emergency = orders.emergency(view, lease)
    if emergency is not None:
        return claim_now(moment, emergency)
    # Past its commit point a move is ended by the next claim, which nobody has to approve.
    if view.asks_to_take_over and lease.state is LeaseState.HELD:
        approval = orders.approval(view, lease)
        return watch(moment) if approval is None else _claim_unless_paused(moment, approval)
    return _claim_unless_paused(moment)


def claim_now(moment: Moment, *by: Order) -> tuple[Action, ...]:
    """The lease is for us to claim: do it, unless this session can't work."""
    if not _can_work(moment):
        return watch(moment)
    return (*_tend(moment), *claim(moment, *by), *peek_if_due(moment))


def claim_offered(moment: Moment) -> tuple[Action, ...]:
    """The lease is offered to us."""
    return claim_now(moment)


def _claim_unless_paused(moment: Moment, *by: Order) -> tuple[Action, ...]:
    lease = moment.view.lease
    if lease is None or not lease.paused:
        return claim_now(moment, *by)
    resumption = orders.resumption(moment.view, lease)
    return watch(moment) if resumption is None else claim_now(moment, *by, resumption)


def adopt(moment: Moment) -> tuple[Action, ...]:
    """The record names this incarnation: a claim of ours arrived after we had written it
    off. It counts from when it was sent, which is too long ago: renew, then serve, or give
    it up at once if this session is to end."""
    view, lease = moment.view, moment.view.lease
    if lease is None:
        return (standby_goal(view),)
    if _is_unsettled(view):
        return (standby_goal(view), *look_if_due(moment))
    if view.leaving is None:
        return (*_tend(moment), *renew(moment, lease.plan))
    record = leases.vacate(lease, moment.chance, None, done=view.leaving_order)
    return (standby_goal(view), *send(moment, WriteKind.VACATE, record))


def _is_unsettled(view: View) -> bool:
    """Whether what we sent may have arrived without its answer: on the version that we know
    all else would fail for ever."""
    return view.must_look


def settle(moment: Moment) -> tuple[Action, ...]:
    """A claim was sent and its fate isn't known: read the record back."""
    return (standby_goal(moment.view), *look_if_due(moment))


def _can_work(moment: Moment) -> bool:
    view = moment.view
    left_s = view.remaining_s(moment.now)
    return view.leaving is None and not view.fenced and left_s > view.settings.lead_s


def _tend(moment: Moment) -> tuple[Action, ...]:
    """What every standby does beside watching: keep its workload, its program and its copy of
    the data as they should be, and go when told to or when its session ends."""
    view = moment.view
    goal = standby_goal(view)
    if view.leaving is not None:
        return (goal, *leave_if_stopped(view))
    stop = orders.judge_stop(view)
    if stop is not None and stop.receipt is not None:
        return (goal, Answer(stop.receipt), Depart("stopped by order", stop.receipt.id))
    if view.remaining_s(moment.now) <= 0:
        return (goal, Depart("the session's time is over"))
    judged = orders.judge(view, view.lease, can_work=_can_work(moment)) if view.lease else None
    answer = (Answer(judged.receipt),) if judged is not None and judged.receipt else ()
    return (goal, *answer, *prepare_if_due(moment), *fetch_if_due(moment))
