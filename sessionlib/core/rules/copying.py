"""Copies of data and program: what a holder publishes, what a standby keeps ready.

None of it is ever in the way of a renewal. A checkpoint is made at intervals, for an order, and in
rounds before a move; the next renewal publishes it.
"""

from __future__ import annotations

from sessionlib.core.actions import Action, CollectGarbage, Copy, FetchAhead, PrepareProgram
from sessionlib.core.copies import Copies
from sessionlib.core.rules.common import RuleContext, is_kept_ready, renew
from sessionlib.core.values import Plan, PlanPhase
from sessionlib.core.view import DataState, View


def copy_if_due(context: RuleContext) -> tuple[Action, ...]:
    """Make a checkpoint, where it is time to."""
    view, now = context.view, context.now
    if view.lease is None or view.tenure is None or not _has_begun(view):
        return ()
    waits = view.copies.is_busy or now.mono < view.copies.retry_mono
    if waits or not _is_wanted(view, view.lease.plan, now.mono):
        return ()
    return (Copy(view.tenure.epoch, view.lease.checkpoint, context.nonce),)


def copy_for(context: RuleContext, order: str) -> tuple[Action, ...]:
    """Make a checkpoint because an order asks for one."""
    view = context.view
    if view.lease is None or view.tenure is None:
        return ()
    return (Copy(view.tenure.epoch, view.lease.checkpoint, context.nonce, order),)


def publish(context: RuleContext) -> tuple[Action, ...]:
    """Let the lease point at a checkpoint that is durable: at once, for only then it counts."""
    view = context.view
    rested = context.now.mono - view.sent_mono >= view.timing.poll_final_s
    if view.lease is None or view.copies.made is None or not rested:
        return ()
    return renew(context, view.lease.plan)


def collect_if_due(context: RuleContext) -> tuple[Action, ...]:
    """Remove what is no longer needed, once for each checkpoint that is known to be published."""
    view = context.view
    published = view.copies.published
    if published is None or view.lease is None or view.lease.plan is not None:
        return ()
    if view.tenure is None or view.suspect is not None or view.tenure.left_s(context.now) <= 0:
        # Another one may hold the lease by now, and need what we would remove.
        return ()
    pointer = published.pointer
    settled = pointer == view.lease.checkpoint and pointer.name != view.copies.collected
    return (
        (CollectGarbage(pointer, view.tenure.epoch),) if settled and not view.copies.is_busy else ()
    )


def fetch_if_due(context: RuleContext) -> tuple[Action, ...]:
    """Bring the newest checkpoint here, so that a takeover has little left to fetch."""
    view = context.view
    pointer = view.lease.checkpoint if view.lease else None
    if pointer is None or view.leaving is not None or not is_kept_ready(view):
        return ()
    busy = view.fetch.under_way is not None or view.data.state is not DataState.IDLE
    if busy or view.fetch.have == pointer.name or context.now.mono < view.fetch.retry_mono:
        return ()
    return (FetchAhead(pointer),)


def prepare_if_due(context: RuleContext) -> tuple[Action, ...]:
    """Bring the program here. A holder that serves keeps the one it runs."""
    view, program = context.view, context.view.program
    if not view.settings.needs_program or view.leaving is not None or not is_kept_ready(view):
        return ()
    serves = view.tenure is not None and program.ready is not None
    current = program.ready is not None and program.ready == (program.wanted or program.ready)
    if program.under_way or serves or current or context.now.mono < program.retry_mono:
        return ()
    return (PrepareProgram(program.wanted),)


def _has_begun(view: View) -> bool:
    """Whether the workload has had this tenure's data in hand, if only to fail on it: a move away
    from where it can't run has to carry what it left."""
    epoch = view.tenure.epoch if view.tenure else None
    tried = view.work.epoch == epoch or view.work.restarts > 0
    return view.data.ready_for == epoch and tried


def _is_wanted(view: View, plan: Plan | None, now_mono: float) -> bool:
    copies = view.copies
    if plan is not None and plan.phase is PlanPhase.SYNCING:
        return _another_round(view, copies, plan)
    if plan is not None and plan.phase in {PlanPhase.SIGNALLED, PlanPhase.QUIESCING}:
        return False
    return now_mono - copies.since_mono >= _every_s(view)


def _every_s(view: View) -> float:
    """The interval; but the very first checkpoint is made soon, for without one a crash loses
    everything."""
    every_s = view.settings.copy_every_s
    none_yet = view.lease is not None and view.lease.checkpoint is None
    hurries = none_yet and not view.copies.is_empty
    return min(every_s, view.timing.renew_s) if hurries else every_s


def _another_round(view: View, copies: Copies, plan: Plan) -> bool:
    """A round begins once the successor has what the last one published."""
    if copies.round_plan != plan.id:
        return True
    peer = view.peers.get(plan.to)
    fetched = peer.fetched if peer else None
    if copies.settled_for(plan.id, fetched):
        return False
    if copies.rounds == 0 or copies.published is None:
        return True
    return fetched == copies.published.pointer.name
