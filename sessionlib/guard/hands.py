"""What is done to the workload's processes: warn, freeze, thaw, kill.

Decided here: how each is done to a whole family, pass by pass and without
waiting, so that the guard keeps looking at its clocks in between. Not decided
here: which of them (`policy`).
"""

from __future__ import annotations

import os
import signal

from sessionlib.clock import sleep
from sessionlib.core.values import Instant
from sessionlib.guard.freezer import Freezer
from sessionlib.guard.tree import STOPPED, Family, family, pause_s, read_proc, reap, send, strike


class Hands:
    """The hold on one workload: everything below this process but the reaper.

    `pause_s` is how soon another pass is needed; None: none is.
    """

    def __init__(self, reaper_pid: int) -> None:
        self._reaper_pid = reaper_pid
        self._freezer = Freezer(self.look)
        self._pressed: Instant | None = None
        self._warned = False
        self._passes = 0
        self.pause_s: float | None = None

    def look(self) -> Family:
        """Counted from here and not from the reaper: should that be gone, all is inherited."""
        return family([os.getpid()], spared={self._reaper_pid})

    def forget(self) -> None:
        """Nothing of it is left."""
        self._freezer.forget()
        self._pressed, self._warned, self._passes, self.pause_s = None, False, 0, None

    def disturb(self) -> None:
        """A process has come to be that earlier looks can't have seen."""
        self._freezer.settled = False

    def thaw(self) -> bool:
        """Let it run; True if it had been stopped."""
        was_engaged = self._freezer.engaged
        if was_engaged:
            self._freezer.release()
        self._pressed, self.pause_s = None, None
        return was_engaged

    def freeze(self, now: Instant) -> bool:
        """One pass; True once all stand still."""
        began = self._pressed or now
        still = self._freezer.press()
        self._pressed = None if still else began
        self.pause_s = None if still else pause_s(0)
        return still

    def unsettled_s(self, now: Instant) -> float:
        """How long a freeze has been tried in vain."""
        return 0.0 if self._pressed is None else now.mono - self._pressed.mono

    def warn(self) -> None:
        """SIGTERM for everybody, once: a shell is told, and so is what it started."""
        if self._warned:
            return
        self._warned = True
        for proc in self.look().members:
            send(proc, signal.SIGTERM)
            if proc.state in STOPPED:
                send(proc, signal.SIGCONT)

    def kill(self) -> None:
        """One pass of SIGKILL. The reaper says when it was the last."""
        strike(self.look().members, signal.SIGKILL, self._passes)
        self._passes += 1
        self.pause_s = pause_s(self._passes)

    def end(self) -> None:
        """Kill until neither a descendant nor the reaper is left. The reaper goes last:
        while it lives the main process doesn't lose its parent."""
        childless = False
        while not childless:
            members = self.look().members
            strike(members, signal.SIGKILL, self._passes)
            self._passes += 1
            if not members:
                self._kill_reaper()
            sleep(pause_s(self._passes))
            childless = reap()[1]

    def _kill_reaper(self) -> None:
        # SIGKILL, for it may have been stopped; and only while it is a child of ours, for
        # afterwards its number can be anybody's.
        reaper = read_proc(self._reaper_pid)
        if reaper is not None and reaper.ppid == os.getpid():
            send(reaper, signal.SIGKILL)
