"""Goal: one round: a whole fleet, harm, and a whole fleet again.

Method: at a random moment one harm or several at once; then everything is taken
back and whoever is dead started again, and somebody has to work, with the others
standing by. What can't be true of a fleet that got over it is an AssertionError;
how well it went is judged later, from the journals.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from console.demo.demo_fleet import ACCOUNTS
from sessionlib.clock import sleep
from sessionlib.core.values import Lease
from sessionlib.core.work import BACKOFF_LAST_S
from tests.chaos.fault_injection import FaultInjector
from tests.chaos.harms import KINDS
from tests.chaos.machines import Machines
from tests.e2e.fleet_fixture import Fleet, boot_s

END_S = 60.0
EXIT_CODES = {0, 1, 3, -9}
"""Ended as asked; failed, or fenced; left without a word from the store; killed."""


@dataclass(frozen=True, slots=True)
class Done:
    """A round: when the harm began, when it was over and when all was well, and the epochs."""

    kind: str
    parts: tuple[str, ...]
    at_s: float
    over_s: float
    well_s: float
    before: int
    after: int


def play(scene: FaultInjector, kind: str, parts: Sequence[str], chance: random.Random) -> Done:
    """Raises AssertionError if the fleet doesn't get over it."""
    fleet, machines = scene.fleet, scene.machines
    before = well(fleet, machines)
    sleep(chance.uniform(0, fleet.timing.renew_s))
    at_s = boot_s()
    try:
        _harm(scene, parts, chance)
    finally:
        over_s = boot_s()
        scene.heal()
    must_move = scene.alone and KINDS[parts[0]].moves
    after = well(fleet, machines, above=before.epoch if must_move else -1)
    assert after.epoch >= before.epoch, f"the epoch fell from {before.epoch} to {after.epoch}"
    crashed = crashes(machines)
    assert not crashed, "; ".join(crashed)
    return Done(kind, tuple(parts), at_s, over_s, boot_s(), before.epoch, after.epoch)


def _harm(scene: FaultInjector, parts: Sequence[str], chance: random.Random) -> None:
    if scene.alone:
        KINDS[parts[0]].harm(scene, chance)
        return
    errors: list[BaseException] = []

    def run(part: str, dice: random.Random, wait_s: float) -> None:
        try:
            sleep(wait_s)
            KINDS[part].harm(scene, dice)
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            errors.append(error)

    threads = []
    for part in parts:
        dice = random.Random(chance.random())
        wait_s = chance.uniform(0, scene.ttl_s)
        threads.append(threading.Thread(target=run, args=(part, dice, wait_s), daemon=True))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def well(fleet: Fleet, machines: Machines, above: int = -1) -> Lease:
    """Wait until somebody works and the others stand by, every agent by its own report. One that
    was fenced, or has ended for another reason that is allowed, is started again."""
    lease = fleet.works(above, timeout_s=BACKOFF_LAST_S + END_S)

    def settled() -> bool:
        for name in ACCOUNTS:
            machines.start(name)
        holder = fleet.lease().holder
        members = {name: _member(machines, name) for name in ACCOUNTS}
        return members == {name: "primary" if name == holder else "standby" for name in ACCOUNTS}

    fleet.until(settled, "one agent reports as primary and the others as standby", END_S)
    return fleet.works(lease.epoch - 1, timeout_s=BACKOFF_LAST_S + END_S)


def _member(machines: Machines, account: str) -> str | None:
    """What an account's agent is, if it runs and has been heard of since it was started."""
    seen = machines.read_snapshot().reports.get(account)
    if seen is None or seen.value is None or seen.age_s is None or seen.value.ended:
        return None
    fresh = seen.age_s < boot_s() - machines.started_s[account]
    return seen.value.member if fresh and machines.is_running(account) else None


def crashes(machines: Machines) -> list[str]:
    """Agents that ended in a way that nobody promised, once for each."""
    found = [
        f"the agent of {account} ended with code {code}"
        for account, code in machines.codes
        if code not in EXIT_CODES
    ]
    machines.codes.clear()
    for account in ACCOUNTS:
        crash = machines.home(account) / "logs" / "crash.txt"
        if crash.exists():
            found.append(f"the agent of {account} crashed: {crash.read_text().splitlines()[-1]}")
            crash.rename(crash.with_name(f"crash-{round(boot_s() * 1000)}.txt"))
        for path in (machines.errors(account), machines.home(account) / "logs" / "guard.log"):
            said = path.read_text() if path.exists() else ""
            if "Traceback" in said:
                found.append(f"{path.name} of {account} has a traceback: {_last_words(said)}")
                path.rename(path.with_name(f"{path.name}-{round(boot_s() * 1000)}"))
    return found


def _last_words(said: str) -> str:
    """The line that ends the first traceback."""
    lines = said.partition("Traceback")[2].splitlines()[1:]
    return next((line for line in lines if line and not line.startswith(" ")), "")
