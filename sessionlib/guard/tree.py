"""Who descends from a process, and signals that can't hit anybody else."""

# Process numbers are used again, so a signal goes only to the very process that was seen. One
# look is no photograph. A process can be born behind the reader's back: its parent is seen to run,
# or has ended meanwhile. So a look also says who has ended, and who is without a parent; whoever
# must miss nobody looks again.

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass

STOPPED = frozenset("TtZXx")
"""States in which a process executes nothing: stopped, traced, dead."""
DEAD = frozenset("ZXx")
SCARCE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Failures that say nothing of the process that was looked for, only of who looks."""
STUBBORN_PASSES = 3
"""From this pass on whole process groups are hit: the kernel does that at one stroke,
so that processes which replace themselves faster than one can read are caught too."""


_PAUSE_S = 0.002
_LONG_PAUSE_S = 0.05
_QUICK_PASSES = 100


@dataclass(frozen=True, slots=True)
class Proc:
    """A process as seen once; (`pid`, `start`) never means another one."""

    pid: int
    ppid: int
    pgid: int
    state: str
    start: int


ProcId = tuple[int, int]
"""`pid` and `start` of a process, which never mean another one."""


@dataclass(frozen=True, slots=True)
class Family:
    """Descendants, children after their children's children, and what else one look shows.

    `orphans` had a parent that isn't listed, `dead` are the family's own that nobody has waited
    for yet. `vanished` says that somebody, of the family or not, ended while the look was made.
    """

    members: tuple[Proc, ...]
    orphans: frozenset[ProcId] = frozenset()
    dead: frozenset[ProcId] = frozenset()
    vanished: bool = False


FindFamily = Callable[[], Family]


def read_proc(pid: int) -> Proc | None:
    """One process, or None if there is none of that number. Raises OSError where nothing can be
    read for want of descriptors: a process that can't be seen is not one that has ended."""
    try:
        handle = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in SCARCE:
            raise
        return None
    try:
        data = os.read(handle, 4096)
    except OSError as error:
        if error.errno in SCARCE:
            raise
        return None
    finally:
        os.close(handle)
    # The name stands in parentheses and may itself hold parentheses and spaces.
    state, ppid, pgid, *rest = data.rpartition(b")")[2].split()
    threads, start = int(rest[14]), int(rest[16])
    alive = state.decode()
    if alive in DEAD and threads > 1:
        alive = _state_of_threads(pid)
    return Proc(pid, int(ppid), int(pgid), alive, start)


def _state_of_threads(pid: int) -> str:
    """What a process does whose first thread has ended: the others go on, and it isn't dead
    before the last of them is. Raises OSError as `read_proc` does."""
    states = []
    try:
        for name in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - as in `snapshot`
            with open(f"/proc/{pid}/task/{name}/stat", "rb") as file:  # noqa: PTH123 - as there
                states.append(file.read().rpartition(b")")[2].split()[0].decode())
    except OSError as error:
        if error.errno in SCARCE:
            raise
        # Threads end while they are looked at; what can't be judged counts as running.
        return "R"
    living = [state for state in states if state not in DEAD]
    running = [state for state in living if state not in STOPPED]
    return (running or living or ["Z"])[0]


def snapshot() -> dict[int, Proc]:
    """Every process that can be seen, by its number. Raises OSError where none can."""
    return _read_all(_listed())


def _listed() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - half the time of Path.iterdir, in a loop against forks


def _read_all(pids: Iterable[int]) -> dict[int, Proc]:
    return {proc.pid: proc for proc in map(read_proc, pids) if proc is not None}


def family(roots: Iterable[int], spared: Collection[int] = ()) -> Family:
    """All living descendants of `roots`; neither they nor the `spared` are among them."""
    listed = _listed()
    table = _read_all(listed)
    children: dict[int, list[Proc]] = {}
    for proc in table.values():
        children.setdefault(proc.ppid, []).append(proc)
    members: list[Proc] = []
    level = [child for root in roots for child in children.get(root, ())]
    while level:
        members += level
        level = [child for proc in level for child in children.get(proc.pid, ())]
    members.reverse()
    living = (proc for proc in members if proc.pid not in spared and proc.state not in DEAD)
    return Family(
        tuple(living),
        orphans=_ids(proc for proc in table.values() if proc.ppid and proc.ppid not in table),
        dead=_ids(proc for proc in members if proc.state in DEAD),
        vanished=len(table) < len(listed),
    )


def _ids(procs: Iterable[Proc]) -> frozenset[ProcId]:
    return frozenset((proc.pid, proc.start) for proc in procs)


def send(proc: Proc, signum: int) -> None:
    """Signal exactly this process; nothing happens if it has ended. Raises OSError where it can't
    be told whether it is this one."""
    with suppress(ProcessLookupError, PermissionError):
        try:
            handle = os.pidfd_open(proc.pid)
        except ProcessLookupError:
            return
        except OSError:
            # A kernel without these handles: a gap of microseconds is left.
            if _is_still(proc):
                os.kill(proc.pid, signum)
            return
        try:
            if _is_still(proc):
                signal.pidfd_send_signal(handle, signum)
        finally:
            os.close(handle)


def _is_still(proc: Proc) -> bool:
    now = read_proc(proc.pid)
    return now is not None and now.start == proc.start


def strike(members: Iterable[Proc], signum: int, passes: int) -> None:
    """Signal all `members`; on a stubborn family's later passes their groups as well.

    A process group never reaches beyond its session, and the workload's sessions
    hold nobody else. Only a child that has just been forked is still in the
    caller's own group, which is left out.
    """
    members = tuple(members)
    for proc in members:
        send(proc, signum)
    if passes >= STUBBORN_PASSES:
        for group in {proc.pgid for proc in members} - {0, os.getpgrp()}:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signum)


def pause_s(passes: int) -> float:
    """How long to wait before the next pass over processes that must stop or end. One that
    hangs in the kernel, on a share that is gone, can take minutes: nothing is won by hurry."""
    return _PAUSE_S if passes < _QUICK_PASSES else _LONG_PAUSE_S


def reap() -> tuple[dict[int, int], bool]:
    """The exit codes of children that have ended, and whether there is no child at all."""
    codes: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return codes, True
        if pid == 0:
            return codes, False
        codes[pid] = os.waitstatus_to_exitcode(status)
