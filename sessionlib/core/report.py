"""What an agent says of itself: the report that follows from a view.

A change may be worth writing before the interval is over. Figures that only the machine knows are
passed in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sessionlib.core import planning
from sessionlib.core.handover import TENTATIVE_PHASES, acknowledgement
from sessionlib.core.messages import PublishedCheckpoint, Report, Resources
from sessionlib.core.peers import is_alive
from sessionlib.core.rules.common import is_kept_ready
from sessionlib.core.session_phases import Bounds, Phase, phase_of
from sessionlib.core.values import Instant, Lease, LeaseState, PlanPhase, Readiness
from sessionlib.core.view import Finding, LeaseReadStatus, Member, View, finding_of, member_of


@dataclass(frozen=True, slots=True)
class ReportExtras:
    """What goes into a report beside the view: the workload's own words, and the machine's."""

    version: str = ""
    progress: str | None = None
    tasks: tuple[str, ...] = ()
    url: str | None = None
    ended: str | None = None
    resources: Resources = field(default_factory=Resources)
    config: str | None = None
    preparing: str | None = None
    warning: str | None = None


def report_of(view: View, now: Instant, beat: int, around: ReportExtras) -> Report:
    """The report for `now`, the `beat`-th of this incarnation."""
    remaining_s = max(0.0, view.remaining_s(now))
    return Report(
        account=view.me.account,
        session=view.me.session,
        incarnation=view.me.incarnation,
        beat=beat,
        at=now.wall,
        role=view.me.role,
        priority=view.me.priority,
        member=member_of(view).value,
        phase=_phase(view, remaining_s).value,
        remaining_s=round(remaining_s, 1),
        lifetime_s=view.lifetime_s,
        epoch=view.tenure.epoch if view.tenure else view.seen_epoch,
        readiness=readiness_of(view),
        workload=view.work.state,
        restarts=view.work.restarts,
        plan=_acknowledgement(view.lease, view.me.account),
        ended=around.ended,
        progress=around.progress,
        tasks=around.tasks,
        url=around.url,
        alarm=_short(_alarm(view, now) or around.warning),
        version=around.version,
        every_s=view.timing.report_s,
        resources=around.resources,
        receipts=view.receipts,
        config=around.config,
        bundle=view.program.ready,
        preparing=_short(around.preparing),
        fetched=view.fetch.have,
        copied=_copied(view, now),
        latest_safe_s=_latest_safe_s(view, now),
        asks=_asks(view, now),
    )


def _alarm(view: View, now: Instant) -> str | None:
    if view.tenure is not None and planning.is_unserved(view, now):
        left = max(0.0, view.remaining_s(now) - view.stop_lead_s())
        unserved = f"no standby to take the work, which stops in {left:.0f} s"
        return view.alarm or unserved
    return view.alarm or view.work.error or view.program.why


def _copied(view: View, now: Instant) -> PublishedCheckpoint | None:
    made = view.copies.published
    if made is None:
        return None
    return PublishedCheckpoint(
        name=made.pointer.name,
        age_s=round(now.mono - view.copies.published_mono, 3),
        bytes=made.pointer.bytes,
        moved_bytes=made.moved_bytes,
        took_s=round(made.took_s, 3),
        receipt=made.receipt,
    )


def _latest_safe_s(view: View, now: Instant) -> float | None:
    """For how long from now a move can still be begun and end in time: with the time that
    stopping, copying and starting took when they were last measured here, and that the
    successor needs to warm up where none is ready."""
    if view.tenure is None:
        return None
    ready = any(
        peer.readiness is Readiness.READY and is_alive(peer, now, view.timing.slack_s)
        for peer in view.peers.values()
    )
    warm_s = 0.0 if ready else view.settings.timeline.warm_s
    need_s = view.stop_lead_s() + (view.boot_s or 0.0) + warm_s
    return round(max(0.0, view.remaining_s(now) - need_s), 1)


def _asks(view: View, now: Instant) -> str | None:
    """What an operator's word is waited for."""
    lease = view.lease
    if lease is None:
        return None
    plan = lease.plan
    if view.tenure is not None:
        unasked = plan is not None and plan.phase in TENTATIVE_PHASES and not plan.approved
        due = plan is not None and (plan.left_s is None or plan.phase is PlanPhase.NOTIFIED)
        asked = unasked and due and view.settings.handover != "auto"
        return f"plan:{plan.id}" if asked and plan is not None else None
    stale = finding_of(view, now, 0) is Finding.STALE and lease.state is LeaseState.HELD
    wants = view.needs_takeover_approval and member_of(view) is Member.STANDBY
    return f"takeover:{lease.epoch}" if stale and wants and view.leaving is None else None


def _phase(view: View, remaining_s: float) -> Phase:
    if view.fenced:
        return Phase.FENCED
    if view.lease_read_status is LeaseReadStatus.UNSEEN and view.lease is None:
        return Phase.STARTING
    return phase_of(remaining_s, Bounds.for_lifetime(view.lifetime_s))


def _acknowledgement(lease: Lease | None, account: str) -> str | None:
    plan = lease.plan if lease is not None else None
    return acknowledgement(plan) if plan is not None and plan.to == account else None


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= 300 else text[:299] + "…"


def readiness_of(view: View) -> Readiness:
    """How far this session is from being able to serve at once."""
    if view.fenced or view.leaving is not None:
        return Readiness.COLD
    if member_of(view) is Member.PRIMARY:
        return Readiness.READY
    if not is_kept_ready(view):
        return Readiness.READY if _is_equipped(view) and not _runs_warm(view) else Readiness.COLD
    warm = view.work.ready or not _runs_warm(view)
    return Readiness.READY if _is_equipped(view) and warm else Readiness.WARMING


def _is_equipped(view: View) -> bool:
    """Whether program and data are here; a checkpoint that is a little older will do, for what
    has changed since is fetched when it is time."""
    copied = view.lease is not None and view.lease.checkpoint is not None
    return view.is_program_ready() and (not copied or view.fetch.have is not None)


def _runs_warm(view: View) -> bool:
    return view.settings.standby_runs


def is_news(before: Report | None, after: Report) -> bool:
    """Whether `after` says something that a reader shouldn't have to wait for."""
    if before is None:
        return True
    return _gist(before) != _gist(after)


def _gist(report: Report) -> tuple[object, ...]:
    return (
        report.incarnation,
        report.member,
        report.phase,
        report.epoch,
        report.readiness,
        report.workload,
        report.plan,
        report.ended,
        report.url,
        _without_figures(report.alarm),
        report.receipts,
        report.config,
        report.bundle,
        report.preparing is None,
        report.fetched,
        report.copied.name if report.copied else None,
        report.asks,
    )


def _without_figures(text: str | None) -> str | None:
    """A countdown in a sentence is no news each second."""
    return None if text is None else "".join(char for char in text if not char.isdigit())
