"""What waits to be sent, to whom, and when the next attempt is due; pure.

It also decides what an agent's restart keeps, and how long a notice is news.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from sessionlib.notices.wording import Level, Notice

TRIES = 8
FIRST_RETRY_S = 5.0
MAX_RETRY_S = 300.0
GROWTH = 3.0
"""5 s, 15 s, 45 s and so on: about a quarter of an hour in all."""
STALE_S = 3_600.0
"""What couldn't be sent for so long isn't sent any more after a restart: it would mislead."""
MOST_WAITING = 30
MOST_TOLD = 300


class DeliveryResult(StrEnum):
    """What became of one attempt at one receiver: taken; refused in a way that another try
    won't change; not taken this time."""

    TAKEN = "taken"
    UNUSABLE = "unusable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DeliveryAnswer:
    """`why` says it in words that hold nothing of the address."""

    fate: DeliveryResult
    why: str = ""


@dataclass(frozen=True, slots=True)
class QueuedNotice:
    """A notice on its way. `left` are the numbers of the receivers that haven't taken it;
    `since_wall` is for its age after a restart, `due_mono` when it is tried next."""

    notice: Notice
    left: tuple[int, ...]
    since_wall: float
    tries: int = 0
    due_mono: float = 0.0


def next_due(letters: Sequence[QueuedNotice], now_mono: float) -> QueuedNotice | None:
    """The first that is to be sent now."""
    return next((letter for letter in letters if letter.due_mono <= now_mono), None)


def rest_s(letters: Sequence[QueuedNotice], now_mono: float) -> float | None:
    """How long nothing is due; None where nothing waits."""
    return min((letter.due_mono - now_mono for letter in letters), default=None)


def take_due(letter: QueuedNotice, number: int) -> QueuedNotice:
    """The letter once a receiver has taken it, while others are still being asked."""
    return replace(letter, left=tuple(each for each in letter.left if each != number))


def record_answer(
    letter: QueuedNotice, answers: Sequence[DeliveryAnswer], now_mono: float, chance: float
) -> QueuedNotice | None:
    """The letter after an attempt, with an answer for each of `left` and `chance` in [0, 1);
    None where nothing of it is left to do."""
    pairs = zip(letter.left, answers, strict=True)
    left = tuple(number for number, answer in pairs if answer.fate is DeliveryResult.FAILED)
    tries = letter.tries + 1
    if not left or tries >= TRIES:
        return None
    full_s = min(MAX_RETRY_S, FIRST_RETRY_S * GROWTH ** (tries - 1))
    # At least half of it: agents that were turned away together must not come back together.
    pause_s = full_s * (0.5 + 0.5 * chance)
    return replace(letter, left=left, tries=tries, due_mono=now_mono + pause_s)


def to_state(told: Sequence[str], letters: Sequence[QueuedNotice]) -> dict[str, Any]:
    """What a restarted agent has to know, as JSON. Addresses aren't part of it."""
    waiting = [
        {
            **asdict(letter.notice),
            "left": letter.left,
            "since_wall": letter.since_wall,
            "tries": letter.tries,
        }
        for letter in letters
    ]
    return {"told": list(told)[-MOST_TOLD:], "waiting": waiting}


def from_state(
    body: dict[str, Any], receivers: int, now_wall: float
) -> tuple[tuple[str, ...], list[QueuedNotice]]:
    """What `kept` has said, as far as it can be used; nothing in it keeps an agent from
    starting. `receivers` is how many there are by now."""
    told = body.get("told")
    keys = tuple(key for key in told if isinstance(key, str)) if isinstance(told, list) else ()
    waiting = body.get("waiting")
    letters = [_letter(each, receivers) for each in waiting] if isinstance(waiting, list) else []
    young = [one for one in letters if one and 0 <= now_wall - one.since_wall <= STALE_S]
    return keys, young[-MOST_WAITING:]


def _letter(body: Any, receivers: int) -> QueuedNotice | None:
    try:
        notice = Notice(
            str(body["key"]), Level(body["level"]), str(body["title"]), str(body["body"])
        )
        left = tuple(number for number in map(int, body["left"]) if 0 <= number < receivers)
        letter = QueuedNotice(notice, left, float(body["since_wall"]), int(body["tries"]))
    except (KeyError, TypeError, ValueError):
        return None
    return letter if left else None
