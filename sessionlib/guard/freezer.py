"""Stopping every process of a workload so that none is missed, and letting them go on."""

# A process with a pending SIGSTOP makes no more children: its fork doesn't come to pass. So the
# family is frozen once a look that began after the last signal finds nobody new. Until then
# another pass is made.

from __future__ import annotations

import signal

from sessionlib.guard.tree import STOPPED, FindFamily, Proc, read_proc, send, strike

_HELD_UP = frozenset("D")
"""Waiting in the kernel, for a disk or for a child that was vforked and is stopped
itself. Once signalled such a process stops before it executes anything of its own."""


class Freezer:
    """Holds one family still. `find_family` finds its members."""

    def __init__(self, find_family: FindFamily) -> None:
        self._find_family = find_family
        self._thawed()

    def _thawed(self) -> None:
        self._passes = 0
        self._hit: dict[int, Proc] = {}
        self._stopped_before: frozenset[tuple[int, int]] = frozenset()
        self._orphans: frozenset[tuple[int, int]] = frozenset()
        self.settled = False

    @property
    def engaged(self) -> bool:
        return self._passes > 0

    def stop_pass(self) -> bool:
        """Make one pass; True once everybody is stopped. Cheap while they stay so."""
        if self.settled and all(map(self._is_still, self._hit.values())):
            return True
        seen = self._find_family()
        if not self.engaged:
            # Those whom the workload had stopped itself are not ours to wake later.
            self._stopped_before = frozenset(
                (proc.pid, proc.start) for proc in seen.members if proc.state in STOPPED
            )
        running = [proc for proc in seen.members if not self._is_held(proc)]
        # Who hangs in the air may be one of ours; the next look shows the new parent.
        self.settled = self.engaged and not running and seen.orphans <= self._orphans
        self._orphans = seen.orphans
        self._passes += 1
        strike(running, signal.SIGSTOP, self._passes)
        self._hit = {proc.pid: proc for proc in seen.members}
        return self.settled

    def _is_held(self, proc: Proc) -> bool:
        if proc.state in STOPPED:
            return True
        known = self._hit.get(proc.pid)
        return proc.state in _HELD_UP and known is not None and known.start == proc.start

    def _is_still(self, proc: Proc) -> bool:
        """Whether one of the frozen is frozen yet: anybody may have sent it SIGCONT."""
        now = read_proc(proc.pid)
        return now is None or now.start != proc.start or self._is_held(now)

    def release(self) -> None:
        """Let everybody go on whom we stopped, children first: a parent that woke before
        them could be told that they had stopped."""
        for proc in self._find_family().members:
            if (proc.pid, proc.start) not in self._stopped_before:
                send(proc, signal.SIGCONT)
        self._thawed()

    def forget(self) -> None:
        """The family is gone."""
        self._thawed()
