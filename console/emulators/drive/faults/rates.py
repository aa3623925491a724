"""When which fault happens: a seed and the requests in their order decide.

A request meets one fault at most.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from console.emulators.drive.faults.kinds import KINDS, FaultKind, RequestKind


@dataclass(slots=True)
class Durations:
    """How long things take that go wrong."""

    stale_s: float = 3.0
    unseen_s: float = 3.0
    stale_list_s: float = 30.0
    delay_s: float = 2.0
    late_s: float = 4.0
    pause_s: float = 0.05
    retry_after_s: int = 1


class Faults:
    """The rates, from 0 (never) to 1 (always), and what has been met so far.

    `faults["lost"] = 0.1` sets one; names are those of `KINDS`.
    """

    def __init__(self, rates: Mapping[str, float] | None = None, seed: int = 0) -> None:
        self.counts: Counter[str] = Counter()
        self.durations = Durations()
        self._random = random.Random(seed)  # noqa: S311 - a seed has to repeat it
        self._lock = threading.Lock()
        self._rates: dict[str, float] = {}
        self._next: dict[str, int] = {}
        self.set(rates or {})

    def __setitem__(self, name: str, rate: float) -> None:
        if name not in KINDS:
            raise KeyError(f"{name}: there is no such fault")
        if not 0 <= rate <= 1:
            raise ValueError(f"{name}: a rate is from 0 to 1")
        self._rates[name] = rate

    def __getitem__(self, name: str) -> float:
        return self._rates.get(name, 0.0)

    def set(self, rates: Mapping[str, float]) -> None:
        """Several rates at once."""
        for name, rate in rates.items():
            self[name] = rate

    def clear(self) -> None:
        """From now on nothing goes wrong."""
        with self._lock:
            self._rates.clear()
            self._next.clear()

    def force_next(self, name: str, times: int = 1) -> None:
        """The next requests that it can befall meet this fault."""
        with self._lock:
            self._next[KINDS[name].name] = times

    def rates(self) -> dict[str, float]:
        return {name: rate for name, rate in self._rates.items() if rate}

    def draw(self, sorts: frozenset[RequestKind]) -> FaultKind | None:
        """The fault that the next request meets, if any."""
        if not self._rates and not self._next:
            return None
        with self._lock:
            for kind in KINDS.values():
                if sorts & kind.on and self._happens(kind.name):
                    self.counts[kind.name] += 1
                    return kind
        return None

    def _happens(self, name: str) -> bool:
        if self._next.get(name):
            self._next[name] -= 1
            return True
        return self._random.random() < self[name] if self[name] else False

    def choose(self, among: tuple[int, ...]) -> int:
        """One of several, by the same dice."""
        with self._lock:
            return self._random.choice(among)
