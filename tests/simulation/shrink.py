"""Making a failure short enough to be read.

Method: faults of the schedule are left out in ever smaller groups as long as the same
promise is still broken (delta debugging), then each thing that may befall a request is
switched off where it isn't needed. What happens depends on what has happened, so the
shorter run may break the promise in another way at another time; it is as good a find.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from tests.simulation.faults import Fault, Odds
from tests.simulation.seeds import fleet_of, live
from tests.simulation.truth import Violation
from tests.simulation.world import Fleet

REQUESTS = (
    "lost",
    "late",
    "duplicate",
    "slow",
    "stale",
    "torn",
    "missed",
    "copy_fails",
    "seal_fails",
    "guard_late",
    "midway",
    "spurious",
    "rate",
)
MOST_RUNS = 300


@dataclass(frozen=True, slots=True)
class Found:
    """A failure: what it takes, and how it went."""

    seed: int
    violation: str
    faults: tuple[Fault, ...]
    needed: tuple[str, ...]
    """What befalls requests and steps in it."""
    lines: tuple[str, ...]
    runs: int


class Shrinker:
    """One seed's failure. `make` builds its fleet, from odds, faults left out and a list for
    lines."""

    def __init__(self, make: Callable[..., Fleet]) -> None:
        self._make = make
        self.runs = 0

    def shrink(self, seed: int, odds: Odds) -> Found | None:
        """None where nothing is wrong with it."""
        first = self._try(odds, ())
        if first is None:
            return None
        fleet, rule, _ = first
        kept = [n for n, fault in enumerate(fleet.faults) if fault.at_s <= fleet.t]
        everything = set(range(len(fleet.faults)))

        def fails(keep: Collection[int]) -> bool:
            found = self._try(odds, everything - set(keep))
            return found is not None and found[1] == rule

        kept = self._fewer(kept, fails)
        needed = []
        for name in REQUESTS:
            without = replace(odds, **{name: 0.0})
            found = self._try(without, everything - set(kept))
            if found is not None and found[1] == rule:
                odds = without
            elif getattr(odds, name):
                needed.append(name)
        lines: list[str] = []
        last = self._try(odds, everything - set(kept), lines)
        assert last is not None, "it fails the second time as it did the first"
        faults = tuple(fleet.faults[n] for n in kept)
        return Found(seed, last[2], faults, tuple(needed), tuple(lines), self.runs)

    def _fewer(self, kept: list[int], fails: Callable[[Collection[int]], bool]) -> list[int]:
        size = max(1, len(kept) // 2)
        while kept and self.runs < MOST_RUNS:
            at, shorter = 0, False
            while at < len(kept) and self.runs < MOST_RUNS:
                without = kept[:at] + kept[at + size :]
                if fails(without):
                    kept, shorter = without, True
                else:
                    at += size
            if size == 1 and not shorter:
                break
            size = max(1, size // 2)
        return kept

    def _try(
        self, odds: Odds, left_out: Collection[int], lines: list[str] | None = None
    ) -> tuple[Fleet, str, str] | None:
        self.runs += 1
        fleet = self._make(odds, left_out, lines)
        try:
            live(fleet)
        except Violation as error:
            return fleet, error.rule, str(error)
        except Exception as error:  # noqa: BLE001 - a crash of the core is a finding like another
            return fleet, type(error).__name__, f"crash: {type(error).__name__}: {error}"
        return None


def shrink(seed: int, odds: Odds, **given: Any) -> Found | None:
    """The shortest failure of a seed that was found; None where nothing is wrong with it."""

    def make(odds: Odds, left_out: Collection[int], lines: list[str] | None = None) -> Fleet:
        return fleet_of(seed, odds, left_out=left_out, lines=lines, **given)

    return Shrinker(make).shrink(seed, odds)


def told(found: Found, last: int = 60) -> str:
    """A failure for people: what strikes, and the end of what happened."""
    faults = "\n".join(f"  {fault}" for fault in found.faults) or "  none"
    requests = ", ".join(found.needed) or "nothing"
    left = max(0, len(found.lines) - last)
    earlier = f"  ({left} lines before)\n" if left else ""
    happened = "\n".join(f"  {line}" for line in found.lines[-last:])
    return (
        f"seed {found.seed}: {found.violation}\n"
        f"what strikes (after {found.runs} runs to make it shorter):\n{faults}\n"
        f"what befalls requests and steps: {requests}\n"
        f"what happens:\n{earlier}{happened}"
    )
