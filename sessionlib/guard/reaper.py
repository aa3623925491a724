"""The workload's parent, and by inheritance the parent of everybody that it leaves behind.

No descendant outlives the guard. Whatever detaches itself becomes a child of this process: once
it has no child, nothing is left, without any searching.
"""

from __future__ import annotations

import os
import select
import signal
from functools import partial

from sessionlib.clock import Clock, SystemClock
from sessionlib.guard import linux
from sessionlib.guard.channel import Channel
from sessionlib.guard.launch import fork_exec, read_reason
from sessionlib.guard.silence import SilenceDetector
from sessionlib.guard.spare_fds import SpareDescriptors
from sessionlib.guard.tree import family, pause_s, reap, strike
from sessionlib.guard.wakeup import Wakeup
from sessionlib.guard.wire import Emptied, Exited, KeepAlive, Spawn, Spawned, SpawnFailed


class Reaper:
    """Serves one guard until that ends or falls silent, then kills and ends too."""

    def __init__(self, guard: Channel, guard_pid: int, silence_s: float) -> None:
        self._guard = guard
        self._guard_pid = guard_pid
        self._clock: Clock = SystemClock()
        self._silence = SilenceDetector(silence_s, self._clock.now())
        self._woken = Wakeup()
        self._reserve = SpareDescriptors()
        self._main: int | None = None
        self._result_fd: int | None = None
        self._filled = False

    def run(self) -> None:
        linux.set_name("colabvps-reaper")
        linux.adopt_orphans()
        try:
            self._serve()
        finally:
            self._kill_all()

    def _serve(self) -> None:
        while not self._guard.closed and os.getppid() == self._guard_pid:
            self._wait()
            heard = self._guard.receive()
            now = self._clock.now()
            self._silence.note_look(bool(heard), now)
            if self._silence.lost(now):
                return
            for message in heard:
                if isinstance(message, Spawn):
                    self._spawn(message)
                elif isinstance(message, KeepAlive):
                    self._guard.offer(KeepAlive())
            self._read_start_result()
            self._reap()

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._guard, self._guard.mask)
        poll.register(self._woken, select.POLLIN)
        if self._result_fd is not None:
            poll.register(self._result_fd, select.POLLIN)
        poll.poll(self._silence.look_s * 1000)
        self._woken.drain()
        self._guard.flush()

    def _spawn(self, spawn: Spawn) -> None:
        try:
            self._main, self._result_fd = fork_exec(spawn, os.getpid())
        except OSError as error:
            self._guard.send(SpawnFailed(f"can't start a process: {error.strerror}"))
            return
        self._filled = True

    def _read_start_result(self) -> None:
        """Whether its program runs. It is read without waiting: an exec from a slow disk
        must not keep this process from answering."""
        if self._result_fd is None or self._main is None:
            return
        reason = read_reason(self._result_fd)
        if reason is None:
            return
        os.close(self._result_fd)
        self._result_fd = None
        if reason:
            self._main, self._filled = None, False
            self._guard.send(SpawnFailed(reason))
        else:
            self._guard.send(Spawned(self._main))

    def _reap(self) -> None:
        codes, childless = reap()
        if self._main in codes:
            # Its end may be seen before what it said: the order of the two is fixed here.
            self._read_start_result()
        if self._main in codes:
            self._guard.send(Exited(codes[self._main]))
            self._main = None
        if childless and self._filled:
            self._filled = False
            self._guard.send(Emptied())

    def _kill_all(self) -> None:
        passes = 0
        while not self._all_ended():
            try:
                self._reserve.attempt(partial(self._strike, passes))
            except OSError:
                # Our own child, so its number can't be anybody else's before it is reaped.
                if self._main is not None:
                    os.kill(self._main, signal.SIGKILL)
            passes += 1
            select.select([self._woken], [], [], pause_s(passes))
            self._woken.drain()

    def _strike(self, passes: int) -> None:
        strike(family([os.getpid()]).members, signal.SIGKILL, passes)

    def _all_ended(self) -> bool:
        codes, childless = reap()
        if self._main in codes:
            self._main = None
        return childless
