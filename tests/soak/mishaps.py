"""Goal: the mishaps that a soak is made of, each from a whole fleet to a whole fleet.

Method: a mishap is done to whoever holds the lease, then somebody has to work
again, and whoever was harmed is brought back. How it went is judged later, from
the journal; only what can't be true of a working fleet fails here.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from sessionlib.clock import sleep
from sessionlib.core.values import Lease
from sessionlib.core.work import BACKOFF_LAST_S
from tests.e2e.fleet_fixture import Fleet, boot_s

END_S = 30.0
RESTART_AFTER_S = (0.0, 0.0, 0.3, 2.0)
"""An agent may come back at once, or when its successor has settled."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One fleet, and the dice."""

    fleet: Fleet
    chance: random.Random

    def bring_back(self, account: str) -> None:
        sleep(self.chance.choice(RESTART_AFTER_S))
        self.fleet.restart(account)


@dataclass(frozen=True, slots=True)
class Done:
    """A mishap that was survived: when it began, the lease before, and the one after."""

    kind: str
    at_s: float
    before: Lease
    after: Lease


def planned(scene: Scene, holder: str) -> Lease:
    return scene.fleet.move(scene.chance.choice(scene.fleet.others(holder)))


def sigterm(scene: Scene, holder: str) -> Lease:
    epoch = scene.fleet.lease().epoch
    scene.fleet.stage.signal(holder, signal.SIGTERM)
    after = scene.fleet.works(above=epoch)
    assert scene.fleet.stage.exit_code(holder, END_S) == 0
    scene.bring_back(holder)
    return after


def sigkill(scene: Scene, holder: str) -> Lease:
    epoch = scene.fleet.lease().epoch
    scene.fleet.stage.kill(holder)
    # A restart at once must not make it any faster, nor bring back what was killed.
    scene.bring_back(holder)
    return scene.fleet.works(above=epoch)


def sigstop(scene: Scene, holder: str) -> Lease:
    """SIGSTOP for longer than the lease, then SIGCONT."""
    epoch = scene.fleet.lease().epoch
    scene.fleet.stage.signal(holder, signal.SIGSTOP)
    after = scene.fleet.works(above=epoch)
    sleep(scene.chance.uniform(0, 1))
    scene.fleet.stage.signal(holder, signal.SIGCONT)
    assert scene.fleet.stage.exit_code(holder, END_S) == 1
    scene.bring_back(holder)
    return after


def kill_guard(scene: Scene, holder: str) -> Lease:
    fleet = scene.fleet
    killed = fleet.guard(holder)
    fleet.signal(killed, signal.SIGKILL)
    fleet.until(lambda: fleet.guard(holder).pid != killed.pid, "another guard")
    return fleet.works()


def kill_workload(scene: Scene, holder: str) -> Lease:
    fleet = scene.fleet
    fleet.until(partial(fleet.workload, holder), "its work runs")
    worker = fleet.workload(holder)[-1]
    fleet.signal(worker, signal.SIGKILL)
    fleet.until(lambda: worker not in fleet.workload(holder), "it is dead")
    # Killed often enough it is started again only after the longest backoff, or moved.
    return fleet.works(timeout_s=BACKOFF_LAST_S + END_S)


def kill_agent_and_guard(scene: Scene, holder: str) -> Lease:
    """In quick turn, in either order."""
    fleet = scene.fleet
    epoch = fleet.lease().epoch
    guard = fleet.guard(holder)
    kills: list[Callable[[], None]] = [
        lambda: fleet.stage.signal(holder, signal.SIGKILL),
        lambda: fleet.signal(guard, signal.SIGKILL),
    ]
    scene.chance.shuffle(kills)
    kills[0]()
    sleep(scene.chance.choice([0, 0, 0.001, 0.01, 0.1]))
    kills[1]()
    fleet.stage.kill(holder)
    scene.bring_back(holder)
    return fleet.works(above=epoch)


MISHAPS: Mapping[str, Callable[[Scene, str], Lease]] = {
    "planned": planned,
    "sigterm": sigterm,
    "sigkill": sigkill,
    "sigstop": sigstop,
    "guard": kill_guard,
    "workload": kill_workload,
    "agent_and_guard": kill_agent_and_guard,
}

KEEPS_THE_LEASE = {"guard", "workload"}


def suffer(scene: Scene, kind: str) -> Done:
    """One mishap of a kind. Raises AssertionError if the fleet doesn't get over it."""
    before = scene.fleet.works()
    assert before.holder is not None
    sleep(scene.chance.uniform(0, scene.fleet.timing.renew_s))
    at_s = boot_s()
    after = MISHAPS[kind](scene, before.holder)
    return Done(kind, at_s, before, after)
