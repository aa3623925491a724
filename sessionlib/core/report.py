"""What an agent says of itself.

Decided here: the report that follows from a view, and when a change in it is
worth writing before the interval is over. Not decided here: figures that only
the session's machine knows (they are passed in).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sessionlib.core.handover import heard
from sessionlib.core.lifecycle import Bounds, Phase, phase_of
from sessionlib.core.notes import Report, Resources
from sessionlib.core.values import Instant, Lease, Readiness, Role
from sessionlib.core.view import Member, Sight, View, member_of


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What goes into a report beside the view: the workload's own words, and the machine's."""

    version: str = ""
    progress: str | None = None
    tasks: tuple[str, ...] = ()
    url: str | None = None
    ended: str | None = None
    resources: Resources = field(default_factory=Resources)


def report_of(view: View, now: Instant, beat: int, around: Surroundings) -> Report:
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
        plan=_heard(view.lease, view.me.account),
        ended=around.ended,
        progress=around.progress,
        tasks=around.tasks,
        url=around.url,
        alarm=_short(view.alarm or view.work.error),
        version=around.version,
        every_s=view.timing.report_s,
        resources=around.resources,
        receipts=view.receipts,
    )


def _phase(view: View, remaining_s: float) -> Phase:
    if view.fenced:
        return Phase.FENCED
    if view.sight is Sight.UNSEEN and view.lease is None:
        return Phase.STARTING
    return phase_of(remaining_s, Bounds.for_lifetime(view.lifetime_s))


def _heard(lease: Lease | None, account: str) -> str | None:
    plan = lease.plan if lease is not None else None
    return heard(plan) if plan is not None and plan.to == account else None


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= 300 else text[:299] + "…"


def readiness_of(view: View) -> Readiness:
    """How far this session is from being able to serve at once."""
    plan = view.lease.plan if view.lease is not None else None
    named = plan is not None and plan.to == view.me.account
    if view.fenced or view.leaving is not None:
        return Readiness.COLD
    if not view.settings.standby_runs:
        # Nothing is prepared ahead for a cold workload: it can be started at any time.
        return Readiness.READY
    if view.work.ready or member_of(view) is Member.PRIMARY:
        return Readiness.READY
    if view.me.role is Role.COLD_BACKUP and not named:
        return Readiness.COLD
    return Readiness.WARMING


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
        report.alarm,
        report.receipts,
    )
