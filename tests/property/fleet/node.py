"""One account of a simulated fleet: its clocks, its agent, its guard and its workload."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sessionlib.core.actions import (
    Action,
    Collect,
    Copy,
    Exit,
    FetchAhead,
    Look,
    Peek,
    Prepare,
    Record,
    Restore,
    Seal,
    Send,
    Work,
)
from sessionlib.core.copies import Made
from sessionlib.core.decide import decide
from sessionlib.core.events import (
    CopyEnded,
    Event,
    Fetched,
    Late,
    Prepared,
    Recorded,
    Restored,
    Sealed,
    WorkChanged,
)
from sessionlib.core.learn import begun, learn
from sessionlib.core.notes import WorkState
from sessionlib.core.report import Surroundings, report_of
from sessionlib.core.timing import DRIFT
from sessionlib.core.values import Identity, Instant, Pointer, Role
from sessionlib.core.view import Peer, View, member_of
from sessionlib.core.work import Aim, Facts, Goal

if TYPE_CHECKING:
    from tests.property.fleet.world import Fleet

TICK_S = 0.5
FOREVER_S = 1e9


class Node:
    """Everything of one account but the store."""

    def __init__(self, fleet: Fleet, name: str, priority: int) -> None:
        self.fleet = fleet
        self.name = name
        self.priority = priority
        chance = fleet.chance
        self.offset = (chance.uniform(0, 1e5), chance.uniform(0, 1e5), chance.uniform(-1e5, 1e5))
        self.rate = 1 + chance.uniform(-DRIFT / 2, DRIFT / 2)
        self.life = 0
        self.partitioned_until = 0.0
        self.frozen_until = 0.0
        self.alive = False
        self.number = 0
        """The workload's data: it counts up while it works."""
        self.waiting: list[Event] = []
        self.start()

    def start(self) -> None:
        """A new incarnation. Nothing of the last one is left but the clocks."""
        self.life += 1
        self.alive = True
        self.waiting = []
        now = self.now()
        me = Identity(self.name, "s", self.fleet.nonce(), Role.HOT_STANDBY, self.priority)
        others = {
            name: Peer(name, rank, Role.HOT_STANDBY)
            for rank, name in enumerate(self.fleet.names, 1)
            if name != self.name
        }
        self.view = View(
            me=me,
            settings=self.fleet.settings(),
            started=now,
            lifetime_s=self.fleet.lifetime_s,
            peers=others,
        )
        self.goal = Goal(Aim.REST)
        self.beat = 0
        self.gist: object = None
        self.told_at = 0.0
        self.grant: tuple[int, Instant, float] | None = None
        self.run_epoch: int | None = None
        self.dying = False
        self.thaw_after: Instant | None = None
        self.woke = now
        self.fleet.after(TICK_S, self._ticker(self.life))
        if self.fleet.is_finite:
            # The platform takes the machine away, whatever runs on it.
            self.fleet.after(self.fleet.lifetime_s / self.rate, self._ender(self.life))

    def now(self) -> Instant:
        t = self.fleet.t * self.rate
        return Instant(*(t + offset for offset in self.offset))

    def _ender(self, life: int) -> Callable[[], None]:
        def end() -> None:
            if self.life == life and self.view.lifetime_s < FOREVER_S:
                self.die()
                self.come_back()

        return end

    def come_back(self) -> None:
        """Somebody starts this account's next session before long."""
        wait_s = self.fleet.chance.uniform(1, 120)
        self.fleet.after(wait_s, lambda: None if self.alive else self.start())

    def _ticker(self, life: int) -> Callable[[], None]:
        def tick() -> None:
            if self.life == life and self.alive:
                self.fleet.after(TICK_S, tick)
                if self.works() and self.fleet.t >= self.frozen_until:
                    self.number += 1
                self.deliver(None)

        return tick

    def deliver(self, event: Event | None) -> None:
        """Hand an event to the agent, or keep it until the agent is let run."""
        if not self.alive:
            return
        if self.fleet.t < self.frozen_until:
            if event is not None:
                self.waiting.append(event)
            return
        now = self.now()
        late_s = now.since(self.woke) - TICK_S
        self.woke = now
        events = [Late(late_s)] if late_s > self.view.timing.margin_s else []
        for each in (*events, *self.waiting, *([event] if event else [])):
            self.become(learn(self.view, each, now, self.fleet.nonce()))
        self.waiting = []
        self.turn(now)

    def turn(self, now: Instant) -> None:
        for _ in range(4):
            actions = decide(self.view, now, self.fleet.nonce())
            for action in actions:
                self.become(begun(self.view, action, now))
                self.do(action, now)
            if all(isinstance(action, Work) for action in actions):
                break
        self.report(now)

    def report(self, now: Instant) -> None:
        """Once a second, and at once for what a move waits on."""
        gist = (self.view.me, self.view.lease and self.view.lease.plan, self.view.receipts)
        if gist == self.gist and self.fleet.t - self.told_at < 1:
            return
        self.gist, self.told_at = gist, self.fleet.t
        self.beat += 1
        report = report_of(self.view, now, self.beat, Surroundings())
        self.fleet.reports[self.name] = (report, self.fleet.t)

    def become(self, view: View) -> None:
        before, after = member_of(self.view), member_of(view)
        if before is not after:
            self.fleet.transitions.add((before, after))
        self.view = view

    def do(self, action: Action, now: Instant) -> None:
        match action:
            case Work(goal):
                self.pass_grant()
                self.set_goal(goal, now)
            case Look():
                self.fleet.request(self, None)
            case Send(write):
                self.fleet.request(self, write)
            case Peek():
                self.later(self.fleet.peeked(self), 0.2)
            case Record(history):
                self.fleet.history.append(history)
                self.later(Recorded(history.epoch), 0.2)
            case Exit():
                assert self.run_epoch is None, "exited with the workload running"
                self.die()
                self.come_back()
            case _:
                self.carry(action)

    def carry(self, action: Action) -> None:
        """What concerns data and program."""
        match action:
            case Restore(epoch, pointer):
                assert self.run_epoch is None, "restored under the workload's feet"
                self.later(self.restored(epoch, pointer), 0.5)
            case Copy(epoch, _, token):
                self.later(self.copied(epoch, token), 1.0)
            case Collect(pointer, _):
                self.fleet.truth.collect(pointer, self.fleet.lease)
            case FetchAhead(pointer):
                lost = self.fleet.chance.random() < self.fleet.odds.copy_fails
                self.later(Fetched(pointer.name, "gone" if lost else None), 0.5)
            case Prepare():
                self.later(Prepared("v1"), 5.0)
            case Seal(epoch, token):
                assert self.run_epoch is None, "sealed while the workload was at work"
                self.later(self.sealed(epoch, token), 0.5)
            case _:
                pass

    def restored(self, epoch: int, pointer: Pointer | None) -> Restored:
        """What comes of a restore. Whoever holds the lease by now may have removed what one
        that lost it would restore."""
        if pointer is not None and self.fleet.truth.is_gone(pointer):
            assert self.fleet.lease.epoch > epoch, "the holder's own checkpoint is gone (S3)"
            return Restored(epoch, "gone")
        self.number = self.fleet.truth.number(pointer)
        return Restored(epoch)

    def copied(self, epoch: int, token: str) -> CopyEnded:
        """What comes of a checkpoint made while the workload runs."""
        if self.fleet.chance.random() < self.fleet.odds.copy_fails:
            return CopyEnded(token, None, "a file doesn't settle")
        if self.number == 0:
            return CopyEnded(token, None)
        moved_bytes = self.fleet.chance.choice([0, 0, 10**6, 10**8])
        pointer = self.fleet.truth.save(epoch, self.number)
        return CopyEnded(token, Made(pointer, moved_bytes, moved_bytes / 1e8, "all of it"))

    def sealed(self, epoch: int, token: str) -> Sealed:
        """What comes of the last copy, of a workload that has stopped."""
        if self.fleet.chance.random() < self.fleet.odds.seal_fails:
            return Sealed(token, None, "full")
        return Sealed(token, self.fleet.truth.save(epoch, self.number) if self.number else None)

    def later(self, event: Event, within_s: float) -> None:
        life = self.life
        wait_s = self.fleet.chance.uniform(0.01, within_s)
        self.fleet.after(wait_s, lambda: self.deliver(event) if self.life == life else None)

    def pass_grant(self) -> None:
        tenure = self.view.tenure
        if tenure is not None and self.view.spent is None:
            self.grant = (tenure.epoch, tenure.sent, tenure.valid_s)
            if self.thaw_after is not None and tenure.sent.mono > self.thaw_after.mono:
                self.thaw_after = None

    def set_goal(self, goal: Goal, now: Instant) -> None:
        """The guard and the workload, as far as safety depends on them."""
        if goal != self.goal:
            self.goal = goal
            self.tell_facts()
        match goal.aim:
            case Aim.SERVE if self.run_epoch is None and not self.dying and self.granted(goal):
                self.run_epoch = goal.epoch
                self.fleet.started(self)
                self.tell_facts()
            case Aim.HOLD if self.thaw_after is None:
                self.thaw_after = now
            case Aim.REST | Aim.WARM if self.run_epoch is not None and not self.dying:
                self.dying = True
                life = self.life
                self.fleet.after(0.3, lambda: self.stopped() if self.life == life else None)
            case Aim.DEAD if self.run_epoch is not None:
                self.stopped()
            case _:
                pass

    def stopped(self) -> None:
        self.run_epoch = None
        self.dying = False
        self.tell_facts()

    def tell_facts(self) -> None:
        """The agent hears a moment later how things are by then."""
        life = self.life
        wait_s = self.fleet.chance.uniform(0.01, 0.3)

        def tell() -> None:
            if self.life == life:
                runs = self.run_epoch is not None
                state = WorkState.SERVING if runs else WorkState.NONE
                facts = Facts(state, self.run_epoch, empty=not runs, goal=self.goal)
                self.deliver(WorkChanged(facts))

        self.fleet.after(wait_s, tell)

    def granted(self, goal: Goal) -> bool:
        if self.grant is None or self.thaw_after is not None:
            return False
        epoch, sent, valid_s = self.grant
        return epoch == goal.epoch and self.now().since(sent) < valid_s

    def works(self) -> bool:
        """Whether the workload runs for effect at this moment, by the guard's rules."""
        if self.run_epoch is None or self.grant is None or self.thaw_after is not None:
            return False
        epoch, sent, valid_s = self.grant
        return epoch == self.run_epoch and self.now().since(sent) < valid_s

    def die(self) -> None:
        """The agent is gone, and so the guard has killed the workload."""
        self.alive = False
        self.run_epoch = None
        self.dying = False
