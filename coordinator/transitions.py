"""What a message changes: whether it counts, and which part of the state it changes; pure.

A `StateDraft` gathers the changes, so that nobody sees them before they are durable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from coordinator.fencing import EpochFence, Ruling, judge_epoch
from coordinator.state import (
    HOLDING_STATUSES,
    QUIESCED_PHASES,
    SERVING_STATUS,
    BellEvent,
    EndedMove,
    EndedMoveKind,
    Handover,
    Primary,
    SessionRecord,
    State,
)
from sessionlib.core.values import Instant


@dataclass(frozen=True, slots=True)
class HeartbeatMessage:
    """A session says that it is alive."""

    worker_id: str
    account: str
    epoch: int
    status: str
    remaining_s: float


@dataclass(frozen=True, slots=True)
class RegistrationMessage:
    """A session says that it is the primary, and where it can be reached."""

    worker_id: str
    account: str
    epoch: int
    url: str | None
    capabilities: Mapping[str, Any]
    takeover: bool
    previous: str | None


@dataclass(frozen=True, slots=True)
class PhaseMessage:
    """The holder says how far a planned move has come."""

    account: str
    epoch: int
    plan: str
    from_: str
    to: str
    phase: str
    left_s: float | None


WorkerMessage = HeartbeatMessage | RegistrationMessage | PhaseMessage


@dataclass(frozen=True, slots=True)
class TransitionOutcome:
    """What became of a message. `epoch` is the highest known after it, `holder` who has that.

    `unregistered` tells a session that says it serves: nobody knows where.
    """

    ruling: Ruling
    epoch: int
    holder: str | None
    unregistered: bool = False


@dataclass(slots=True)
class StateDraft:
    """What some messages change of a state, together."""

    base: State
    fence: EpochFence = field(init=False)
    primary: Primary | None = field(init=False)
    handover: Handover | None = field(init=False)
    sessions: dict[str, SessionRecord] = field(default_factory=dict)
    moves: list[EndedMove] = field(default_factory=list)
    events: list[BellEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fence = self.base.fence
        self.primary = self.base.primary
        self.handover = self.base.handover

    def session(self, account: str) -> SessionRecord | None:
        """The account's session as it is after what was taken so far."""
        return self.sessions.get(account) or self.base.sessions.get(account)

    def has_changes(self) -> bool:
        """Whether there is anything to keep."""
        base = self.base
        return bool(self.sessions or self.events) or (
            (self.fence, self.primary, self.handover) != (base.fence, base.primary, base.handover)
        )

    def add_event(self, kind: str, **data: Any) -> None:
        """Let the bell ring once this is kept."""
        number = self.base.last_event_id + len(self.events) + 1
        self.events.append(BellEvent(number, kind, json.dumps(data)))

    def apply(self) -> None:
        """Make the changes part of the state they began from. They are durable by now."""
        state = self.base
        state.fence, state.primary, state.handover = self.fence, self.primary, self.handover
        state.sessions.update(self.sessions)
        state.moves.extend(self.moves)
        state.events.extend(self.events)
        if self.events:
            state.last_event_id = self.events[-1].id


def apply_message(draft: StateDraft, message: WorkerMessage, now: Instant) -> TransitionOutcome:
    """Judge a message and gather what it changes."""
    as_holder = not isinstance(message, HeartbeatMessage)
    before = draft.fence
    ruling, draft.fence = judge_epoch(before, message.account, message.epoch, as_holder=as_holder)
    if ruling is Ruling.ACCEPTED:
        if draft.fence.epoch > before.epoch:
            draft.add_event("epoch", epoch=draft.fence.epoch, holder=draft.fence.holder)
        if isinstance(message, HeartbeatMessage):
            _apply_heartbeat(draft, message, now)
        elif isinstance(message, RegistrationMessage):
            _apply_registration(draft, message, now)
        else:
            _apply_handover(draft, message, now)
    return TransitionOutcome(
        ruling,
        draft.fence.epoch,
        draft.fence.holder,
        unregistered=isinstance(message, HeartbeatMessage) and _is_unregistered(draft, message),
    )


def _is_unregistered(draft: StateDraft, beat: HeartbeatMessage) -> bool:
    if beat.status != SERVING_STATUS:
        return False
    primary = draft.primary
    return primary is None or (primary.epoch, primary.worker_id) != (beat.epoch, beat.worker_id)


def _apply_heartbeat(draft: StateDraft, beat: HeartbeatMessage, now: Instant) -> None:
    before = draft.session(beat.account)
    draft.sessions[beat.account] = SessionRecord(
        beat.account, beat.worker_id, beat.epoch, beat.status, beat.remaining_s, now
    )
    if before is None or (before.worker_id, before.status) != (beat.worker_id, beat.status):
        draft.add_event("session", account=beat.account, status=beat.status, epoch=beat.epoch)


def _apply_registration(draft: StateDraft, registration: RegistrationMessage, now: Instant) -> None:
    before = draft.primary
    is_new = before is None or before.epoch != registration.epoch
    since = now if before is None or is_new else before.since
    if is_new:
        draft.moves.append(_ended_move(draft, registration, now))
    draft.primary = Primary(
        registration.epoch,
        registration.account,
        registration.worker_id,
        registration.url,
        registration.capabilities,
        since,
    )
    session = draft.session(registration.account)
    left_s = 0.0
    if session is not None and session.worker_id == registration.worker_id:
        left_s = max(0.0, session.remaining_s - session.age_s(now))
    draft.sessions[registration.account] = SessionRecord(
        registration.account,
        registration.worker_id,
        registration.epoch,
        SERVING_STATUS,
        left_s,
        now,
    )
    if before != draft.primary:
        draft.add_event("primary", account=registration.account, epoch=registration.epoch)


def _ended_move(draft: StateDraft, registration: RegistrationMessage, now: Instant) -> EndedMove:
    before = draft.primary
    if before is None:
        return EndedMove(
            registration.epoch,
            EndedMoveKind.FIRST,
            registration.previous,
            registration.account,
            None,
            now,
        )
    kind = EndedMoveKind.TAKEOVER if registration.takeover else EndedMoveKind.PLANNED
    stopped = _stopped_at(draft, before)
    down_s = None if stopped is None else max(0.0, now.boot - stopped.boot)
    return EndedMove(registration.epoch, kind, before.account, registration.account, down_s, now)


def _stopped_at(draft: StateDraft, before: Primary) -> Instant | None:
    """When the former primary was known to serve last."""
    handover = draft.handover
    if handover is not None and handover.epoch == before.epoch and handover.quiesced_since:
        return handover.quiesced_since
    session = draft.session(before.account)
    return session.at if session is not None and session.status in HOLDING_STATUSES else None


def _apply_handover(draft: StateDraft, update: PhaseMessage, now: Instant) -> None:
    before = draft.handover
    is_same_plan = before is not None and (before.epoch, before.plan) == (update.epoch, update.plan)
    still_since = None
    if update.phase in QUIESCED_PHASES:
        still_since = before.quiesced_since if before is not None and is_same_plan else None
        still_since = still_since or now
    draft.handover = Handover(
        update.epoch,
        update.plan,
        update.from_,
        update.to,
        update.phase,
        update.left_s,
        now,
        still_since,
    )
    if before is None or not is_same_plan or (before.to, before.phase) != (update.to, update.phase):
        draft.add_event(
            "handover", plan=update.plan, to=update.to, phase=update.phase, **{"from": update.from_}
        )
