"""What a session tells the coordinator, and when; pure, with time passed in.

A move's phase goes before a registration, and that before a heartbeat. A message that was
refused as out of date isn't sent again until something has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

FIRST_RETRY_S = 1.0
MAX_RETRY_S = 60.0
ABORTED = "aborted"
_HOUR_S = 3_600.0


class MessageKind(StrEnum):
    """What is told; the values are the coordinator's paths."""

    HANDOVER = "/api/handover"
    REGISTER = "/api/worker/register"
    HEARTBEAT = "/api/worker/heartbeat"


class AnswerVerdict(StrEnum):
    """What became of a message: taken; refused because others are ahead of it; refused for
    itself; or nobody knows."""

    TAKEN = "taken"
    OUTDATED = "outdated"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PlannedMove:
    """A planned move as its holder knows it. `left_s` is how far ahead its T-0 lies."""

    id: str
    from_: str
    to: str
    phase: str
    left_s: float | None = None


@dataclass(frozen=True, slots=True)
class SessionNews:
    """What there is to tell at a moment. `holds` says that this session has the lease, and
    `serves` that its workload is ready under it; `ended` that this is its last word."""

    account: str
    worker_id: str
    epoch: int
    status: str
    remaining_s: float
    has_lease: bool = False
    is_serving: bool = False
    is_last: bool = False
    url: str | None = None
    takeover: bool = False
    previous_session: str | None = None
    move: PlannedMove | None = None
    machine: Mapping[str, Any] = field(default_factory=dict)
    """cpu_cores, ram_gb, gpu_available, worker_type."""


@dataclass(frozen=True, slots=True)
class CoordinatorMessage:
    """One call. `token` is what of it has been told once it is taken."""

    kind: MessageKind
    fingerprint: tuple[Any, ...]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CoordinatorAnswer:
    """What became of a message; `why` where it wasn't taken. `unregistered`: the coordinator
    doesn't know this session as the primary that it says it is."""

    verdict: AnswerVerdict
    why: str = ""
    unregistered: bool = False


@dataclass(frozen=True, slots=True)
class SentState:
    """What the coordinator has taken, and what it refused. A time is by the monotonic clock."""

    acknowledged: Mapping[MessageKind, tuple[Any, ...]] = field(default_factory=dict)
    heartbeat_mono: float = float("-inf")
    wait_until_mono: float = float("-inf")
    failures: int = 0
    why: str | None = None
    """Why the last call failed; None while all is well."""


def next_message(
    news: SessionNews, sent: SentState, now_mono: float, wall_s: float, every_s: float
) -> CoordinatorMessage | None:
    """What is to be said now; None for nothing. `every_s` is the heartbeat's interval."""
    if now_mono < sent.wait_until_mono:
        return None
    for message in (_handover(news, sent), _registration(news)):
        if message is not None and sent.acknowledged.get(message.kind) != message.fingerprint:
            return message
    beat = _heartbeat(news, wall_s)
    is_due = now_mono - sent.heartbeat_mono >= every_s
    return beat if is_due or sent.acknowledged.get(beat.kind) != beat.fingerprint else None


def wait_s(news: SessionNews, sent: SentState, now_mono: float, every_s: float) -> float:
    """How long there will be nothing to say, if nothing changes."""
    if next_message(news, sent, now_mono, 0.0, every_s) is not None:
        return 0.0
    return max(sent.heartbeat_mono + every_s, sent.wait_until_mono) - now_mono


def after_answer(
    sent: SentState,
    message: CoordinatorMessage,
    answer: CoordinatorAnswer,
    now_mono: float,
    chance: float,
) -> SentState:
    """What is known after the answer, with `chance` in [0, 1). A failure is waited out, longer
    each time; what was refused won't be taken the next time either, so it counts as said."""
    if answer.verdict is AnswerVerdict.FAILED:
        failures = sent.failures + 1
        full_s = min(MAX_RETRY_S, FIRST_RETRY_S * 2.0 ** min(failures - 1, 10))
        # At least half of it: sessions that failed together must not come back together.
        pause_s = full_s * (0.5 + 0.5 * chance)
        until_mono = now_mono + pause_s
        return replace(sent, failures=failures, wait_until_mono=until_mono, why=answer.why)
    beat_mono = now_mono if message.kind is MessageKind.HEARTBEAT else sent.heartbeat_mono
    known = {**sent.acknowledged, message.kind: message.fingerprint}
    if answer.unregistered:
        # It has forgotten us: it was begun anew, or with an old database.
        known.pop(MessageKind.REGISTER, None)
    refused = answer.why if answer.verdict is AnswerVerdict.REFUSED else None
    return SentState(known, beat_mono, failures=0, why=refused)


def _handover(news: SessionNews, sent: SentState) -> CoordinatorMessage | None:
    if not news.has_lease:
        return None
    move = news.move
    before = sent.acknowledged.get(MessageKind.HANDOVER)
    if move is None:
        # One that was told of and is there no longer has been called off.
        if before is None or before[0] != news.epoch:
            return None
        move = PlannedMove(before[1], news.account, before[2], ABORTED)
    body = {
        "worker_id": news.worker_id,
        "account": news.account,
        "epoch": news.epoch,
        "plan": move.id,
        "from": move.from_,
        "to": move.to,
        "phase": move.phase,
        "left_s": move.left_s,
    }
    return CoordinatorMessage(
        MessageKind.HANDOVER, (news.epoch, move.id, move.to, move.phase), body
    )


def _registration(news: SessionNews) -> CoordinatorMessage | None:
    if not news.is_serving:
        return None
    body = {
        "worker_id": news.worker_id,
        "worker_url": news.url,
        "capabilities": dict(news.machine),
        "account": news.account,
        "epoch": news.epoch,
        "takeover": news.takeover,
        "previous_session": news.previous_session,
    }
    return CoordinatorMessage(MessageKind.REGISTER, (news.epoch, news.worker_id, news.url), body)


def _heartbeat(news: SessionNews, wall_s: float) -> CoordinatorMessage:
    body = {
        "worker_id": news.worker_id,
        "account": news.account,
        "epoch": news.epoch,
        "status": news.status,
        "session_remaining": round(news.remaining_s / _HOUR_S, 4),
        "timestamp": datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds"),
    }
    return CoordinatorMessage(
        MessageKind.HEARTBEAT, (news.worker_id, news.epoch, news.status), body
    )
