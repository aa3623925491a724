"""Stopping every process of a workload so that none is missed, and letting them go on."""

# A process with a pending SIGSTOP makes no more children: its fork doesn't come to pass. So the
# family is frozen once looks that began after the last signal find nobody who runs, and can have
# missed nobody. A look can miss whoever was born while it was made, of a parent that ended
# meanwhile: an end during a look asks for another one. Two in a row have to be clear, for process
# numbers begin anew some day: both may then lie behind the place where the reading had come to.

from __future__ import annotations

import signal

from sessionlib.guard.tree import (
    STOPPED,
    Family,
    FindFamily,
    Proc,
    ProcId,
    read_proc,
    send,
    strike,
)

_CLEAR_LOOKS = 2
STILL_LOOKS = 50
"""So many in a row that found nobody running settle it as well: where others' processes end all
the time, no look is ever clear."""
STILL_PASSES = 50
"""How long the settled are looked at one by one before all are looked for again."""

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
        self._stopped_before: frozenset[ProcId] = frozenset()
        self._orphans: frozenset[ProcId] = frozenset()
        self._dead: frozenset[ProcId] = frozenset()
        self._still_passes = 0
        self.unsettle()

    @property
    def engaged(self) -> bool:
        return self._passes > 0

    def unsettle(self) -> None:
        """Somebody may run of whom no look so far can tell."""
        self._still_looks = self._clear_looks = 0
        self.settled = False

    def stop_pass(self) -> bool:
        """Make one pass; True once everybody is stopped. Cheap while they stay so."""
        if self.settled and not all(map(self._is_still, self._hit.values())):
            self.unsettle()
        if self.settled and self._still_passes < STILL_PASSES:
            self._still_passes += 1
            return True
        seen = self._find_family()
        if not self.engaged:
            # Those whom the workload had stopped itself are not ours to wake later.
            self._stopped_before = frozenset(
                (proc.pid, proc.start) for proc in seen.members if proc.state in STOPPED
            )
        running = [proc for proc in seen.members if not self._is_held(proc)]
        self._judge(seen, still=self.engaged and not running)
        self._passes += 1
        strike(running, signal.SIGSTOP, self._passes)
        self._hit = {proc.pid: proc for proc in seen.members}
        return self.settled

    def _judge(self, seen: Family, still: bool) -> None:
        # Who hangs in the air may be one of ours; the next look shows the new parent.
        nobody_missed = (
            not seen.vanished and seen.orphans <= self._orphans and seen.dead <= self._dead
        )
        self._orphans, self._dead = seen.orphans, seen.dead
        if not still:
            self.unsettle()
            return
        self._still_looks += 1
        self._clear_looks = self._clear_looks + 1 if nobody_missed else 0
        if self._clear_looks >= _CLEAR_LOOKS or self._still_looks >= STILL_LOOKS:
            self.settled, self._still_passes = True, 0

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
