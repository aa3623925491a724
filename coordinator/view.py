"""What is shown of the state at a moment: `GET /api/sessions/status` and its sisters; pure.

It says when a primary counts as one, and when a session is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from coordinator.state import (
    ABORTED,
    HOLDING_STATUSES,
    EndedMove,
    Handover,
    Primary,
    SessionRecord,
    State,
)
from sessionlib.core.values import Instant

GONE_STATUSES = frozenset({"ended", "fenced"})
"""The statuses of a session that can't take the work over."""


class SystemHealth(StrEnum):
    """How the whole is."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    """Somebody works, and nobody who is heard of could take over."""
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class ViewContext:
    """When it is looked, and how old a heartbeat may be before its session counts as lost."""

    now: Instant
    silence_s: float


def primary_of(state: State, at: ViewContext) -> Primary | None:
    """The primary; None where it has been superseded, has stopped, or isn't heard of."""
    primary = state.primary
    if primary is None or primary.epoch != state.fence.epoch:
        return None
    session = state.sessions.get(primary.account)
    if session is None or session.worker_id != primary.worker_id:
        return None
    is_at_it = session.status in HOLDING_STATUSES and not is_lost(session, at)
    return primary if is_at_it else None


def is_lost(session: SessionRecord, at: ViewContext) -> bool:
    """Whether nothing was heard for too long."""
    return session.age_s(at.now) > at.silence_s


def left_s(session: SessionRecord, now: Instant) -> float:
    """How much of its life the session has left, if it is right about that."""
    return max(0.0, session.remaining_s - session.age_s(now))


def health_of(state: State, at: ViewContext) -> SystemHealth:
    """How the whole is."""
    primary = primary_of(state, at)
    if primary is None:
        return SystemHealth.DOWN
    others = (s for name, s in state.sessions.items() if name != primary.account)
    has_backup = any(s.status not in GONE_STATUSES and not is_lost(s, at) for s in others)
    return SystemHealth.HEALTHY if has_backup else SystemHealth.DEGRADED


def status_document(state: State, at: ViewContext) -> dict[str, Any]:
    """`GET /api/sessions/status`."""
    primary = primary_of(state, at)
    first = None if primary is None else primary.account
    return {
        "primary_session": primary_session(state, at),
        "backup_sessions": [
            _session(session, at)
            for name, session in sorted(state.sessions.items())
            if name != first
        ],
        "next_handover": next_handover(state, at),
        "system_health": health_of(state, at).value,
    }


def primary_session(state: State, at: ViewContext) -> dict[str, Any] | None:
    """The primary's session, with where it is and since when; None without one."""
    primary = primary_of(state, at)
    if primary is None:
        return None
    return {
        **_session(state.sessions[primary.account], at),
        "worker_url": primary.url,
        "capabilities": dict(primary.capabilities),
        "since": iso(primary.since.wall),
    }


def next_handover(state: State, at: ViewContext) -> dict[str, Any] | None:
    """The move that is planned; without one, when the primary's time is up at the latest."""
    handover = _open_handover(state)
    if handover is not None:
        in_s = _time_to_handover_s(handover, at.now)
        return {
            "plan": handover.plan,
            "from": handover.from_,
            "to": handover.to,
            "phase": handover.phase,
            "in_s": in_s,
            "at": None if in_s is None else iso(at.now.wall + in_s),
        }
    primary = primary_of(state, at)
    if primary is None:
        return None
    in_s = round(left_s(state.sessions[primary.account], at.now), 1)
    return {
        "plan": None,
        "from": primary.account,
        "to": None,
        "phase": "expected",
        "in_s": in_s,
        "at": iso(at.now.wall + in_s),
    }


def move(move: EndedMove) -> dict[str, Any]:
    """A move that has ended."""
    return {
        "epoch": move.epoch,
        "kind": move.kind.value,
        "from": move.from_,
        "to": move.to,
        "downtime_s": None if move.downtime_s is None else round(move.downtime_s, 3),
        "at": iso(move.at.wall),
    }


def iso(wall_s: float) -> str:
    """A moment as text, in UTC."""
    return datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="seconds")


def _open_handover(state: State) -> Handover | None:
    """The move under way. One of an epoch that is over has ended, or come to nothing."""
    handover = state.handover
    if handover is None or handover.epoch != state.fence.epoch:
        return None
    return None if handover.phase == ABORTED else handover


def _time_to_handover_s(handover: Handover, now: Instant) -> float | None:
    if handover.left_s is None:
        return None
    return round(max(0.0, handover.left_s - (now.boot - handover.at.boot)), 1)


def _session(session: SessionRecord, at: ViewContext) -> dict[str, Any]:
    age_s = session.age_s(at.now)
    return {
        "account": session.account,
        "worker_id": session.worker_id,
        "epoch": session.epoch,
        "status": session.status,
        "remaining_s": round(max(0.0, session.remaining_s - age_s), 1),
        "heartbeat_age_s": round(age_s, 1),
        "lost": age_s > at.silence_s,
    }
