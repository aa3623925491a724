"""Goal: wall clocks that are stepped by seconds to a month, or run at half or twice the rate.

Method: libfaketime reads from a file by how much, at every look. They stay as they
were set, so that a fleet's clocks are further and further apart. The workload and
its journal keep the true time.
"""

from __future__ import annotations

import random

from sessionlib.clock import sleep
from tests.chaos.fault_injection import FaultInjector

STEPS = ("1s", "10s", "2m", "61m", "11h", "3d", "30d")
RATES = (0.5, 0.9, 1.1, 1.5, 2.0)


def step(scene: FaultInjector, chance: random.Random) -> None:
    """One, or several in turn."""
    account = scene.anybody(chance)
    for _ in range(chance.choice([1, 1, 2, 4])):
        scene.count("clocks_stepped")
        scene.machines.clocks[account].set(chance.choice("+-") + chance.choice(STEPS))
        sleep(chance.uniform(0.1, 0.7) * scene.ttl_s)


def rate(scene: FaultInjector, chance: random.Random) -> None:
    """Wrong for a while, and then right, which is a step too."""
    account = scene.anybody(chance)
    scene.count("clocks_at_another_rate")
    off = chance.choice("+-") + chance.choice(("0", *STEPS[:4]))
    scene.machines.clocks[account].set(f"{off} x{chance.choice(RATES)}")
    sleep(chance.uniform(0.5, 1.5) * scene.ttl_s)
    if chance.random() < 0.5:
        scene.machines.clocks[account].set("+0")
