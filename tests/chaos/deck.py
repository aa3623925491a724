"""Goal: which harm comes when, decided by the seed alone.

Method: each fleet gets a deck of kinds, shuffled; without a number of rounds it is
dealt anew for as long as there is time. A fleet whose clocks are libfaketime's
gets the kinds about clocks and the plainest ones, and the others get all the rest:
what tampers with an agent's calls or files would tamper with libfaketime's.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from tests.chaos.harms import KINDS, OVERLAP
from tests.chaos.powers import Power

WITH_CLOCKS = ("planned", "sigterm", "sigkill", "sigstop", "thawed_at_the_deadline")
"""What wrong clocks have to be got along with."""
PLAIN = ("sigkill", "sigstop", "standby_killed", "standby_frozen")
"""What overlaps where nothing else is asked for."""
ALONE = ("two_of_three_stopped",)
"""With the third stopped too nobody could end work that runs on, and no machine does that."""
ALL_KINDS = (*KINDS, OVERLAP)


@dataclass(frozen=True, slots=True)
class Hand:
    """What one fleet gets: its number, whether its clocks are wrong, and kinds in order."""

    number: int
    clocked: bool
    kinds: tuple[str, ...]


def possible(kinds: Sequence[str], lacking: Collection[Power]) -> list[str]:
    """Those of `kinds` that can be done here."""
    return [kind for kind in kinds if kind == OVERLAP or KINDS[kind].needs not in lacking]


def is_of_clocks(kind: str) -> bool:
    return kind in KINDS and KINDS[kind].needs is Power.CLOCKS


def deal(kinds: Sequence[str], rounds: int, fleets: int, seed: int) -> list[Hand]:
    """Each kind `rounds` times, over `fleets` fleets. Kinds about clocks take one of them, so that
    where there are others too it takes two at least."""
    of_clocks = [kind for kind in kinds if is_of_clocks(kind)]
    others = [kind for kind in kinds if not is_of_clocks(kind)]
    numbers = list(range(1, max(fleets, bool(of_clocks) + bool(others)) + 1))
    hands = []
    if of_clocks:
        number = numbers.pop()
        beside = [kind for kind in WITH_CLOCKS if kind in others]
        hands = [Hand(number, True, _shuffled([*of_clocks, *beside] * rounds, seed, number))]
    cards = _shuffled(others * rounds, seed, 0)
    plain = [Hand(number, False, cards[at :: len(numbers)]) for at, number in enumerate(numbers)]
    return [hand for hand in [*plain, *hands] if hand.kinds]


def _shuffled(kinds: Sequence[str], seed: int, number: int) -> tuple[str, ...]:
    cards = list(kinds)
    random.Random(f"{seed}/{number}").shuffle(cards)
    return tuple(cards)


def dealt(hand: Hand, seed: int, *, again: bool) -> Iterator[tuple[str, random.Random]]:
    """The kinds of a hand, each with dice of its own: what one round does, however long it took
    and whatever it threw, doesn't change the next one's. With `again` there is no end."""
    at = 0
    while hand.kinds and (again or at < len(hand.kinds)):
        turn, place = divmod(at, len(hand.kinds))
        cards = hand.kinds if turn == 0 else _shuffled(hand.kinds, seed, hand.number * 1000 + turn)
        yield cards[place], random.Random(f"{seed}/{hand.number}/{at}")
        at += 1


def parts(kind: str, hand: Hand, chance: random.Random) -> list[str]:
    """The kinds that one round consists of: itself, or several at once, each of them once."""
    if kind != OVERLAP:
        return [kind]
    choice = sorted(set(hand.kinds) - {OVERLAP, *ALONE}) or list(PLAIN)
    return chance.sample(choice, k=min(chance.choice([2, 2, 3]), len(choice)))
