"""A simulated machine's guards, and the processes that they keep.

Goal: a workload that works exactly when the product's own `guard.policy` lets it.
Method: the guard looks whenever it hears something and at the moment at which its
verdict could change, late by as much as the odds say but never by the lease's margin
(assumption A4: that is what the margin is for). A frozen guard hears nothing, and its
reaper ends everything once it has been silent for too long; a killed one takes the
workload along. What a workload does for effect goes to the fleet's `Truth`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlib.agent.guard_supervisor import GuardFactory, GuardNews
from sessionlib.core.work import Mode
from sessionlib.guard import policy
from sessionlib.guard.client import GuardError, GuardLost
from sessionlib.guard.policy import Custody, GuardVerdict, Limits
from sessionlib.guard.wire import (
    Activate,
    Activated,
    Command,
    Emptied,
    Exited,
    Freeze,
    Frozen,
    LeaseGrant,
    NotActivated,
    Spawn,
    Spawned,
    SpawnRefused,
    Started,
    Stop,
    Thawed,
)
from tests.simulation.faults import Kind

if TYPE_CHECKING:
    from tests.simulation.node import Node

BOOT_S = (0.02, 0.3)
WORD_S = 0.02
"""How long a word between agent and guard takes at the most."""
QUIT_S = (0.02, 2.0)
"""How long after SIGTERM a workload ends."""
END_S = 0.1
"""How long it takes until nothing is left of a killed workload, and this is known."""


class Process:
    """A workload. It works for effect while it is neither frozen nor a standby."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.is_frozen = False
        self.epoch: int | None = None
        self.quits = False
        self._works_since: float | None = None

    @property
    def works(self) -> bool:
        return self._works_since is not None

    def serve(self, epoch: int) -> None:
        """From now on what it does counts under `epoch`."""
        self.epoch = epoch
        self.node.fleet.truth.begins(self.node, epoch)
        self.update()

    def update(self) -> None:
        """It works, or it doesn't: take note of which."""
        node = self.node
        works = self.epoch is not None and not self.is_frozen and not node.sleeps
        if works and self._works_since is None:
            self._works_since = node.fleet.t
            node.fleet.truth.works(node, self.epoch or 0)
        elif not works:
            self.settle()
            self._works_since = None
            node.fleet.truth.rests(node)

    def settle(self) -> None:
        """Put what has been done by now into the data: it counts the milliseconds."""
        if self._works_since is not None and self.epoch is not None:
            fleet = self.node.fleet
            done = round((fleet.t - self._works_since) * 1000)
            self._works_since = fleet.t
            if done:
                self.node.disk.write(self.epoch, done)

    def end(self) -> None:
        self.is_frozen = True
        self.update()
        self.node.process = None


class SimulatedGuard:
    """One guard, as the agent's `GuardSupervisor` makes it."""

    def __init__(self, node: Node, limits: Limits, post: Callable[[GuardNews], None]) -> None:
        self.node = node
        self.limits = limits
        self.cleared = False
        self.is_frozen = False
        self._post = post
        self._waiting: list[Command] = []
        self._alive = False
        self._due = self._next_look = float("inf")

    @property
    def markers(self) -> dict[str, str]:
        return {}

    # What the agent's post asks for

    def start(self) -> None:
        if self.node.process is not None:
            raise GuardError("processes of an earlier agent of this home don't end")
        self.cleared = True
        self._alive = True
        self.custody = Custody(self.node.now())
        self.node.guard = self
        self._say(Started(1, 2), 0.1)

    def send(self, command: Command) -> None:
        if not self._alive:
            return
        if self.is_frozen or self.node.sleeps or self._is_late():
            self._waiting.append(command)
            return
        self._take(command)
        self.look()

    def close(self) -> bool:
        self._end()
        return True

    # What happens to it

    def lost(self, why: str) -> None:
        """Killed, or ended by its reaper; the workload goes with it."""
        if self._alive:
            self._end()
            self.node.fleet.after(
                self.node.chance.uniform(0.0, END_S), lambda: self._post_lost(why)
            )

    def freeze(self, for_s: float) -> None:
        """It doesn't run for a while. Reaper and agent wait for its word for so long only."""
        if not self._alive or self.is_frozen:
            return
        self.is_frozen = True
        silence_s = self.node.clocks.lasts(self.limits.silence_s)
        if for_s >= silence_s:
            self.node.fleet.after(silence_s, lambda: self.lost("silent"))
        else:
            self.node.fleet.after(for_s, self.thaw)

    def thaw(self) -> None:
        if self._alive and self.is_frozen:
            self.is_frozen = False
            self.wake()

    def wake(self) -> None:
        """Look again after not having run: before anything that was said meanwhile counts."""
        if not self._alive or self.is_frozen or self.node.sleeps:
            return
        self.custody = policy.looked(self.custody, self.node.now(), self.limits)
        waiting, self._waiting = self._waiting, []
        for command in waiting:
            self._take(command)
        self.look()

    def exited(self, code: int) -> None:
        """The workload's main process has ended by itself, and nothing else of it is left."""
        if self.node.process is not None and self._alive:
            self.node.process.end()
            self.custody = policy.stopping(self.custody, self.node.now(), kill=False)
            self._say(Exited(code))
            self._emptied_soon()

    # How it decides

    def look(self) -> None:
        """Judge now, and see to it that it is looked again when that could change."""
        if not self._alive or self.is_frozen or self.node.sleeps or self._is_late():
            return
        waiting, self._waiting = self._waiting, []
        for command in waiting:
            self._take(command)
        now = self.node.now()
        # It looks many times a second; all those looks at which nothing happens are left out.
        self.custody = replace(self.custody, looked=now)
        self.custody, verdict, why = policy.judge(self.custody, now, self.limits)
        process = self.node.process
        if process is not None:
            match verdict:
                case GuardVerdict.KILL:
                    process.end()
                    self._emptied_soon()
                case GuardVerdict.FREEZE if not process.is_frozen:
                    process.is_frozen = True
                    process.update()
                    self._say(Frozen(why))
                case GuardVerdict.RUN:
                    self._let_run(process)
        self._look_again()

    def _let_run(self, process: Process) -> None:
        if process.is_frozen:
            process.is_frozen = False
            process.update()
            self._say(Thawed())
        if self.custody.stopping is not None and not process.quits:
            process.quits = True
            wait_s = self.node.chance.uniform(*QUIT_S)
            self.node.fleet.after(wait_s, lambda: self._quit(process))

    def _quit(self, process: Process) -> None:
        # One that is frozen by now can't: what becomes of it is for the next look.
        if self.node.process is process and not process.is_frozen and not self.node.sleeps:
            self.exited(0)

    def _look_again(self) -> None:
        custody, now = self.custody, self.node.now()
        if custody.mode is None:
            return
        waits = []
        if custody.mode is Mode.ACTIVE and custody.grant is not None and custody.frozen is None:
            waits.append(custody.grant.valid_s - now.since(custody.grant.sent))
        if custody.frozen is not None:
            waits.append(self.limits.kill_after_s - now.since(custody.frozen))
        if custody.stopping is not None:
            waits.append(custody.grace_s - (now.mono - custody.stopping.mono))
        if not waits:
            return
        # A hair more: at the very moment it may not be over yet.
        due_s = max(0.0, self.node.clocks.lasts(min(waits))) + 1e-6
        due = self.node.fleet.t + due_s
        if due < self._due or self._due <= self.node.fleet.t:
            self._due = due
            # Until then it isn't let run: nor does it hear anything.
            self._next_look = due + self._late_s()
            at = self._next_look
            self.node.fleet.after(at - self.node.fleet.t, lambda: self._on_time(at))

    def _is_late(self) -> bool:
        return self._due <= self.node.fleet.t < self._next_look

    def _on_time(self, at: float) -> None:
        if at == self._next_look:
            self._due = self._next_look = float("inf")
            self.look()

    def _late_s(self) -> float:
        node = self.node
        if node.chance.random() < node.fleet.odds.guard_late:
            node.fleet.count(Kind.GUARD_LATE)
            return node.clocks.lasts(node.chance.uniform(0, 0.9 * self.limits.margin_s))
        return node.chance.uniform(0, policy.TICK_S)

    # What it is told, and says

    def _take(self, command: Command) -> None:
        now = self.node.now()
        match command:
            case LeaseGrant():
                self.custody = policy.granted(self.custody, command, now)
            case Freeze(at):
                self.custody = policy.held(self.custody, at)
            case Spawn():
                self._spawn(command)
            case Activate(epoch):
                self._activate(epoch)
            case Stop(kill):
                self.custody = policy.stopping(self.custody, now, kill=kill)

    def _spawn(self, spawn: Spawn) -> None:
        assert self.custody.mode is None, "a second Spawn while a workload runs"
        refusal = policy.refusal_to_spawn(self.custody, spawn.mode, spawn.epoch, self.node.now())
        if refusal is not None:
            self._say(SpawnRefused(refusal))
            return
        self.custody = policy.begun(self.custody, spawn.mode, spawn.epoch, spawn.grace_s)
        process = self.node.process = Process(self.node)
        if spawn.mode is Mode.ACTIVE and spawn.epoch is not None:
            process.serve(spawn.epoch)
        self._say(Spawned(3), BOOT_S[1])
        if self.node.fails_until > self.node.fleet.t:
            self.node.fleet.after(0.3, lambda: self._fail(process))

    def _fail(self, process: Process) -> None:
        if self.node.process is process and not process.is_frozen:
            self.exited(1)

    def _activate(self, epoch: int) -> None:
        process = self.node.process
        refusal = policy.refusal_to_activate(self.custody, epoch, self.node.now())
        if refusal is not None or process is None:
            self._say(NotActivated(refusal or "the standby isn't up"))
            return
        self.custody = policy.activated(self.custody, epoch)
        process.serve(epoch)
        self._say(Activated(epoch))

    def _emptied_soon(self) -> None:
        wait_s = self.node.chance.uniform(0.001, END_S)
        self.node.fleet.after(wait_s, self._emptied)

    def _emptied(self) -> None:
        if self._alive and self.node.process is None and self.custody.mode is not None:
            self.custody = policy.emptied(self.custody)
            self._say(Emptied())

    def _end(self) -> None:
        self._alive = False
        if self.node.process is not None:
            self.node.process.end()
        if self.node.guard is self:
            self.node.guard = None

    def _post_lost(self, why: str) -> None:
        self._post(GuardLost(why))

    def _say(self, news: GuardNews, within_s: float = WORD_S) -> None:
        # In order: the words of one guard don't overtake each other.
        self.node.fleet.after(
            self.node.in_order(within_s), lambda: self._post(news) if self._alive else None
        )


def guards_of(node: Node) -> GuardFactory:
    """What makes the guards of the agents of `node`."""

    def new_guard(
        *, home: Path, limits: Limits, on_event: Callable[[GuardNews], None]
    ) -> SimulatedGuard:
        return SimulatedGuard(node, limits, on_event)

    return new_guard
