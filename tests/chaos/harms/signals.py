"""Goal: SIGKILL, SIGSTOP and SIGCONT for agents, guards, reapers and workloads.

Method: to the holder, to standbys, to several, and at moments that dice choose;
freezes end before, at or after the lease's deadline.
"""

from __future__ import annotations

import random
import signal
from contextlib import ExitStack

from console.demo.demo_fleet import ACCOUNTS
from sessionlib.clock import sleep
from sessionlib.guard.tree import Proc
from tests.chaos.fault_injection import FaultInjector
from tests.e2e.fleet_fixture import boot_s

LOOK_S = 0.02
PAUSES_S = (0.0, 0.0, 0.001, 0.01, 0.1)


def kill_holder(scene: FaultInjector, chance: random.Random) -> None:
    holder = scene.holder()
    scene.kill(holder)
    # A restart at once must not make it any faster, nor bring back what was killed.
    scene.revive(holder, chance)


def kill_standby(scene: FaultInjector, chance: random.Random) -> None:
    standby = scene.standby(chance)
    scene.kill(standby)
    scene.revive(standby, chance)


def kill_all(scene: FaultInjector, chance: random.Random) -> None:
    accounts = chance.sample(list(ACCOUNTS), len(ACCOUNTS))
    for account in accounts:
        scene.kill(account)
        sleep(chance.choice(PAUSES_S))
    for account in chance.sample(accounts, len(accounts)):
        scene.revive(account, chance)


def freeze_holder(scene: FaultInjector, chance: random.Random) -> None:
    """For longer than the lease: until somebody else has it."""
    holder, epoch = scene.holder(), scene.fleet.lease().epoch if scene.alone else 0
    with scene.frozen(holder):
        if scene.alone:
            scene.fleet.works(above=epoch)
            sleep(chance.uniform(0, 1))
        else:
            sleep(chance.uniform(1.2, 2.0) * scene.ttl_s)


def thaw_at_the_deadline(scene: FaultInjector, chance: random.Random) -> None:
    """It may wake to a lease that is still good, about to end, or somebody else's."""
    with scene.frozen(scene.holder()):
        sleep(chance.uniform(0.7, 1.15) * scene.ttl_s)


def freeze_standby(scene: FaultInjector, chance: random.Random) -> None:
    with scene.frozen(scene.standby(chance)):
        sleep(chance.uniform(0.1, 1.3) * scene.ttl_s)


def freeze_two(scene: FaultInjector, chance: random.Random) -> None:
    """The holder, and the one that would succeed it."""
    with ExitStack() as frozen:
        holder = scene.holder()
        for account in chance.sample([holder, scene.standby(chance)], 2):
            frozen.enter_context(scene.frozen(account))
            sleep(chance.uniform(0, 0.5))
        sleep(chance.uniform(0.5, 1.3) * scene.ttl_s)


def end_guard(scene: FaultInjector, chance: random.Random) -> None:
    """Guard or reaper, killed or stopped: another pair takes the place of the two."""
    account = scene.anybody(chance)
    pair = scene.fleet.guards(account)
    if not pair:
        return
    victim = pair[chance.choice(sorted(pair))]
    number = chance.choice([signal.SIGKILL, signal.SIGSTOP])
    scene.count(f"guards_{number.name.lower()}")
    scene.signal_pid(victim.pid, number)
    _until(lambda: victim.pid not in {proc.pid for proc in scene.session(account)}, 10.0)


def kill_workload(scene: FaultInjector, chance: random.Random) -> None:
    running = scene.fleet.workload(scene.holder())
    if running:
        scene.count("workloads_sigkill")
        scene.signal_pid(chance.choice(running).pid, signal.SIGKILL)
    sleep(chance.uniform(0, 0.5))


def kill_agent_and_guard(scene: FaultInjector, chance: random.Random) -> None:
    """In quick turn, in either order."""
    holder = scene.holder()
    guard = scene.fleet.guards(holder).get("guard")
    kills = [lambda: scene.kill(holder), lambda: _kill_guard(scene, guard)]
    chance.shuffle(kills)
    kills[0]()
    sleep(chance.choice(PAUSES_S))
    kills[1]()
    scene.revive(holder, chance)


def stop_two_of_three(scene: FaultInjector, chance: random.Random) -> None:
    """Of agent, guard and reaper any two: the third must end the work in time. All three, with
    the work running on, would be no machine that there is; for a whole one see `whole_tree`."""
    holder = scene.holder()
    pair = scene.fleet.guards(holder)
    stopped = [scene.machines.pid(holder), *(pair[name].pid for name in sorted(pair))]
    chance.shuffle(stopped)
    scene.count("agents_sigstop" if scene.machines.pid(holder) in stopped[:2] else "pairs_sigstop")
    for pid in stopped[:2]:
        scene.signal_pid(pid, signal.SIGSTOP)
        sleep(chance.choice(PAUSES_S))
    sleep(chance.uniform(0.3, 1.5) * scene.ttl_s)
    for pid in chance.sample(stopped[:2], 2):
        scene.signal_pid(pid, signal.SIGCONT)


def _kill_guard(scene: FaultInjector, guard: Proc | None) -> None:
    if guard is not None:
        scene.count("guards_sigkill")
        scene.signal_pid(guard.pid, signal.SIGKILL)


def _until(look: object, within_s: float) -> None:
    assert callable(look)
    end_s = boot_s() + within_s
    while not look() and boot_s() < end_s:
        sleep(LOOK_S)
