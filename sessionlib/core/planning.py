"""When a move is planned, for whom, and who comes next if that one fails.

The clock, a workload that keeps failing, and a file made by hand lead to a plan, each under its
policy.
"""

from __future__ import annotations

from sessionlib.core.messages import Receipt
from sessionlib.core.peers import successors
from sessionlib.core.receipts import ACTED, REFUSED, SEEN
from sessionlib.core.values import Instant, Lease, Plan, PlanOrigin, PlanPhase, Readiness
from sessionlib.core.view import Peer, View


def plan_by_clock(view: View, lease: Lease, now: Instant, plan_id: str) -> Plan | None:
    """The move that the end of this session's lifetime asks for, once its T-60 has come."""
    if view.settings.handover == "manual" or view.auto_moves_suspended or lease.paused:
        return None
    due_s = view.due_s(now)
    if due_s > view.settings.timeline.propose_s:
        return None
    peer = next_successor(view, now, None)
    if peer is None:
        return None
    return Plan(
        plan_id,
        peer.account,
        PlanPhase.PROPOSED,
        "the session ends",
        left_s=due_s,
        origin=PlanOrigin.CLOCK,
    )


def next_successor(view: View, now: Instant, but: str | None) -> Peer | None:
    """Who should succeed next, `but` (the one that failed) left out, best first.

    Those with a good part of their session left come before those with little, those
    that were passed over last, and else the priority counts.
    """
    ahead_s = max(0.0, view.due_s(now))
    able = [
        peer
        for peer in successors(view, now, ahead_s + 2 * view.settings.lead_s)
        if peer.account != but
    ]
    lasting_s = ahead_s + view.settings.timeline.propose_s
    able.sort(
        key=lambda peer: (
            peer.account in view.passed_over and peer.readiness is not Readiness.READY,
            peer.remaining_s <= lasting_s,
        )
    )
    return able[0] if able else None


def plan_for_failing_workload(view: View, now: Instant, plan_id: str) -> Plan | None:
    """A move proposed because the workload keeps failing here: once for each tenure."""
    count = view.work.restarts
    if view.proposed or count < view.settings.failing_after or view.settings.handover == "manual":
        return None
    able = successors(view, now, view.settings.lead_s)
    if not able:
        return None
    phase = PlanPhase.WARMING if view.settings.handover == "auto" else PlanPhase.PROPOSED
    reason = f"the workload failed {count} times in a row"
    return Plan(plan_id, able[0].account, phase, reason, origin=PlanOrigin.FAILING)


def plan_for_signal(view: View, lease: Lease, now: Instant) -> tuple[Receipt, Plan | None] | None:
    """What becomes of a signal file that hasn't been answered: a receipt, and perhaps a plan."""
    signal = view.signal
    if signal is None or signal.id in view.answered or signal.id in lease.done:
        return None
    if signal.is_test:
        return Receipt(signal.id, ACTED, "a test: it was seen, and moves nothing"), None
    if lease.plan is not None:
        return None if lease.plan.id == signal.id else _turned_down(signal.id, "a move is planned")
    if view.settings.handover == "manual" or lease.paused:
        why = "the fleet is paused" if lease.paused else "policy.handover is manual"
        return _turned_down(signal.id, why)
    able = successors(view, now, view.settings.lead_s)
    if not able:
        return _turned_down(signal.id, "no standby is alive")
    to = able[0].account
    phase = PlanPhase.WARMING if view.settings.handover == "auto" else PlanPhase.PROPOSED
    reason = "handover_signal.json asks for it"
    plan = Plan(signal.id, to, phase, reason, origin=PlanOrigin.SIGNAL)
    return Receipt(signal.id, SEEN, f"proposes a move to {to}"), plan


def _turned_down(signal: str, why: str) -> tuple[Receipt, None]:
    return Receipt(signal, REFUSED, why), None


def is_unserved(view: View, now: Instant) -> bool:
    """Whether this session nears its end and nobody is there who could take the work then."""
    due_s = view.due_s(now)
    if due_s > view.settings.timeline.propose_s:
        return False
    return not successors(view, now, max(0.0, due_s) + view.settings.lead_s)
