"""Goal: EMFILE and EFBIG: no descriptor to be had, no byte more in any file.

Method: the kernel's own limits, lowered on living processes and raised again. Of
descriptors as many are left as are open, or few more: the next open fails.
"""

from __future__ import annotations

import os
import random
import resource
from collections.abc import Mapping
from contextlib import suppress

from sessionlib.clock import sleep
from tests.chaos.fault_injection import FaultInjector

MORE = (0, 0, 1, 2, 4)
SMALL_BYTES = (0, 100, 700, 5000)


def emfile(scene: FaultInjector, chance: random.Random) -> None:
    """One agent can open nothing more, or hardly anything."""
    account = scene.anybody(chance)
    _without_descriptors(scene, account, [scene.machines.pid(account)], chance)


def emfile_everywhere(scene: FaultInjector, chance: random.Random) -> None:
    """Nor can its guard and its reaper, as on a machine whose file table is full."""
    account = scene.holder()
    pids = [scene.machines.pid(account), *(p.pid for p in scene.fleet.guards(account).values())]
    _without_descriptors(scene, account, pids, chance)


def efbig(scene: FaultInjector, chance: random.Random) -> None:
    """One agent's files can't grow beyond a few bytes."""
    account = scene.anybody(chance)
    limits = {scene.machines.pid(account): chance.choice(SMALL_BYTES)}
    _limited(scene, account, limits, resource.RLIMIT_FSIZE, chance)


def _without_descriptors(
    scene: FaultInjector, account: str, pids: list[int], chance: random.Random
) -> None:
    limits = {}
    for pid in pids:
        with suppress(OSError):
            limits[pid] = _lowest_free(pid) + chance.choice(MORE)
    _limited(scene, account, limits, resource.RLIMIT_NOFILE, chance)


def _lowest_free(pid: int) -> int:
    """The number that the next open would get. Below it everything is taken."""
    taken = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}  # noqa: PTH208 - only names
    return min(set(range(len(taken) + 1)) - taken)


def _limited(
    scene: FaultInjector, account: str, limits: Mapping[int, int], what: int, chance: random.Random
) -> None:
    scene.later(_lift, scene, account, what)
    for pid, limit in limits.items():
        _set(pid, what, limit)
    sleep(chance.uniform(0.2, 1.8) * scene.ttl_s)
    _lift(scene, account, what)


def _lift(scene: FaultInjector, account: str, what: int) -> None:
    """For whoever was started meanwhile too: they inherit it."""
    pids = [proc.pid for proc in scene.session(account)]
    with suppress(KeyError):
        pids.append(scene.machines.pid(account))
    for pid in pids:
        _set(pid, what, None)


def _set(pid: int, what: int, limit: int | None) -> None:
    """The soft limit, or as much as there may be. Of a process that has ended: nothing."""
    with suppress(ProcessLookupError):
        _, most = resource.prlimit(pid, what)
        resource.prlimit(pid, what, (most if limit is None else limit, most))
