"""Finding what is left of a guard that can no longer be asked, and killing it.

Every process below a guard is born with a marker in its environment, which names the guard and
the home.
"""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sessionlib.clock import Clock, SystemClock, sleep
from sessionlib.guard.tree import DEAD, SCARCE, Proc, family, read_proc, snapshot, strike

GUARD_MARKER = "COLABVPS_GUARD"
HOME_MARKER = "COLABVPS_HOME"
_YOUNG_S = 10.0
_EXEC_LOOKS = 200
_EXEC_PAUSE_S = 0.002
"""A machine that is so busy that an exec takes longer isn't waited for."""
_PAUSE_S = 0.005


def home_mark(home: Path) -> str:
    """What stands for `home` in the marker: the same however the path is written."""
    return hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]


def marked(name: str, value: str) -> list[Proc]:
    """The living processes born with `name=value`, but this one and those it runs below. Raises
    OSError where they can't be told."""
    table = snapshot()
    spared, pid = set(), os.getpid()
    while pid in table and pid not in spared:
        spared.add(pid)
        pid = table[pid].ppid
    want = os.fsencode(f"{name}={value}")
    return [
        proc
        for proc in table.values()
        if proc.pid not in spared and proc.state not in DEAD and want in _environ(proc)
    ]


def _environ(proc: Proc) -> list[bytes]:
    """What it was born with. In the middle of an exec there is nothing to be read, while what was
    locked by the one before is free already: a young one without an environment is waited for."""
    data = _read_environ(proc.pid)
    for _ in range(_EXEC_LOOKS):
        if data or not _may_be_in_exec(proc):
            break
        sleep(_EXEC_PAUSE_S)
        data = _read_environ(proc.pid)
    return data.split(b"\0")


def _may_be_in_exec(proc: Proc) -> bool:
    # Threads of the kernel, which have no environment ever, are in no process group.
    born_s = proc.start / os.sysconf("SC_CLK_TCK")
    young = SystemClock().now().boot - born_s < _YOUNG_S
    now = read_proc(proc.pid) if young and proc.pgid else None
    return now is not None and now.start == proc.start and now.state not in DEAD


def _read_environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError as error:
        if error.errno in SCARCE:
            raise
        # It has ended, or is another user's and so none of ours.
        return b""


def sweep(
    name: str, value: str, patience_s: float, limit_s: float = 5.0, clock: Clock | None = None
) -> bool:
    """Kill everything marked so and everything below it; True once nothing is left, and that
    could be seen.

    For `patience_s` it only watches: a reaper that has lost its guard is at it
    already, and reaches those too that have thrown their environment away.
    """
    now = (clock or SystemClock()).now
    begin = now()
    return _until(
        lambda: _pass(name, value, kill=now().mono - begin.mono >= patience_s),
        lambda: now().mono - begin.mono >= limit_s,
    )


def _until(done: Callable[[], bool], late: Callable[[], bool]) -> bool:
    while not done():
        if late():
            return False
        sleep(_PAUSE_S)
    return True


def _pass(name: str, value: str, kill: bool) -> bool:
    """One look; True if nothing was there."""
    with suppress(OSError):
        heads = marked(name, value)
        if not heads:
            return True
        if kill:
            # Descendants first: once a reaper is gone, nobody knows any more what was below it.
            below = family(proc.pid for proc in heads).members
            strike((*below, *heads), signal.SIGKILL, 0)
    return False
