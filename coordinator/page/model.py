"""What the status page tells; pure. It names nobody.

It tells whether the work can be used, since when, whether a move is coming, and how the last
ones went.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from coordinator.state import State
from coordinator.view import ViewContext, is_lost, next_handover, primary_of

DAYS = 14
DAY_S = 86_400.0
LATEST = 5
SOON_S = 3_600.0
"""A session's end that is farther ahead is nobody's business yet."""
UNDER_WAY = frozenset({"quiescing", "offered"})


class ServiceStatus(StrEnum):
    """How it is, in a word."""

    UP = "up"
    MOVING = "moving"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class PastMove:
    """A move that has ended: when, in Unix seconds, and how long it took, where that is known."""

    at: float
    planned: bool
    downtime_s: float | None


@dataclass(frozen=True, slots=True)
class PageModel:
    """The page at a moment; times are Unix seconds. `days` counts the moves of each of the last
    days, today's last. `has_address`: `/go/` leads somewhere, for whoever may use it."""

    status: ServiceStatus
    now: float
    since: float | None
    move_at: float | None
    has_address: bool
    days: tuple[int, ...]
    latest_moves: tuple[PastMove, ...]


def page_model(state: State, at: ViewContext, *, public_primary: bool) -> PageModel:
    """What is told now. `open_door` says whether `/go/` needs no token."""
    primary = primary_of(state, at)
    coming = next_handover(state, at)
    in_s = None if coming is None else coming["in_s"]
    word = ServiceStatus.UP if primary is not None else ServiceStatus.DOWN
    if coming is not None and _is_under_way(state, coming, at):
        word = ServiceStatus.MOVING
    soon = in_s is not None and in_s <= SOON_S
    now = at.now.wall
    moves = [move for move in state.moves if move.epoch > 1]
    ages = [int((now - move.at.wall) // DAY_S) for move in moves]
    return PageModel(
        status=word,
        now=now,
        since=None if primary is None else primary.since.wall,
        move_at=now + in_s if soon and in_s is not None else None,
        has_address=public_primary and primary is not None and primary.url is not None,
        days=tuple(ages.count(day) for day in reversed(range(DAYS))),
        latest_moves=tuple(
            PastMove(move.at.wall, move.kind.value == "planned", move.downtime_s)
            for move in list(moves)[-LATEST:][::-1]
        ),
    )


def _is_under_way(state: State, coming: Mapping[str, Any], at: ViewContext) -> bool:
    """Whether it moves just now. Once neither of the two is heard of, it doesn't any more."""
    if coming["phase"] not in UNDER_WAY:
        return False
    both = (state.sessions.get(coming[end]) for end in ("from", "to"))
    return any(session is not None and not is_lost(session, at) for session in both)
