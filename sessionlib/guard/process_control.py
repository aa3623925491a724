"""What is done to the workload's processes: warn, freeze, thaw, kill."""

# Each is done to a whole family, pass by pass and without waiting: so the guard keeps looking at
# its clocks in between. A pass that lacks descriptors, even the spare ones, is made again later.
# Until then the one group that is known without looking gets the signal.

from __future__ import annotations

import os
import signal
from contextlib import suppress

from sessionlib.clock import sleep
from sessionlib.core.values import Instant
from sessionlib.guard.freezer import Freezer
from sessionlib.guard.spare_fds import SpareDescriptors
from sessionlib.guard.tree import (
    STOPPED,
    Family,
    Proc,
    family,
    pause_s,
    read_proc,
    reap,
    send,
    strike,
)


class ProcessControl:
    """The hold on one workload: everything below this process but the reaper.

    `pause_s` is how soon another pass is needed; None: none is. `group` is the main process's
    own, as long as that is known to live.
    """

    def __init__(self, reaper_pid: int) -> None:
        self._reaper_pid = reaper_pid
        self._freezer = Freezer(self.find_family)
        self._pressed: Instant | None = None
        self._warned = False
        self._passes = 0
        self._reserve = SpareDescriptors()
        self.pause_s: float | None = None
        self.group: int | None = None

    def find_family(self) -> Family:
        """Counted from here and not from the reaper: should that be gone, all is inherited."""
        return family([os.getpid()], spared={self._reaper_pid})

    def forget(self) -> None:
        """Nothing of it is left."""
        self._freezer.forget()
        self._pressed, self._warned, self._passes, self.pause_s = None, False, 0, None
        self.group = None

    def note_new_process(self, main: int) -> Proc | None:
        """A process has come to be that earlier looks can't have seen; None if it can't be seen
        now either. It leads a group of its own."""
        self._freezer.unsettle()
        self.group = main
        with suppress(OSError):
            return self._reserve.attempt(lambda: read_proc(main))
        return None

    def send_signal(self, proc: Proc, signum: int) -> None:
        """Signal one process. Raises OSError where it can't be told whether it is the one."""
        self._reserve.attempt(lambda: send(proc, signum))

    def _signal_group(self, signum: int) -> None:
        if self.group is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.group, signum)

    def thaw(self) -> bool:
        """Let it run; True if it had been stopped."""
        was_engaged = self._freezer.engaged
        if was_engaged:
            try:
                self._reserve.attempt(self._freezer.release)
            except OSError:
                return False
        self._pressed, self.pause_s = None, None
        return was_engaged

    def freeze(self, now: Instant) -> bool:
        """One pass; True once all stand still."""
        began = self._pressed or now
        try:
            still = self._reserve.attempt(self._freezer.stop_pass)
        except OSError:
            # Who was seen to stand still has no reason to have moved.
            still = self._freezer.settled
            self._signal_group(signal.SIGSTOP)
        self._pressed = None if still else began
        self.pause_s = None if still else pause_s(0)
        return still

    def unsettled_s(self, now: Instant) -> float:
        """How long a freeze has been tried in vain."""
        return 0.0 if self._pressed is None else now.mono - self._pressed.mono

    def send_sigterm(self) -> None:
        """SIGTERM for everybody, once: a shell is told, and so is what it started."""
        if not self._warned:
            with suppress(OSError):
                self._reserve.attempt(self._warn)
                self._warned = True

    def _warn(self) -> None:
        for proc in self.find_family().members:
            send(proc, signal.SIGTERM)
            if proc.state in STOPPED:
                send(proc, signal.SIGCONT)

    def kill(self) -> None:
        """One pass of SIGKILL. The reaper says when it was the last."""
        try:
            self._reserve.attempt(self._strike)
        except OSError:
            self._signal_group(signal.SIGKILL)
        self._passes += 1
        self.pause_s = pause_s(self._passes)

    def _strike(self) -> bool:
        """Whether anybody was there to be killed."""
        members = self.find_family().members
        strike(members, signal.SIGKILL, self._passes)
        return bool(members)

    def kill_all(self) -> None:
        """Kill until neither a descendant nor the reaper is left. The reaper goes last:
        while it lives the main process doesn't lose its parent."""
        childless = False
        while not childless:
            try:
                if not self._reserve.attempt(self._strike):
                    self._reserve.attempt(self._kill_reaper)
            except OSError:
                self._signal_group(signal.SIGKILL)
            self._passes += 1
            sleep(pause_s(self._passes))
            childless = reap()[1]

    def _kill_reaper(self) -> None:
        # SIGKILL, for it may have been stopped; and only while it is a child of ours, for
        # afterwards its number can be anybody's.
        reaper = read_proc(self._reaper_pid)
        if reaper is not None and reaper.ppid == os.getpid():
            send(reaper, signal.SIGKILL)
