"""Goal: disks that are full, read-only or gone, the store's and a machine's own.

Method: small disks of the fleet's own, in its mount namespace: filled to the last
byte, so that the kernel says ENOSPC; mounted read-only for one machine; unmounted
on one machine. Where there are no mounts a link that leads nowhere stands in.
"""

from __future__ import annotations

import os
import random
from contextlib import ExitStack, suppress
from pathlib import Path

from console.demo.demo_fleet import ACCOUNTS
from sessionlib.clock import sleep
from tests.chaos.fault_injection import FaultInjector
from tests.contract.full_disk import fill

PAGE_BYTES = 4096


def store_full(scene: FaultInjector, chance: random.Random) -> None:
    """For everybody: nobody can renew, claim or copy."""
    _full(scene, scene.machines.store_folder, chance)


def home_full(scene: FaultInjector, chance: random.Random) -> None:
    """One machine's own: its work can't save, its agent can't fetch, restore or log."""
    _full(scene, scene.machines.home(scene.anybody(chance)), chance)


def store_read_only(scene: FaultInjector, chance: random.Random) -> None:
    """For one machine."""
    way = str(scene.machines.way(scene.anybody(chance)))
    scene.later(_remount, scene, way, "rw")
    _remount(scene, way, "ro")
    sleep(_some_time_s(scene, chance))
    _remount(scene, way, "rw")


def store_gone(scene: FaultInjector, chance: random.Random) -> None:
    """For one machine, or for all of them: an empty folder is where it was, or nothing."""
    everybody = chance.sample(list(ACCOUNTS), len(ACCOUNTS))
    accounts = everybody if chance.random() < 0.25 else [scene.anybody(chance)]
    with ExitStack() as gone:
        for account in accounts:
            scene.machines.detach(account)
            gone.callback(scene.machines.attach, account)
        sleep(_some_time_s(scene, chance))


def _full(scene: FaultInjector, folder: Path, chance: random.Random) -> None:
    filler = folder / "filler"
    left = chance.choice([0, 0, 0, 1, 2, 8]) * PAGE_BYTES
    scene.later(_empty, filler)
    _fill(filler, left)
    sleep(_some_time_s(scene, chance))
    _empty(filler)


def _fill(filler: Path, left_bytes: int) -> None:
    disk = os.statvfs(filler.parent)
    with suppress(OSError), filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize)
    fill(filler.with_name("filler.rest"))
    if left_bytes:
        with suppress(OSError):
            os.truncate(filler, max(0, filler.stat().st_size - left_bytes))


def _empty(filler: Path) -> None:
    filler.unlink(missing_ok=True)
    filler.with_name("filler.rest").unlink(missing_ok=True)


def _remount(scene: FaultInjector, way: str, how: str) -> None:
    scene.run("mount", "-o", f"remount,bind,{how}", way)


def _some_time_s(scene: FaultInjector, chance: random.Random) -> float:
    """From a moment to nearly two leases."""
    return chance.uniform(0.1, 1.8) * scene.ttl_s
