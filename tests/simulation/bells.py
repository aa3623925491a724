"""The coordinator's doorbell, as the agents of a simulated fleet hear it.

Goal: that nothing but latency depends on it. Method: it rings after writes, late, twice or
not at all; for some time it is silent, and for some it rings all the time for nothing, as
one would that stalls, forgets, comes back with an old database, or lies. All of it from a
stream of chance of its own.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from sessionlib.core.events import DoorbellRang
from tests.simulation.faults import Kind

if TYPE_CHECKING:
    from tests.simulation.node import Node
    from tests.simulation.world import Fleet

MOOD_S = 120.0
"""For how long, about, it is in one of its moods."""
LIE_S = 0.5
HEARD = 0.9
"""Of the rings that are meant so many arrive, each at each agent."""


class Doorbell:
    """Rings for a fleet. It says nothing but that there may be news."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._chance = random.Random(f"{fleet.seed}/bell")
        self._mood = "well"
        self._change()

    def ring(self) -> None:
        """Something was written."""
        if self._mood != "silent":
            self._ring_all()

    def _change(self) -> None:
        fleet, chance = self._fleet, self._chance
        self._mood = chance.choice(["well", "well", "silent", "lying"])
        if self._mood == "silent":
            fleet.count(Kind.BELL_SILENT)
        if self._mood == "lying":
            fleet.count(Kind.BELL_LIES)
            self._lie()
        fleet.after(chance.expovariate(1 / MOOD_S), self._change)

    def _lie(self) -> None:
        if self._mood == "lying":
            self._ring_all()
            self._fleet.after(self._chance.uniform(0.0, LIE_S), self._lie)

    def _ring_all(self) -> None:
        fleet, chance = self._fleet, self._chance
        for node in fleet.nodes:
            if chance.random() < HEARD and not fleet.is_cut_off(node):
                late_s = chance.choice([0.05, 0.05, 0.05, 10.0]) * chance.random()
                fleet.after(late_s, _rings(node, node.life))


def _rings(node: Node, life: int) -> Callable[[], None]:
    def ring() -> None:
        if node.life == life:
            node.deliver(DoorbellRang())

    return ring


class NoDoorbell:
    """A fleet without a coordinator."""

    def ring(self) -> None:
        """Nobody hears it."""
