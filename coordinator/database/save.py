"""Rows from the state: which rows a draft changes, and what of the past goes with them."""

from __future__ import annotations

import json

from sqlalchemy import Connection, Table, delete, select, update

from coordinator.database import tables
from coordinator.database.engine import upsert
from coordinator.state import MAX_EVENTS, MAX_MOVES, Handover, Primary
from coordinator.transitions import StateDraft


def write_changes(connection: Connection, draft: StateDraft) -> None:
    """Write all that a draft changes, in the transaction that is open."""
    _sessions(connection, draft)
    if draft.primary is not None and draft.primary is not draft.base.primary:
        _registration(connection, draft.primary)
    if draft.handover is not None and draft.handover is not draft.base.handover:
        _handover(connection, draft.handover)
    if draft.moves:
        _moves(connection, draft)
    if draft.events or draft.fence != draft.base.fence:
        _state(connection, draft)


def _sessions(connection: Connection, draft: StateDraft) -> None:
    rows = [
        {
            "account": session.account,
            "worker_id": session.worker_id,
            "epoch": session.epoch,
            "status": session.status,
            "remaining_s": session.remaining_s,
            "seen_at": session.at.wall,
        }
        for session in draft.sessions.values()
    ]
    upsert(connection, tables.sessions, rows)


def _registration(connection: Connection, primary: Primary) -> None:
    row = {
        "epoch": primary.epoch,
        "account": primary.account,
        "worker_id": primary.worker_id,
        "url": primary.url,
        "capabilities": json.dumps(dict(primary.capabilities)),
        "since_at": primary.since.wall,
    }
    upsert(connection, tables.registrations, [row])
    _prune(connection, tables.registrations)


def _handover(connection: Connection, handover: Handover) -> None:
    still = handover.quiesced_since
    row = {
        "id": 1,
        "epoch": handover.epoch,
        "plan": handover.plan,
        "from_account": handover.from_,
        "to_account": handover.to,
        "phase": handover.phase,
        "left_s": handover.left_s,
        "told_at": handover.at.wall,
        "still_since_at": None if still is None else still.wall,
    }
    upsert(connection, tables.handover, [row])


def _moves(connection: Connection, draft: StateDraft) -> None:
    rows = {
        move.epoch: {
            "epoch": move.epoch,
            "kind": move.kind.value,
            "from_account": move.from_,
            "to_account": move.to,
            "downtime_s": move.downtime_s,
            "moved_at": move.at.wall,
        }
        for move in draft.moves
    }
    upsert(connection, tables.moves, list(rows.values()))
    _prune(connection, tables.moves)


def _prune(connection: Connection, table: Table) -> None:
    """Let go of all but the highest epochs; by count, for one that never was may lie far ahead."""
    epoch = table.c.epoch
    oldest = select(epoch).order_by(epoch.desc()).offset(MAX_MOVES).limit(1).scalar_subquery()
    connection.execute(delete(table).where(epoch <= oldest))


def _state(connection: Connection, draft: StateDraft) -> None:
    rows = [{"id": event.id, "kind": event.kind, "data": event.data} for event in draft.events]
    upsert(connection, tables.events, rows)
    last = draft.events[-1].id if draft.events else draft.base.last_event_id
    connection.execute(delete(tables.events).where(tables.events.c.id <= last - MAX_EVENTS))
    connection.execute(
        update(tables.state).values(
            epoch=draft.fence.epoch, holder=draft.fence.holder, last_event=last
        )
    )
