"""Goal: moves in order, and what comes in between.

Method: orders as an operator gives them, SIGTERM, and a kill or a freeze at any
moment of a move, of the one that gives or the one that takes.
"""

from __future__ import annotations

import random
import signal

from sessionlib.clock import sleep
from sessionlib.errors import ColabvpsError
from tests.chaos.fault_injection import FaultInjector
from tests.e2e.fleet_fixture import boot_s

ORDER_TRIES = 4
MOVE_S = 8.0
END_S = 60.0


def planned(scene: FaultInjector, chance: random.Random) -> None:
    """A handover by order. On a busy machine a standby may seem to have stopped reporting, and
    the operator asks again."""
    epoch = _epoch(scene)
    for _ in range(ORDER_TRIES if scene.alone else 1):
        if not _order(scene, scene.standby(chance)) or _moved(scene, epoch):
            return


def sigterm(scene: FaultInjector, chance: random.Random) -> None:
    """A holder that is told to end seals, vacates and leaves."""
    holder, epoch = scene.holder(), _epoch(scene)
    scene.signal(holder, signal.SIGTERM)
    if scene.alone:
        code = scene.machines.exit_code(holder, END_S)
        assert code == 0, f"{holder} was told to end, and ended with code {code}"
        _moved(scene, epoch)
    scene.revive(holder, chance)


def killed_in_move(scene: FaultInjector, chance: random.Random) -> None:
    """SIGKILL of one of the two at some moment of a move."""
    giver, taker = scene.holder(), scene.standby(chance)
    _order(scene, taker)
    sleep(chance.uniform(0, 1.2))
    victim = chance.choice([giver, taker])
    scene.kill(victim)
    scene.revive(victim, chance)


def frozen_in_move(scene: FaultInjector, chance: random.Random) -> None:
    """SIGSTOP of one of the two at some moment of a move, for up to one and a half leases."""
    giver, taker = scene.holder(), scene.standby(chance)
    _order(scene, taker)
    sleep(chance.uniform(0, 1.2))
    with scene.frozen(chance.choice([giver, taker])):
        sleep(chance.uniform(0.05, 1.5 * scene.ttl_s))


def _order(scene: FaultInjector, to: str) -> bool:
    """False if the store can't take it now."""
    try:
        scene.fleet.order(to)
    except (ColabvpsError, AssertionError, OSError):
        assert not scene.alone, "an order can't be put into a store that is well"
        return False
    return True


def _epoch(scene: FaultInjector) -> int:
    try:
        return scene.fleet.lease().epoch
    except ColabvpsError:
        return 0


def _moved(scene: FaultInjector, epoch: int) -> bool:
    until_s = boot_s() + MOVE_S
    while boot_s() < until_s:
        if _epoch(scene) > epoch:
            return True
        sleep(0.02)
    return False
