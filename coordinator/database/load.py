"""The state from rows.

An instant that was kept by the wall clock becomes one by all clocks of this machine: as long
ago as the wall clock says, and never in the future.
"""

from __future__ import annotations

import json
from collections import deque

from sqlalchemy import Connection, select

from coordinator.database import tables
from coordinator.fencing import EpochFence
from coordinator.state import (
    MAX_EVENTS,
    MAX_MOVES,
    BellEvent,
    EndedMove,
    EndedMoveKind,
    Handover,
    Primary,
    SessionRecord,
    State,
)
from sessionlib.core.values import Instant


def load_state(connection: Connection, now: Instant) -> State:
    """All that is kept."""
    state = connection.execute(select(tables.state)).one()
    return State(
        fence=EpochFence(state.epoch, state.holder),
        primary=_primary(connection, now),
        handover=_handover(connection, now),
        sessions=_sessions(connection, now),
        moves=_moves(connection, now),
        events=_events(connection),
        last_event_id=state.last_event,
        revision=state.revision,
    )


def instant_of(wall: float, now: Instant) -> Instant:
    """A moment of the past by all clocks, by what the wall clock said then and says now."""
    age_s = max(0.0, now.wall - wall)
    return Instant(boot=now.boot - age_s, mono=now.mono - age_s, wall=now.wall - age_s)


def _primary(connection: Connection, now: Instant) -> Primary | None:
    table = tables.registrations
    row = connection.execute(select(table).order_by(table.c.epoch.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return Primary(
        row.epoch,
        row.account,
        row.worker_id,
        row.url,
        json.loads(row.capabilities),
        instant_of(row.since_at, now),
    )


def _handover(connection: Connection, now: Instant) -> Handover | None:
    row = connection.execute(select(tables.handover)).one_or_none()
    if row is None:
        return None
    still = row.still_since_at
    return Handover(
        row.epoch,
        row.plan,
        row.from_account,
        row.to_account,
        row.phase,
        row.left_s,
        instant_of(row.told_at, now),
        None if still is None else instant_of(still, now),
    )


def _sessions(connection: Connection, now: Instant) -> dict[str, SessionRecord]:
    return {
        row.account: SessionRecord(
            row.account,
            row.worker_id,
            row.epoch,
            row.status,
            row.remaining_s,
            instant_of(row.seen_at, now),
        )
        for row in connection.execute(select(tables.sessions))
    }


def _moves(connection: Connection, now: Instant) -> deque[EndedMove]:
    table = tables.moves
    rows = connection.execute(select(table).order_by(table.c.epoch.desc()).limit(MAX_MOVES)).all()
    moves = (
        EndedMove(
            row.epoch,
            EndedMoveKind(row.kind),
            row.from_account,
            row.to_account,
            row.downtime_s,
            instant_of(row.moved_at, now),
        )
        for row in reversed(rows)
    )
    return deque(moves, MAX_MOVES)


def _events(connection: Connection) -> deque[BellEvent]:
    table = tables.events
    rows = connection.execute(select(table).order_by(table.c.id.desc()).limit(MAX_EVENTS)).all()
    return deque((BellEvent(row.id, row.kind, row.data) for row in reversed(rows)), MAX_EVENTS)
