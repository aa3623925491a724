"""Every state that can be reached.

Method: breadth first. States are numbers and the visited ones are kept whole in a
dictionary, each with the one that it was first reached from: nothing is hashed away, so
no two states can be taken for one, and a broken promise comes with a shortest way to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.model.whole import PromiseBroken, Whole


@dataclass(frozen=True)
class Found:
    """A broken promise, and the states that lead to it."""

    why: str
    path: tuple[int, ...]


@dataclass
class Explored:
    """How far an exploration has come. `transitions` counts every event in every state."""

    states: int = 0
    transitions: int = 0
    depth: int = 0
    is_complete: bool = False
    found: Found | None = None


Tell = Callable[[Explored, int], None]


def silently(explored: Explored, frontier: int) -> None:
    """Tell nobody."""


def explore(
    whole: Whole, most: int | None = None, tell: Tell = silently
) -> tuple[Explored, dict[int, int]]:
    """Every state, each with the state that it was first reached from; up to the first broken
    promise, or until there are more than `most`."""
    first = whole.first()
    seen = {first: first}
    explored = Explored(states=1)
    frontier = [first]
    while frontier:
        frontier = _next_states(whole, frontier, seen, explored)
        explored.states = len(seen)
        if explored.found is not None:
            return explored, seen
        explored.depth += 1 if frontier else 0
        tell(explored, len(frontier))
        if most is not None and explored.states > most:
            return explored, seen
    explored.is_complete = True
    return explored, seen


def _next_states(
    whole: Whole, frontier: list[int], seen: dict[int, int], explored: Explored
) -> list[int]:
    """The states that follow from those in `frontier` and are new."""
    after: list[int] = []
    for state in frontier:
        try:
            following = whole.following(state)
        except PromiseBroken as broken:
            explored.found = Found(str(broken), path_to(seen, state))
            return after
        explored.transitions += len(following)
        for to in following:
            if to not in seen:
                seen[to] = state
                after.append(to)
                why = whole.broken(to)
                if why is not None:
                    explored.found = Found(why, path_to(seen, to))
                    return after
    return after


def path_to(seen: dict[int, int], state: int) -> tuple[int, ...]:
    """The states on a shortest way to `state`."""
    path = [state]
    while seen[path[-1]] != path[-1]:
        path.append(seen[path[-1]])
    return tuple(reversed(path))
