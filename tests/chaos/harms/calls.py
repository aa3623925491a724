"""Goal: the failures that the kernel itself reports, or that come in the midst of a call.

Method: strace tampers with system calls of a living agent: they return EIO
without being done, or after what decides was done; they wait for longer than a
lease; a signal comes as one begins. Nothing in the agent knows of it. `-P` picks
the calls that name the store's folder, from where the agent reaches all of it.
"""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sessionlib.clock import sleep
from sessionlib.guard.tree import DEAD, STOPPED, read_proc
from tests.chaos.fault_injection import FaultInjector
from tests.e2e.fleet_fixture import boot_s

ATTACH_S = 10.0
HAPPENS_S = 4.0
STILL_LOOKS = 10
BY_FOLDER = "openat,linkat,renameat,unlinkat,newfstatat,mkdirat"
MOMENTS = ("linkat", "fsync", "renameat", "unlinkat", "openat", "sendto")
"""Where a signal may come: before the write that decides, before it is safe, in between."""


def killed(scene: FaultInjector, chance: random.Random) -> None:
    """SIGKILL as a call begins: it isn't done, and nothing after it."""
    account = scene.anybody(chance)
    with _traced(
        scene, account, chance.choice(MOMENTS), f"signal=KILL:when={chance.randint(1, 4)}"
    ):
        _until_gone(scene, account)
    scene.revive(account, chance)


def frozen(scene: FaultInjector, chance: random.Random) -> None:
    """SIGSTOP as a call begins: it is done, and nothing after it for about a lease."""
    account = scene.anybody(chance)
    pid = scene.machines.pid(account)
    with _traced(
        scene, account, chance.choice(MOMENTS), f"signal=STOP:when={chance.randint(1, 4)}"
    ):
        _until_stopped(scene, pid)
    sleep(chance.uniform(0.1, 1.4) * scene.ttl_s)
    scene.signal_pid(pid, signal.SIGCONT)


def late_link(scene: FaultInjector, chance: random.Random) -> None:
    """The call that decides who wins waits for up to one and a half leases, before or after."""
    wait_us = round(chance.uniform(0.1, 1.5) * scene.ttl_s * 1e6)
    when = chance.choice(["delay_enter", "delay_exit"])
    first = chance.randint(1, 3)
    with _traced(scene, scene.anybody(chance), "linkat", f"{when}={wait_us}:when={first}"):
        sleep(chance.uniform(0.5, 2.0) * scene.ttl_s)


def eio(scene: FaultInjector, chance: random.Random) -> None:
    """The store answers with EIO, to every call or to some, for up to one and a half leases."""
    account = scene.anybody(chance)
    way = scene.machines.way(account)
    some = chance.choice(["", "", ":when=1+3", ":when=2+7"])
    with _traced(scene, account, BY_FOLDER, f"error=EIO{some}", way):
        sleep(chance.uniform(0.1, 1.5) * scene.ttl_s)


def eio_after_link(scene: FaultInjector, chance: random.Random) -> None:
    """What was linked is there, and yet the answer is EIO: each writer syncs its file, links it
    and syncs the folder, and of the two syncs one or both fail."""
    which = chance.choice(["", ":when=2+2", ":when=2+2", ":when=1+2"])
    with _traced(scene, scene.anybody(chance), "fsync", f"error=EIO{which}"):
        sleep(chance.uniform(0.3, 1.5) * scene.ttl_s)


@contextmanager
def _traced(
    scene: FaultInjector, account: str, calls: str, what: str, path: Path | None = None
) -> Iterator[None]:
    """One agent's calls tampered with. It goes on untouched afterwards."""
    pid = scene.machines.pid(account)
    where = [] if path is None else ["-P", str(path)]
    rule = ["-e", f"trace={calls}", "-e", f"inject={calls}:{what}"]
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", "/dev/null", *where, *rule, "-p", str(pid)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        if _attached(tracer, pid):
            scene.count("agents_traced")
        yield
    finally:
        # It lets go of whom it traces, even if it is stopped, and can't be waited for then.
        tracer.terminate()
        with suppress(subprocess.TimeoutExpired):
            tracer.wait(2.0)
        tracer.kill()
        tracer.wait()


def _attached(tracer: subprocess.Popen[bytes], pid: int) -> bool:
    """Wait until it is; False if there is nobody to be traced any more."""
    until_s = boot_s() + ATTACH_S
    while tracer.poll() is None and boot_s() < until_s:
        with suppress(OSError):
            if f"TracerPid:\t{tracer.pid}\n" in Path(f"/proc/{pid}/status").read_text():
                return True
        sleep(0.005)
    return False


def _until_gone(scene: FaultInjector, account: str) -> None:
    until_s = boot_s() + HAPPENS_S
    while boot_s() < until_s:
        if not scene.machines.is_running(account):
            scene.count("agents_sigkill")
            scene.count("agents_sigkill_at_a_call")
            return
        sleep(0.01)
    # It makes no such call: it dies between two others then.
    scene.kill(account)


def _until_stopped(scene: FaultInjector, pid: int) -> None:
    until_s = boot_s() + HAPPENS_S
    looks = 0
    while boot_s() < until_s and looks < STILL_LOOKS:
        proc = read_proc(pid)
        if proc is None or proc.state in DEAD:
            return
        # Traced, every call stops it for an instant too.
        looks = looks + 1 if proc.state in STOPPED else 0
        sleep(0.01)
    scene.count("agents_sigstop")
    if looks == STILL_LOOKS:
        scene.count("agents_sigstop_at_a_call")
    else:
        # It makes no such call: it stops between two others then.
        scene.signal_pid(pid, signal.SIGSTOP)
