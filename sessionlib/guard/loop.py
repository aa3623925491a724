"""The guard's own loop: read, judge, enforce.

The clocks are judged before anything that was sent is acted on. A workload counts as active
before it is told so.
"""

from __future__ import annotations

import os
import select
import signal
from dataclasses import replace

from sessionlib.clock import Clock
from sessionlib.core.values import Instant
from sessionlib.core.work import Mode
from sessionlib.guard import control_file, policy
from sessionlib.guard.channel import Channel
from sessionlib.guard.policy import Custody, GuardVerdict, Limits
from sessionlib.guard.process_control import ProcessControl
from sessionlib.guard.silence import SilenceDetector
from sessionlib.guard.tree import Proc, reap
from sessionlib.guard.wakeup import Wakeup
from sessionlib.guard.wire import (
    Activate,
    Activated,
    Emptied,
    Exited,
    Freeze,
    Frozen,
    Garbled,
    GuardMessage,
    KeepAlive,
    LeaseGrant,
    NotActivated,
    Spawn,
    Spawned,
    SpawnFailed,
    SpawnRefused,
    Started,
    Stop,
    Thawed,
)


class GuardLoop:
    """Serves one agent until that ends, then kills everything below itself."""

    def __init__(  # noqa: PLR0913 - both peers, each with its process number
        self,
        *,
        agent: Channel,
        reaper: Channel,
        agent_pid: int,
        reaper_pid: int,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._agent = agent
        self._reaper = reaper
        self._agent_pid, self._reaper_pid = agent_pid, reaper_pid
        self._limits = limits
        self._clock = clock
        now = clock.now()
        self._custody = Custody(now)
        self._silence = SilenceDetector(limits.silence_s, now)
        self._alive_sent = now
        self._woken = Wakeup()
        self._processes = ProcessControl(self._reaper_pid)
        self._spawn: Spawn | None = None
        self._spawning = False
        self._frozen_sent = False
        self._main: Proc | None = None

    def run(self) -> None:
        """Until the agent or the reaper is gone. Raises Garbled if one can't be understood;
        whatever is raised, nothing of the workload is left afterwards."""
        try:
            self._agent.send(Started(os.getpid(), self._reaper_pid))
            while self._turn():
                pass
        finally:
            self._processes.kill_all()

    def _turn(self) -> bool:
        """One look at everything; False once it is time to end."""
        self._wait()
        now = self._clock.now()
        self._custody = policy.looked(self._custody, now, self._limits)
        events, commands = self._reaper.receive(), self._agent.receive()
        self._silence.note_look(bool(events), now)
        if self._is_abandoned(now):
            return False
        for event in events:
            self._on_event(event, now)
        # Read again: a grant that was sent since the clocks were judged is none from the future.
        heard = self._clock.now()
        for command in commands:
            self._on_command(command, heard)
        self._enforce(now)
        self._send_alive(now)
        return True

    def _wait(self) -> None:
        poll = select.poll()
        for channel in (self._agent, self._reaper):
            poll.register(channel, channel.mask)
        poll.register(self._woken, select.POLLIN)
        wait_s = self._processes.pause_s
        if wait_s is None:
            wait_s = policy.wait_s(self._custody, self._clock.now())
        poll.poll(wait_s * 1000)
        self._woken.drain()
        self._agent.flush()
        self._reaper.flush()

    def _is_abandoned(self, now: Instant) -> bool:
        # A process that the agent has forked may hold the agent's end of the socket open,
        # so end-of-file alone isn't enough to learn of the agent's end.
        if self._agent.closed or os.getppid() != self._agent_pid:
            return True
        reaper_ended = self._reaper_pid in reap()[0]
        return reaper_ended or self._reaper.closed or self._silence.lost(now)

    def _send_alive(self, now: Instant) -> None:
        # Before the next look is due, but not with every turn: an answer makes a turn, and the
        # two would keep each other busy for nothing.
        look_s = self._silence.look_s
        if now.mono - self._alive_sent.mono >= max(look_s - policy.TICK_S, look_s / 2):
            self._alive_sent = now
            self._agent.offer(KeepAlive())
            self._reaper.offer(KeepAlive())

    def _on_event(self, event: GuardMessage, now: Instant) -> None:
        match event:
            case KeepAlive():
                return
            case Spawned(pid):
                self._spawning = False
                self._main = self._processes.note_new_process(pid)
                self._agent.send(event)
            case Exited():
                self._main = self._processes.group = None
                # What the main process left behind gets the grace it would have had itself.
                self._custody = policy.stopping(self._custody, now, kill=False)
                self._agent.send(event)
            case SpawnFailed() | Emptied():
                self._custody = policy.emptied(self._custody)
                self._processes.forget()
                self._main, self._spawning, self._frozen_sent = None, False, False
                self._agent.send(event)
            case _:
                raise Garbled(f"{type(event).__name__} from the reaper")

    def _on_command(self, command: GuardMessage, now: Instant) -> None:
        match command:
            case LeaseGrant():
                self._custody = policy.granted(self._custody, command, now)
            case Freeze(at):
                self._custody = policy.held(self._custody, at)
            case Spawn():
                self._spawn_workload(command, now)
            case Activate(epoch):
                self._activate(epoch, now)
            case Stop(kill):
                self._custody = policy.stopping(self._custody, now, kill=kill)
            case _:
                raise Garbled(f"{type(command).__name__} from the agent")

    def _spawn_workload(self, spawn: Spawn, now: Instant) -> None:
        if self._custody.mode is not None:
            raise Garbled("a second Spawn while a workload runs")
        refusal = policy.refusal_to_spawn(self._custody, spawn.mode, spawn.epoch, now)
        if refusal is not None:
            self._agent.send(SpawnRefused(refusal))
            return
        try:
            control_file.write(spawn.control_path, spawn.mode, spawn.epoch)
        except OSError as error:
            self._agent.send(SpawnFailed(f"{spawn.control_path}: {error.strerror}"))
            return
        self._custody = policy.begun(self._custody, spawn.mode, spawn.epoch, spawn.grace_s)
        # The environment isn't kept: this process needs none of its secrets.
        self._spawn, self._spawning = replace(spawn, env={}), True
        self._reaper.send(spawn)

    def _activate(self, epoch: int, now: Instant) -> None:
        refusal = policy.refusal_to_activate(self._custody, epoch, now)
        if refusal is not None or self._main is None or self._spawn is None:
            self._agent.send(NotActivated(refusal or "the standby isn't up"))
            return
        self._custody = policy.activated(self._custody, epoch)
        try:
            control_file.write(self._spawn.control_path, Mode.ACTIVE, epoch)
        except OSError as error:
            self._custody = policy.doomed(self._custody, f"control file: {error.strerror}")
            return
        try:
            self._processes.send_signal(self._main, signal.SIGUSR1)
        except OSError as error:
            self._custody = policy.doomed(self._custody, f"it can't be told: {error.strerror}")
            return
        self._agent.send(Activated(epoch))

    def _enforce(self, now: Instant) -> None:
        self._custody, verdict, why = policy.judge(self._custody, now, self._limits)
        match verdict:
            case GuardVerdict.RUN:
                self._let_run()
            case GuardVerdict.FREEZE:
                self._freeze(now, why)
            case GuardVerdict.KILL:
                self._processes.kill()

    def _let_run(self) -> None:
        if self._processes.thaw():
            self._frozen_sent = False
            self._agent.send(Thawed())
        # Before its exec a SIGTERM would end the child without the program having seen it.
        if self._custody.stopping is not None and not self._spawning:
            self._processes.send_sigterm()

    def _freeze(self, now: Instant, why: str) -> None:
        still = self._processes.freeze(now)
        if still and not self._frozen_sent and not self._spawning:
            self._frozen_sent = True
            self._agent.send(Frozen(why))
        # The lease's margin is all the time there is to become still in.
        if not still and self._processes.unsettled_s(now) > self._limits.margin_s / 2:
            self._custody = policy.doomed(self._custody, "it could not be frozen")
