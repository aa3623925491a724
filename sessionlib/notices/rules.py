"""Which notices are due now, and whether this agent is the one to send them; pure.

Each has a key, which stays the same while the same thing is meant. The package's docstring says
who speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sessionlib.core import handover, planning
from sessionlib.core.messages import MoveKind, Report
from sessionlib.core.peers import is_alive, rank_of
from sessionlib.core.receipts import REFUSED
from sessionlib.core.session_phases import Phase
from sessionlib.core.values import Instant, LeaseState, Plan, PlanPhase, Role
from sessionlib.core.view import ClaimOrigin, DataState, Peer, View, named_holder
from sessionlib.notices import wording
from sessionlib.notices.wording import Notice

PATIENCE_BEATS = 4
"""What may pass by itself is told of after so many reports' time: no standby (beyond the time
after which one counts as lost), a program or data that can't be fetched at the first try."""

Due = tuple[str, Callable[[str], Notice]]
"""A key, and what makes the notice of it. Nothing is worded that was told already."""

NEAR_END = frozenset({Phase.WARNING, Phase.HANDOVER})


@dataclass(frozen=True, slots=True)
class NoticeContext:
    """What was told, by its keys, and what has to be remembered of the views before this one.

    `plan` is the last one of our tenure `epoch`; `lonely_mono` since when no standby is alive.
    """

    told: frozenset[str] = frozenset()
    epoch: int | None = None
    plan: Plan | None = None
    lonely_mono: float | None = None


def due_notices(
    known: NoticeContext, view: View, report: Report, now: Instant
) -> tuple[tuple[Notice, ...], NoticeContext]:
    """What is to be told now, and what is known then. `report` is the one that says `view`."""
    if not _speaks(view, now):
        due = list(_as_standby(view, report, now))
        known = replace(known, lonely_mono=None)
    else:
        lonely_mono = _lonely_since(known, view, now)
        due = list(_as_primary(replace(known, lonely_mono=lonely_mono), view, report, now))
        plan = view.lease.plan if view.lease is not None else None
        # A move that was offered is no longer ours to tell of, unless we claim once more.
        known = replace(known, epoch=_epoch(view), plan=plan, lonely_mono=lonely_mono)
    notices = tuple(make(key) for key, make in due if key not in known.told)
    return notices, replace(known, told=known.told | {notice.key for notice in notices})


def _speaks(view: View, now: Instant) -> bool:
    """Whether this agent holds a lease that is valid beyond doubt, and is no more about to
    give it up."""
    if view.tenure is None or view.fenced or view.suspect is not None or view.spent is not None:
        return False
    return view.tenure.left_s(now) > 0


def _epoch(view: View) -> int | None:
    return None if view.tenure is None else view.tenure.epoch


def _as_standby(view: View, report: Report, now: Instant) -> Iterator[Due]:
    lease = view.lease
    asks = report.asks
    if lease is None or asks is None or not asks.startswith("takeover:"):
        return
    if rank_of(view, now) > 0:
        # The one before us asks; one yes is enough.
        return
    holder = _named(view, named_holder(lease))
    why = view.store_unproven or "the settings say so (policy.takeover: approve)"

    def make(key: str) -> Notice:
        return wording.approval_of_takeover(key, view.me.account, holder, why)

    yield f"approval:{asks}:{view.me.account}", make


def _as_primary(known: NoticeContext, view: View, report: Report, now: Instant) -> Iterator[Due]:
    yield from _claim(known, view)
    yield from _warning(view, report)
    yield from _approval(view, report, now)
    yield from _plan_ended(known, view)
    yield from _nobody_left(known, view, now)
    yield from _failing(view, now)


def _claim(known: NoticeContext, view: View) -> Iterator[Due]:
    """How this tenure came about: a planned move once it serves, any other at once."""
    claimed, tenure, me = view.claim_origin, view.tenure, view.me.account
    if claimed is None or tenure is None or claimed.kind is MoveKind.FIRST:
        return
    from_ = _named(view, claimed.from_)
    if claimed.kind is MoveKind.PLANNED:
        if view.served_mono is not None:
            still_s = max(0.0, claimed.quiet_s + view.served_mono - claimed.seen_mono)
            yield (
                f"moved:{tenure.epoch}",
                lambda key: wording.moved(key, me, from_, claimed.reason, still_s),
            )
        return
    yield f"takeover:{tenure.epoch}", lambda key: _unplanned(key, known, view, claimed, from_)


def _unplanned(
    key: str, known: NoticeContext, view: View, claimed: ClaimOrigin, from_: str
) -> Notice:
    me = view.me.account
    if claimed.from_ != me:
        return wording.took_over(key, me, from_, claimed.reason)
    ours = known.plan if known.epoch is not None else None
    if ours is not None and ours.phase in {PlanPhase.QUIESCING, PlanPhase.OFFERED}:
        return wording.not_taken(key, me, _named(view, ours.to))
    return wording.restarted(key, me)


def _warning(view: View, report: Report) -> Iterator[Due]:
    if report.phase not in NEAR_END:
        return
    by_itself = view.settings.handover != "manual"
    yield (
        f"warning:{view.me.account}:{view.me.session}",
        lambda key: wording.warning(key, view.me.account, report.remaining_s, by_itself=by_itself),
    )


def _approval(view: View, report: Report, now: Instant) -> Iterator[Due]:
    plan = view.lease.plan if view.lease is not None else None
    if plan is None or report.asks != f"plan:{plan.id}":
        return
    proceeds = view.settings.on_no_answer == "proceed"

    def make(key: str) -> Notice:
        left_s = handover.left_s(view, plan, now)
        to = _named(view, plan.to)
        return wording.approval_of_move(
            key, view.me.account, to, plan.reason, left_s, proceeds=proceeds
        )

    yield _approval_key(plan), make


def _approval_key(plan: Plan) -> str:
    return f"approval:plan:{plan.id}"


def _plan_ended(known: NoticeContext, view: View) -> Iterator[Due]:
    """A plan of this tenure is gone, and no other has taken its place. One that was only
    words, and that nobody was asked about, is nothing to tell of."""
    before, lease = known.plan, view.lease
    if before is None or lease is None or known.epoch != _epoch(view):
        return
    if lease.plan is not None or lease.state is not LeaseState.HELD:
        return
    asked = _approval_key(before) in known.told
    if before.phase in handover.TENTATIVE_PHASES and not asked and not before.approved:
        return
    why = next((one.why for one in view.receipts if _ends(one.id, one.outcome, before)), "")
    yield (
        f"failed:{before.id}",
        lambda key: wording.move_failed(key, view.me.account, _named(view, before.to), why),
    )


def _ends(order: str, outcome: str, plan: Plan) -> bool:
    return order == plan.id and outcome == REFUSED


def _nobody_left(known: NoticeContext, view: View, now: Instant) -> Iterator[Due]:
    me = view.me
    if planning.is_unserved(view, now):
        left_s = max(0.0, view.remaining_s(now) - view.stop_lead_s())
        key = f"unserved:{me.account}:{me.session}"
        yield key, lambda key: wording.unserved(key, me.account, left_s)
        return
    patience_s = PATIENCE_BEATS * view.timing.report_s
    if known.lonely_mono is None or now.mono - known.lonely_mono < patience_s:
        return
    # By who they were: a session that comes back after it was missed is told of only if
    # another start of it is missed later, and so is all of it after a restart of ours.
    were = ",".join(sorted(peer.beat[0] for peer in _reporting(view)))
    yield f"alone:{me.account}:{me.session}:{were}", lambda key: wording.alone(key, me.account)


def _lonely_since(known: NoticeContext, view: View, now: Instant) -> float | None:
    """Since when none of those that should stand by is alive; None while one is, and where
    nobody has ever reported: a fleet that is being set up has lost nothing."""
    reporting = _reporting(view)
    if not reporting or any(
        is_alive(peer, now, view.timing.slack_s) for peer in view.peers.values()
    ):
        return None
    return now.mono if known.lonely_mono is None else known.lonely_mono


def _reporting(view: View) -> list[Peer]:
    """Those that should stand by, and did report at some time."""
    return [
        peer for peer in view.peers.values() if peer.beat[0] and peer.role is not Role.COLD_BACKUP
    ]


def _failing(view: View, now: Instant) -> Iterator[Due]:
    tenure, me = view.tenure, view.me.account
    if tenure is None:
        return
    count = view.work.restarts
    lasts = now.mono - view.primary_mono >= PATIENCE_BEATS * view.timing.report_s
    if count >= view.settings.failing_after:
        last = f": {view.work.error}" if view.work.error else ""
        what = f"the program has failed {count} times in a row{last}"
        yield f"failing:{tenure.epoch}", lambda key: wording.failing(key, me, what)
    elif lasts and not view.is_program_ready() and view.program.why:
        unprepared = f"the program can't be made ready: {view.program.why}"
        yield f"unprepared:{tenure.epoch}", lambda key: wording.failing(key, me, unprepared)
    elif lasts and view.data.state is DataState.FAILED and view.data.ready_for is None:
        unrestored = "the program's data can't be restored, which is tried again and again"
        yield f"unrestored:{tenure.epoch}", lambda key: wording.failing(key, me, unrestored)


def _named(view: View, account: str | None) -> str:
    """An account as the configuration has it; anything else in a record is somebody's text."""
    if account == view.me.account or account in view.peers:
        return str(account)
    return "another session" if account else "nobody"
