"""What several rules need: when to read, when to write, what the workload may do.

One lease write is under way at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sessionlib.core import handover
from sessionlib.core import lease as leases
from sessionlib.core.actions import Action, Exit, ReadLease, ReadMailbox, SetGoal, WriteLease
from sessionlib.core.messages import Order, OrderAction
from sessionlib.core.values import Instant, Lease, Plan, PlanPhase, Role
from sessionlib.core.view import View, Write, WriteKind
from sessionlib.core.work import Aim, Goal


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What a rule is given: the knowledge, the time, a nonce for one write, and our rank."""

    view: View
    now: Instant
    nonce: str
    rank: int


Rule = Callable[[RuleContext], tuple[Action, ...]]

REST = SetGoal(Goal(Aim.REST))
DEAD = SetGoal(Goal(Aim.DEAD))
HOLD = SetGoal(Goal(Aim.HOLD))
WARM = SetGoal(Goal(Aim.WARM))


def lane_is_free(view: View) -> bool:
    """Whether a lease call may be sent: one at a time, or answers can't be told apart."""
    return view.write is None and not view.reading_lease


def poll_s(view: View, now: Instant) -> float:
    """How often to read the lease: more often while a move concerns us, so that it is short."""
    plan = view.lease.plan if view.lease else None
    if plan is None or plan.phase in handover.TENTATIVE_PHASES:
        return view.timing.poll_s
    if view.tenure is None and plan.to != view.me.account:
        return view.timing.poll_s
    if plan.phase is PlanPhase.WARMING and plan.left_s is not None:
        return view.timing.poll_s
    fast_s = view.timing.poll_fast_s
    waits = plan.phase is PlanPhase.SIGNALLED and _left_s(view, plan, now) > 3 * fast_s
    if waits or plan.phase in {PlanPhase.WARMING, PlanPhase.SYNCING}:
        return fast_s
    return view.timing.poll_final_s


def mailbox_interval_s(view: View, now: Instant) -> float:
    """How often to read what others wrote: more rarely than the lease, where a reading has a price
    and nothing is under way."""
    every_s = poll_s(view, now)
    if every_s < view.timing.poll_s:
        return every_s
    timing = view.timing
    return max(every_s, timing.peek_standby_s if view.tenure is None else timing.peek_s)


def _left_s(view: View, plan: Plan, now: Instant) -> float:
    """How far ahead the plan's T-0 lies at the most, for whoever has read it."""
    seen_mono = view.watch.since_mono if view.watch else now.mono
    return (plan.left_s or 0.0) - (now.mono - seen_mono)


def read_lease_if_due(context: RuleContext) -> tuple[Action, ...]:
    """Read the record where it is time to, where a write has to be settled, or where the
    doorbell has rung: that may be a lie, so it never makes us read more often than a move does."""
    view, now = context.view, context.now
    every_s = view.timing.poll_final_s if view.rung_since_lease_read else poll_s(view, now)
    due = view.must_read_lease or now.mono - view.lease_read_mono >= every_s
    return (ReadLease(),) if due and lane_is_free(view) else ()


def read_mailbox_if_due(context: RuleContext) -> tuple[Action, ...]:
    """Read reports and orders where it is time to, or where the doorbell has rung."""
    view, now = context.view, context.now
    every_s = (
        view.timing.poll_final_s if view.rung_since_mailbox_read else mailbox_interval_s(view, now)
    )
    due = now.mono - view.mailbox_read_mono >= every_s
    return (ReadMailbox(),) if due and not view.reading_mailbox else ()


def write_lease(context: RuleContext, kind: WriteKind, record: Lease) -> tuple[Action, ...]:
    """Write the record, where the lane is free. The time is taken before it leaves."""
    if not lane_is_free(context.view):
        return ()
    return (WriteLease(Write(kind, record, context.view.version, sent=context.now)),)


def claim(context: RuleContext, *by: Order) -> tuple[Action, ...]:
    """Claim on the version that was judged; if it has moved, the claim fails. `by` are the
    orders that are carried out with it."""
    view = context.view
    if view.lease is None:
        return ()
    done = [order.id for order in by]
    record = leases.claim(view.lease, view.me, context.nonce, view.timing.ttl_s, *done)
    if any(order.action is OrderAction.RESUME for order in by):
        record = leases.pause(record, paused=False)
    return write_lease(context, WriteKind.CLAIM, record)


def renew(
    context: RuleContext, plan: Plan | None, *done: str | None, paused: bool | None = None
) -> tuple[Action, ...]:
    """Renew now, with `plan` in the record, and with the checkpoint that waits to be published."""
    view = context.view
    if view.lease is None:
        return ()
    plan = _by_now(context, view.lease, plan)
    made = view.copies.made
    copied = view.copies.order if made is not None else None
    record = leases.renew(view.lease, context.nonce, plan, view.timing.ttl_s, *done, copied)
    if made is not None:
        record = leases.publish(record, made.pointer)
    if paused is not None:
        record = leases.pause(record, paused=paused)
    return write_lease(context, WriteKind.RENEW, record)


def _by_now(context: RuleContext, lease: Lease, plan: Plan | None) -> Plan | None:
    """The plan with its time to T-0 as of now: readers count on from the write."""
    if plan is None or lease.plan is None or plan.id != lease.plan.id:
        return plan
    left_s = handover.left_s(context.view, plan, context.now)
    return plan if left_s is None else replace(plan, left_s=round(left_s, 3))


def renew_if_due(context: RuleContext) -> tuple[Action, ...]:
    """Renew when it is time, and after a failed try again soon: two tries have to fit."""
    view, now = context.view, context.now
    if view.lease is None:
        return ()
    since_s = now.since(view.tenure.sent) if view.tenure else float("inf")
    rested = now.mono - view.sent_mono >= min(view.timing.poll_fast_s, view.timing.renew_s)
    urgent = view.suspect is not None
    if rested and (urgent or since_s >= view.timing.renew_s):
        return renew(context, view.lease.plan)
    return ()


def holder_goal(context: RuleContext) -> SetGoal:
    """What a primary's workload may do now: serve, wait for its data, or hold still."""
    view, now = context.view, context.now
    if view.tenure is None or view.suspect is not None or view.tenure.left_s(now) <= 0:
        return HOLD
    if not view.is_program_ready():
        return REST
    if view.data.ready_for != view.tenure.epoch:
        return WARM
    return SetGoal(Goal(Aim.SERVE, view.tenure.epoch))


def standby_goal(view: View) -> SetGoal:
    """A standby's workload may be warm; a cold backup's only for a plan that names it."""
    if view.leaving or not view.is_program_ready() or not is_kept_ready(view):
        return REST
    return WARM


def is_kept_ready(view: View) -> bool:
    """Whether this session keeps itself ready: a cold backup only for a plan that names it, or
    once the lease is its own."""
    plan = view.lease.plan if view.lease else None
    named = plan is not None and plan.to == view.me.account
    return view.me.role is not Role.COLD_BACKUP or named or view.tenure is not None


def exit_if_stopped(view: View, code: int = 0) -> tuple[Action, ...]:
    """End the agent, once nothing of the workload is left."""
    if view.leaving is not None and view.work.is_at_rest:
        return (Exit(code, view.leaving),)
    return ()
