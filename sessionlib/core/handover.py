"""A planned move, as steps of which every prefix can be recovered from.

Decided here: the phases of a plan, what ends each, what aborts it, and what
happens if everybody dies in the middle of one. The plan stands in the lease
record, so only the holder moves it on, and a new holder starts without one.
Not decided here: when a plan is proposed by the clock, and who may approve it.

The commit point is the offer, one conditional write: before it the old primary
serves on whatever fails; after it the next claim ends the move, whoever makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sessionlib.core.peers import is_alive, successors
from sessionlib.core.values import Instant, Plan, PlanPhase, Readiness
from sessionlib.core.view import Peer, View


@dataclass(frozen=True, slots=True)
class Step:
    """One phase: who acts, what it waits for, which phase follows, and the recovery."""

    who: str
    until: str
    next: PlanPhase | None
    done: Callable[[Plan, Peer], bool]
    if_interrupted: str


def _never(plan: Plan, peer: Peer) -> bool:
    return False


def _is_ready(plan: Plan, peer: Peer) -> bool:
    return peer.readiness is Readiness.READY and _has_seen(plan, peer)


def _has_seen(plan: Plan, peer: Peer) -> bool:
    return peer.plan == heard(plan)


def heard(plan: Plan) -> str:
    """What a successor's report says once it has read `plan` in its phase."""
    return f"{plan.id}:{plan.phase.value}"


STEPS: Mapping[PlanPhase, Step] = {
    PlanPhase.PROPOSED: Step(
        who="operator",
        until="an order asks for the move",
        next=None,
        done=_never,
        if_interrupted="nothing has changed: the primary serves on",
    ),
    PlanPhase.NOTIFIED: Step(
        who="operator",
        until="it is approved, or nobody has answered when the successor has to warm up",
        next=PlanPhase.WARMING,
        done=_never,
        if_interrupted="nothing has changed: the primary serves on",
    ),
    PlanPhase.WARMING: Step(
        who="successor",
        until="the successor reports ready for this plan",
        next=PlanPhase.SYNCING,
        done=_is_ready,
        if_interrupted="the primary serves on; a new primary starts without a plan",
    ),
    PlanPhase.SYNCING: Step(
        who="both",
        until="little of the data has changed since the checkpoint that the successor has fetched",
        next=PlanPhase.SIGNALLED,
        done=_has_seen,
        if_interrupted="the primary serves on; what was published stays; a new primary starts "
        "without a plan",
    ),
    PlanPhase.SIGNALLED: Step(
        who="successor",
        until="the successor reports that it listens closely",
        next=PlanPhase.QUIESCING,
        done=_has_seen,
        if_interrupted="the primary serves on; a new primary starts without a plan",
    ),
    PlanPhase.QUIESCING: Step(
        who="primary",
        until="the workload has stopped, its data is sealed, and the offer is written",
        next=PlanPhase.OFFERED,
        done=_never,
        if_interrupted="aborted: the primary starts the work again under the same epoch; "
        "primary dead: the lease runs out and a standby takes over",
    ),
    PlanPhase.OFFERED: Step(
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
    if plan.phase is PlanPhase.PROPOSED:
        recovered = view.work.restarts == 0
        return Advance(None, "the workload recovered") if recovered else Advance(plan)
    peer = view.peers.get(plan.to)
    if peer is None or not is_alive(peer, now, view.timing.poll_s):
        return Advance(None, f"{plan.to} has stopped reporting")
    if now.mono - view.plan_since_mono > view.settings.plan_timeout_s:
        return Advance(None, f"{plan.to} was not ready in time, in phase {plan.phase.value}")
    step = STEPS[plan.phase]
    if step.next is not None and step.done(plan, peer):
        return Advance(replace(plan, phase=step.next))
    return Advance(plan)


def failing_workload(view: View, now: Instant, plan_id: str) -> Plan | None:
    """A move proposed because the workload keeps failing here: once for each tenure."""
    count = view.work.restarts
    if view.proposed or count < view.settings.failing_after or view.settings.handover == "manual":
        return None
    able = successors(view, now, view.settings.lead_s)
    if not able:
        return None
    phase = PlanPhase.WARMING if view.settings.handover == "auto" else PlanPhase.PROPOSED
    return Plan(plan_id, able[0].account, phase, f"the workload failed {count} times in a row")
