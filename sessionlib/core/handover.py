"""A planned move, in steps: whatever prefix of them happens, the fleet can go on."""

# The plan stands in the lease record, so only the holder moves it on. A new holder starts without
# one. The commit point is the offer, one conditional write. Before it the old primary serves on,
# whatever fails. After it the next claim ends the move, whoever makes it.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sessionlib.core.handover_schedule import Timeline
from sessionlib.core.peers import is_alive
from sessionlib.core.planning import next_successor
from sessionlib.core.values import Instant, Plan, PlanOrigin, PlanPhase, Readiness
from sessionlib.core.view import Peer, View

TENTATIVE_PHASES = frozenset({PlanPhase.PROPOSED, PlanPhase.NOTIFIED})
"""Phases in which a plan is only words."""


@dataclass(frozen=True, slots=True)
class HandoverStep:
    """One phase: who acts, what it waits for, which phase follows, and the recovery.

    `begins` is how long before T-0 the next phase of a scheduled move may begin; a move
    that is to be made now waits for nothing.
    """

    who: str
    until: str
    next: PlanPhase | None
    done: Callable[[View, Plan, Peer], bool]
    if_interrupted: str
    begins: Callable[[Timeline], float] | None = None


def _never(view: View, plan: Plan, peer: Peer) -> bool:
    return False


def _is_ready(view: View, plan: Plan, peer: Peer) -> bool:
    return peer.readiness is Readiness.READY and _has_acknowledged(view, plan, peer)


def _has_acknowledged(view: View, plan: Plan, peer: Peer) -> bool:
    return peer.plan == acknowledgement(plan)


def _is_in_step(view: View, plan: Plan, peer: Peer) -> bool:
    return _has_acknowledged(view, plan, peer) and view.copies.settled_for(plan.id, peer.fetched)


def _may_go_on(view: View, plan: Plan, peer: Peer) -> bool:
    """Whether the operator agrees: expressly, by the policy, or by not having answered."""
    settings = view.settings
    return plan.approved or settings.handover == "auto" or settings.on_no_answer == "proceed"


def _always(view: View, plan: Plan, peer: Peer) -> bool:
    return True


def acknowledgement(plan: Plan) -> str:
    """What a successor's report says once it has read `plan` in its phase."""
    return f"{plan.id}:{plan.phase.value}"


STEPS: Mapping[PlanPhase, HandoverStep] = {
    PlanPhase.PROPOSED: HandoverStep(
        who="primary",
        until="T-30, when the successor gets notice and the operator is asked; a proposal that "
        "no clock drives waits for its approval, or for as long as an answer may take",
        next=PlanPhase.NOTIFIED,
        begins=lambda timeline: timeline.notice_s,
        done=_always,
        if_interrupted="nothing has changed: the primary serves on",
    ),
    PlanPhase.NOTIFIED: HandoverStep(
        who="operator",
        until="it is approved, or nobody has answered when the successor has to warm up",
        next=PlanPhase.WARMING,
        begins=lambda timeline: timeline.warm_s,
        done=_may_go_on,
        if_interrupted="nothing has changed: the primary serves on",
    ),
    PlanPhase.WARMING: HandoverStep(
        who="successor",
        until="the successor reports ready for this plan",
        next=PlanPhase.SYNCING,
        begins=lambda timeline: timeline.sync_s,
        done=_is_ready,
        if_interrupted="the primary serves on; a new primary starts without a plan",
    ),
    PlanPhase.SYNCING: HandoverStep(
        who="both",
        until="little of the data has changed since the checkpoint that the successor has fetched",
        next=PlanPhase.SIGNALLED,
        begins=lambda timeline: timeline.signal_s,
        done=_is_in_step,
        if_interrupted="the primary serves on; what was published stays; a new primary starts "
        "without a plan",
    ),
    PlanPhase.SIGNALLED: HandoverStep(
        who="successor",
        until="the successor reports that it listens closely",
        next=PlanPhase.QUIESCING,
        begins=lambda timeline: 0.0,
        done=_has_acknowledged,
        if_interrupted="the primary serves on; a new primary starts without a plan",
    ),
    PlanPhase.QUIESCING: HandoverStep(
        who="primary",
        until="the workload has stopped, its data is sealed, and the offer is written",
        next=PlanPhase.OFFERED,
        done=_never,
        if_interrupted="aborted: the primary starts the work again under the same epoch; "
        "primary dead: the lease runs out and a standby takes over",
    ),
    PlanPhase.OFFERED: HandoverStep(
        who="successor",
        until="the next claim",
        next=None,
        done=_never,
        if_interrupted="successor dead: the offer runs out and any session claims, "
        "the old primary among them",
    ),
}


@dataclass(frozen=True, slots=True)
class Advance:
    """What becomes of a plan: `plan` is the next one (None: no plan), `why` if it was aborted."""

    plan: Plan | None
    why: str | None = None


def advance(view: View, plan: Plan, now: Instant) -> Advance:
    """The holder's next plan record; the same plan where there is nothing to do yet."""
    if plan.phase in TENTATIVE_PHASES and plan.left_s is None:
        return _unscheduled(view, plan, now)
    peer = view.peers.get(plan.to)
    why = _trouble(view, plan, peer, now)
    if why is not None or peer is None:
        return _replace_successor(view, plan, why or "", now)
    step = STEPS[plan.phase]
    left = left_s(view, plan, now)
    begins_s = step.begins(view.settings.timeline) if step.begins and left is not None else None
    has_come = left is None or begins_s is None or left <= begins_s
    # Data that changes faster than it can be copied doesn't keep a session beyond its time.
    overdue = plan.phase is PlanPhase.SYNCING and left is not None and left <= 0
    done = step.done(view, plan, peer) or (overdue and _has_acknowledged(view, plan, peer))
    if step.next is not None and has_come and done:
        return Advance(replace(plan, phase=step.next))
    return Advance(plan)


def left_s(view: View, plan: Plan, now: Instant) -> float | None:
    """How far ahead a plan's T-0 lies by now; None for one that waits for nothing but its
    successor. The record said it as of the write that it came with."""
    if plan.left_s is None or view.tenure is None:
        return plan.left_s
    return plan.left_s - (now.boot - view.tenure.sent.boot)


def _unscheduled(view: View, plan: Plan, now: Instant) -> Advance:
    """A proposal that no clock drives: the workload fails here, or a file asked for a move."""
    if plan.origin is PlanOrigin.FAILING and view.work.restarts == 0:
        return Advance(None, "the workload recovered")
    peer = view.peers.get(plan.to)
    if peer is None or not is_alive(peer, now, view.timing.slack_s):
        return _replace_successor(view, plan, f"{plan.to} has stopped reporting", now)
    waited_s = now.mono - view.plan_since_mono
    answered = plan.approved or view.settings.handover == "auto"
    overdue = waited_s >= view.settings.timeline.signal_s
    if answered or (overdue and view.settings.on_no_answer == "proceed"):
        return Advance(replace(plan, phase=PlanPhase.WARMING))
    return Advance(plan)


def _trouble(view: View, plan: Plan, peer: Peer | None, now: Instant) -> str | None:
    """Why the move can't go on with this successor, if it can't."""
    if peer is None or not is_alive(peer, now, view.timing.slack_s):
        return f"{plan.to} has stopped reporting"
    if plan.phase in TENTATIVE_PHASES:
        return None
    waits_for_work = view.copies.under_way is not None or peer.preparing
    left = left_s(view, plan, now)
    waits = left is None or plan.origin is PlanOrigin.ORDER
    if waits or plan.phase not in {PlanPhase.WARMING, PlanPhase.SYNCING}:
        # Who was named is waited for, also beyond the time that was said.
        hangs = now.mono - view.plan_since_mono > view.settings.plan_timeout_s
        late = hangs and not (waits_for_work and plan.phase is not PlanPhase.QUIESCING)
    else:
        ready = peer.readiness is Readiness.READY
        late = left is not None and left <= view.settings.timeline.signal_s and not ready
        late = late and _has_better(view, plan, now)
    return f"{plan.to} was not ready in time, in phase {plan.phase.value}" if late else None


def _has_better(view: View, plan: Plan, now: Instant) -> bool:
    """Whether another one may be in time. One that was passed over itself has to be ready by
    now, or two slow ones would take turns with every write."""
    other = next_successor(view, now, plan.to)
    if other is None:
        return False
    return other.account not in view.passed_over or other.readiness is Readiness.READY


def _replace_successor(view: View, plan: Plan, why: str, now: Instant) -> Advance:
    """The successor can't be counted on. A move by the clock goes to the next one, as long as
    the work goes on; one that names its successor, and one that has stopped the work, is over."""
    if plan.left_s is None or plan.phase is PlanPhase.QUIESCING:
        return Advance(None, why)
    other = next_successor(view, now, plan.to)
    if other is None or plan.origin is PlanOrigin.ORDER:
        return Advance(None, why)
    phase = plan.phase if plan.phase in TENTATIVE_PHASES else PlanPhase.WARMING
    return Advance(replace(plan, to=other.account, phase=phase))
