"""What a mutant is: a name, what it takes out, and where that shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.faults import PLAIN, Odds
from tests.simulation.seeds import fleet_of, live
from tests.simulation.truth import Violation

MOST_SEEDS = 500


class Patch:
    """Replaces attributes, and puts them back."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, Any]] = []

    def set(self, where: Any, name: str, value: Any) -> None:
        self._before.append((where, name, where.__dict__[name]))
        setattr(where, name, value)

    def undo(self) -> None:
        while self._before:
            where, name, value = self._before.pop()
            setattr(where, name, value)


@dataclass(frozen=True)
class Mutant:
    """`mutate` takes the rule out; `fleet` holds what every seed's fleet is given, and `first`
    is the seed to begin with: where one shows rarely, near one that showed it."""

    name: str
    mutate: Callable[[Patch], None]
    odds: Odds = PLAIN
    hours: float = 1.0
    fleet: Mapping[str, Any] = field(default_factory=dict)
    first: int = 0

    @contextmanager
    def at_large(self) -> Iterator[None]:
        """While this lasts, the product is the mutant."""
        patch = Patch()
        self.mutate(patch)
        try:
            yield
        finally:
            patch.undo()

    def dies(self, seed: int) -> str | None:
        """What this seed finds wrong with it, if anything."""
        with self.at_large():
            fleet = fleet_of(seed, self.odds, hours=self.hours, **self.fleet)
            try:
                live(fleet)
            except Violation as error:
                return str(error)
            except AssertionError as error:
                return f"assertion: {error}"
        return None
