"""The algorithm of the document that the project comes from, as it stands there.

Goal: a known-bad that has to die at once. Method: a state file in the shared folder with
`status` and a timestamp, saved by whoever thinks it is active every five minutes, read
by the others every minute. Missing, torn or older than ten minutes, by the reader's own
wall clock and by the seconds of the difference, means dead; whoever finds it dead takes
over. A planned move is a signal file that every standby obeys. Nobody ever looks whether
it is still the active one.
"""

from __future__ import annotations

import random

from tests.simulation.clocks import Clocks
from tests.simulation.faults import PLAIN, Kind, schedule
from tests.simulation.truth import Violation

SAVE_S = 300.0
LOOK_S = 60.0
DEAD_S = 600
HANDOVER_S = 12 * 3600 - 7200.0
DAY_S = 86_400
TORN = 0.02
"""How many reads meet a file that is being written, or a mount that isn't there."""


class OriginNode:
    """One notebook."""

    def __init__(self, name: str, chance: random.Random) -> None:
        self.name = name
        self.clocks = Clocks(chance, 0.0)
        # In its favour: all set right when it begins, to a second.
        self.clocks.step(0.0, 1.8e9 - self.clocks.now(0.0).wall + chance.uniform(0, 1))
        self.active = False
        self.down_until = 0.0
        self.cut_off_until = 0.0
        self.frozen_until = 0.0

    def runs(self, t: float) -> bool:
        return t >= self.down_until and t >= self.frozen_until


def lives(seed: int, hours: float = 12.0) -> float:
    """Run it; seconds until two work at once. Raises Violation then."""
    chance = random.Random(f"{seed}/origin")
    nodes = [OriginNode(name, chance) for name in "abc"]
    nodes[0].active = True
    faults = {int(f.at_s): f for f in schedule(seed, PLAIN, ("a", "b", "c"), hours)}
    saved: float | None = nodes[0].clocks.now(0.0).wall
    signal_at: float | None = None
    for t in range(int(hours * 3600)):
        fault = faults.get(t)
        node = next((n for n in nodes if fault is not None and n.name == fault.account), None)
        if fault is not None and node is not None:
            _strike(node, fault.kind, t, fault.for_s)
        if t == HANDOVER_S:
            signal_at = float(t)
        for node in nodes:
            if not node.runs(t):
                continue
            if node.active and t % SAVE_S == 0 and t >= node.cut_off_until:
                saved = node.clocks.now(t).wall
            if not node.active and t % LOOK_S == 0 and _thinks_dead(node, t, saved, chance):
                node.active = True
            if not node.active and signal_at is not None and t - signal_at < DEAD_S:
                node.active = node.active or t % LOOK_S == 0
        working = [node.name for node in nodes if node.active and node.runs(t)]
        if len(working) > 1:
            raise Violation("S1", f"two work at once after {t / 3600:.1f} h: {working}")
    return hours * 3600


def _thinks_dead(node: OriginNode, t: float, saved: float | None, chance: random.Random) -> bool:
    if saved is None or t < node.cut_off_until or chance.random() < TORN:
        return True
    # As `timedelta.seconds` has it: of a negative difference the rest of a day.
    return int(node.clocks.now(t).wall - saved) % DAY_S > DEAD_S


def _strike(node: OriginNode, kind: Kind, t: float, for_s: float) -> None:
    match kind:
        case Kind.KILL | Kind.TERM:
            node.active, node.down_until = False, t + 60
        case Kind.FREEZE | Kind.SLEEP:
            node.frozen_until = t + for_s
        case Kind.PARTITION | Kind.DEAF:
            node.cut_off_until = t + for_s
        case _:
            pass
