"""The local transitions, each worked out once by the product's code and then only looked up.

Decided here: which events can happen to an agent in a local state, and numbers for
local states and records (equal ones get one number). An agent's step depends on its own
state and, where it reads, on the record: so there are few of them, and exploring the
whole is arithmetic on the numbers. Not decided here: the whole (`explore`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from sessionlib.core.copies import Made
from sessionlib.core.events import (
    CopyEnded,
    Event,
    LeaseRead,
    Leave,
    Restored,
    Sealed,
    WriteAnswered,
    WriteVerdict,
)
from sessionlib.core.lease import first_record
from sessionlib.core.messages import Order
from sessionlib.core.values import Identity, Instant, Lease, Pointer, Role
from sessionlib.core.view import DataState, LeaseReadStatus, Peer, View, Write, WriteKind
from sessionlib.guard import policy
from sessionlib.guard.policy import Custody
from tests.model import operators
from tests.model.agent import Broken, Collected, Effect, Started, hear
from tests.model.config import Config
from tests.model.knowing import NOTHING, Known
from tests.model.local import Fixed, Local, fixed, may_come_to_work, oldest_sent, works
from tests.model.names import (
    CURRENT,
    EPOCH,
    ME,
    MINE,
    NO_NONCE,
    PENDING,
    RENEWAL,
    SEQ,
    World,
    pointer_named,
)
from tests.model.normal import normal
from tests.model.scale import NEVER_S, NEXT, NOW, TICK_S

T = TypeVar("T")
IDS = {slot: slot for slot in operators.SLOTS}
NEXT_VERSION = "next"
PUBLISHED_NOW, PUBLISHED_BEFORE = pointer_named(EPOCH, SEQ), pointer_named(EPOCH - 1, SEQ)


class Numbers(Generic[T]):
    """A number for each value; equal ones have the same."""

    def __init__(self) -> None:
        self.of: dict[T, int] = {}
        self.values: list[T] = []

    def number(self, value: T) -> int:
        found = self.of.get(value)
        if found is None:
            found = self.of[value] = len(self.values)
            self.values.append(value)
        return found


@dataclass(frozen=True, slots=True)
class Step:
    """What a local state becomes, and by what. `reborn` says that the agent's incarnation has
    ended, `broken` which promise this alone has broken."""

    to: int
    label: str
    reborn: bool = False
    broken: str | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A write that takes effect: what its sender becomes, and the record."""

    to: int
    label: str
    kind: WriteKind
    record: Lease
    """Relative to the sender, and to the record before."""
    change: int


@dataclass(frozen=True, slots=True)
class Change:
    """What the others need to know of a new record."""

    epoch: int
    renewal: int
    checkpoint: Pointer | None


Orders = tuple[Order, ...]
Happening = tuple[Local, Event | None, str]
"""A local state, what its agent hears in it, and in words."""


def chances() -> Callable[[], str]:
    """Fresh nonces, for one step."""
    count = iter(range(1_000_000))
    return lambda: f"x{next(count)}"


class Space:
    """All local states of one model that have been met."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.settings = config.settings()
        self.locals: Numbers[Local] = Numbers()
        self.changes: Numbers[Change] = Numbers()
        self.records: Numbers[Lease] = Numbers()
        others = range(1, config.agents)
        self.ring: dict[str | None, str | None] = {
            name: name for name in (ME, "o", *(f"n{each}" for each in others))
        }
        self.ring[None] = None
        self.works: list[bool] = []
        self.runs: list[bool] = []
        self.may_work: list[bool] = []
        self._quiet: dict[tuple[int, Orders], tuple[Step, ...]] = {}
        self._ticks: dict[tuple[int, Orders], tuple[Step, ...]] = {}
        self._arrivals: list[tuple[Arrival, ...] | None] = []
        self._reads: dict[tuple[int, Lease, Orders], tuple[Step, ...]] = {}
        self._forgotten: dict[tuple[int, str], int] = {}
        self._outdated: dict[tuple[int, int], int] = {}

    # Numbers

    def number(self, local: Local) -> int:
        known = len(self.locals.values)
        number = self.locals.number(local)
        if number == known:
            self.works.append(works(local))
            self.runs.append(local.run is not None)
            self.may_work.append(may_come_to_work(local, EPOCH))
            self._arrivals.append(None)
        return number

    def first_record(self) -> Lease:
        record = first_record(NO_NONCE, self.settings.timing.ttl_s)
        return replace(record, epoch=EPOCH, renewal=RENEWAL, checkpoint=PUBLISHED_BEFORE)

    def world(self, local: Local) -> World:
        """What a normal form is relative to, and so stays."""
        record = replace(
            self.first_record(),
            nonce=local.landed or NO_NONCE,
            checkpoint=local.published or PUBLISHED_BEFORE,
        )
        return World(record, CURRENT, self.ring, IDS)

    def formed(self, local: Local, now: Instant, world: World) -> int:
        return self.number(normal(local, now, world, self.config))

    # Agents

    def born(self) -> Local:
        """An agent that starts; nothing of an earlier one runs."""
        peers = {
            f"n{each}": Peer(f"n{each}", 9, Role.HOT_STANDBY)
            for each in range(1, self.config.agents)
        }
        view = View(
            me=Identity(ME, "s", MINE, Role.HOT_STANDBY, 1),
            settings=self.settings,
            started=NOW,
            lifetime_s=NEVER_S,
            peers=fixed(peers),
            given_boot=Fixed(),
            reading_mailbox=True,
        )
        return Local(view, Custody(NOW))

    def started(self, local: Local) -> int:
        after, _ = self.heard(replace(self.born(), net=local.net, published=local.published), None)
        return self.formed(after, NOW, self.world(local))

    def heard(
        self, local: Local, event: Event | None, now: Instant = NOW, known: Known = NOTHING
    ) -> tuple[Local, str | None]:
        """After `event`, and what that has broken."""
        after, effects = hear(local, event, now, chances(), new_pointer, self.config, known)
        broken = next(filter(None, (self._broken(local, effect) for effect in effects)), None)
        return after, broken

    def _broken(self, local: Local, effect: Effect) -> str | None:
        match effect:
            case Broken(why):
                return why
            case Started(epoch, fresh) if self.config.data and epoch == EPOCH:
                if fresh is not None and fresh != local.published:
                    return "the work starts from another checkpoint than the published one (S3)"
            case Collected(pointer, _) if pointer != local.published:
                return "collected for another checkpoint than the published one (S3)"
            case _:
                pass
        return None

    def _step(self, local: Local, event: Event | None, label: str, known: Known = NOTHING) -> Step:
        after, broken = self.heard(local, event, NOW, known)
        label += f", knowing of {known}" if str(known) else ""
        return self._became(local, after, label, broken)

    def _became(self, local: Local, after: Local, label: str, broken: str | None = None) -> Step:
        reborn = local.view is not None and (
            after.view is None or after.view.me.incarnation != local.view.me.incarnation
        )
        return Step(self.formed(after, NOW, self.world(local)), label, reborn, broken)

    # Events of one agent alone

    def quiet(self, number: int, orders: Orders) -> tuple[Step, ...]:
        """What can happen to an agent that may know of `orders`, without anybody else noticing."""
        known = self._quiet.get((number, orders))
        if known is None:
            steps = self._quiet_steps(self.locals.values[number], orders)
            known = self._quiet[number, orders] = tuple(
                {step.to: step for step in steps if step.to != number or step.broken}.values()
            )
        return known

    def _quiet_steps(self, local: Local, orders: Orders) -> Iterator[Step]:
        view = local.view
        if view is None:
            if local.run is None:
                yield Step(self.started(local), "starts again")
            else:
                gone = replace(local, run=None, custody=Custody(NOW))
                yield self._became(local, gone, "its orphaned workload is gone")
            return
        happenings = [
            *self._happenings(local, view),
            *([(local, None, "looks at the notes")] if self.config.has_orders else []),
        ]
        for known in self._known(view, orders):
            for before, event, label in happenings:
                yield self._step(before, event, label, known)
        if self.config.crashes:
            yield from self._crashes(local)

    def _known(self, view: View, orders: Orders, *, reads: bool = False) -> Iterator[Known]:
        """What an agent may know at a step. One whose record is outdated meets orders given on an
        earlier one only once it has looked (`reads`): which of the two is older isn't kept here.
        Who has reported is asked only by a holder, for a move."""
        met = [()] if not orders else [(), orders]
        if view.version != CURRENT and not reads and not all(map(operators.is_on_record, orders)):
            met = [()]
        holds = view.tenure is not None or view.write is not None or bool(view.unsettled)
        for each in met:
            yield Known(each)
            if self.config.has_orders and holds:
                yield Known(each, reported=True)

    def _happenings(self, local: Local, view: View) -> Iterator[Happening]:
        if view.reading_lease:
            yield local, LeaseRead(LeaseReadStatus.UNREACHABLE), "can't reach the store"
            if self.config.unreadable:
                yield local, LeaseRead(LeaseReadStatus.UNREADABLE), "finds the record unreadable"
        if view.write is not None:
            yield from self._answers(local, view.write)
        run = local.run
        if run is not None and (run.halted or local.custody.doomed or run.frozen_why):
            empty = replace(local, run=None, custody=policy.emptied(local.custody))
            yield empty, None, "its workload has ended"
        yield from self._data_events(local, view)
        if self.config.leaves and view.leaving is None:
            yield local, Leave("told to"), "is told to leave"

    def _answers(self, local: Local, write: Write) -> Iterator[Happening]:
        """What an agent may hear of its write. A write that hasn't arrived may be answered with
        Unknown and arrive later; one that can't arrive any more is as good as lost."""
        kind, nonce = write.kind.value, write.lease.nonce
        unknown = WriteAnswered(nonce, WriteVerdict.UNKNOWN)
        conflict = WriteAnswered(nonce, WriteVerdict.CONFLICT)
        lost = replace(local, net=tuple(each for each in local.net if each.lease.nonce != nonce))
        if local.answer is not None:
            done = WriteAnswered(nonce, WriteVerdict.DONE, local.answer)
            yield local, done, f"hears that its {kind} is done"
            yield local, unknown, f"gets no answer to its {kind}, which is done"
            if self.config.conflicts:
                yield local, conflict, f"hears of a conflict, though its {kind} is done"
        elif len(lost.net) == len(local.net):
            yield local, conflict, f"hears of a conflict with its {kind}"
            yield local, unknown, f"gets no answer to its {kind}, which failed"
        else:
            yield lost, unknown, f"gets no answer to its {kind}, which is lost"
            if self.config.conflicts:
                yield lost, conflict, f"hears of a conflict with its {kind}, for no reason"
            if len(lost.net) < self.config.zombies:
                yield local, unknown, f"gets no answer to its {kind}, still on its way"

    def _crashes(self, local: Local) -> Iterator[Step]:
        """The agent dies: what it knew is gone, its writes and its workload are not, at once."""
        dead = replace(local, view=None, answer=None, asleep=0)
        zombies = tuple(each for each in local.net if each.lease.nonce != PENDING)
        if len(local.net) > len(zombies) and len(local.net) <= self.config.zombies:
            yield self._became(local, dead, "dies, with a write on its way")
        yield self._became(local, replace(dead, net=zombies), "dies")

    def _data_events(self, local: Local, view: View) -> Iterator[Happening]:
        if view.tenure is None or view.lease is None:
            return
        data, copies, epoch = view.data, view.copies, view.tenure.epoch
        if data.state is DataState.RESTORING:
            # What is restored is what the record that the agent knows points at.
            restored = replace(local, fresh=view.lease.checkpoint)
            yield restored, Restored(epoch), "has restored the data"
            if self.config.fails:
                yield local, Restored(epoch, "gone"), "can't restore the data"
        if data.state is DataState.SEALING and data.sealing is not None:
            pointer = new_pointer(epoch) if self.config.data else None
            done = replace(local, fresh=pointer)
            yield done, Sealed(data.sealing, pointer), "has sealed the data"
            if self.config.fails:
                yield local, Sealed(data.sealing, None, "full"), "can't seal the data"
        if copies.under_way is not None:
            made = Made(new_pointer(epoch), 0, 0.0, "")
            yield local, CopyEnded(copies.under_way, made), "has made a copy"
            if self.config.fails:
                yield local, CopyEnded(copies.under_way, None, "why"), "can't copy"

    # Time

    def ticks(self, number: int, orders: Orders) -> tuple[Step, ...]:
        """What a local state may be a tick later."""
        known = self._ticks.get((number, orders))
        if known is None:
            steps = self._tick_steps(self.locals.values[number], orders)
            known = self._ticks[number, orders] = tuple(
                {(step.to, step.broken): step for step in steps}.values()
            )
        return known

    def _tick_steps(self, local: Local, orders: Orders) -> Iterator[Step]:
        world = self.world(local)
        view = local.view
        if view is None or not _is_overdue(view):
            for known in self._known(view, orders) if view is not None else (NOTHING,):
                after, broken = self.heard(local, None, NEXT, known)
                reborn = view is not None and after.view is None
                label = f" knows of {known}" if str(known) else ""
                yield Step(self.formed(after, NEXT, world), label, reborn, broken)
        if self.config.drifts and local.slip is None and oldest_sent(local) is not None:
            slipped = replace(local, slip=NOW)
            yield Step(self.formed(slipped, NOW, world), "'s clock stands still")
        if self.config.freezes and local.view is not None and local.run is not None:
            asleep = replace(local, asleep=local.asleep + 1)
            yield Step(self.formed(asleep, NEXT, world), " isn't let run")

    # The record

    def reads(self, number: int, record: Lease, orders: Orders) -> tuple[Step, ...]:
        """The agent reads `record`, which is relative to it."""
        known = self._reads.get((number, record, orders))
        if known is None:
            local = self.locals.values[number]
            found = replace(record, nonce=local.landed or NO_NONCE)
            event = LeaseRead(LeaseReadStatus.SEEN, found, CURRENT)
            view = local.view
            assert view is not None
            known = self._reads[number, record, orders] = tuple(
                self._step(local, event, "reads the record", each)
                for each in self._known(view, orders, reads=True)
            )
        return known

    def forgotten(self, number: int, slot: str) -> int:
        """The local state once an order is no more."""
        known = self._forgotten.get((number, slot))
        if known is None:
            local = self.locals.values[number]
            world = self.world(local)
            ids = {name: name for name in IDS if name != slot}
            world = replace(world, ids=ids)
            known = self._forgotten[number, slot] = self.formed(local, NOW, world)
        return known

    def mentions(self, number: int, slot: str) -> bool:
        return operators.mentions(self.locals.values[number], slot)

    def arrivals(self, number: int) -> tuple[Arrival, ...]:
        """Each write of this agent that may take effect."""
        known = self._arrivals[number]
        if known is None:
            local = self.locals.values[number]
            known = self._arrivals[number] = tuple(
                self._arrival(local, write) for write in local.net
            )
        return known

    def _arrival(self, local: Local, write: Write) -> Arrival:
        pending = write.lease.nonce == PENDING
        rest = tuple(each for each in local.net if each is not write)
        # What is left on its way has lost its version, and is gone with it.
        landed = replace(local, net=rest, answer=NEXT_VERSION if pending else local.answer)
        world = World(write.lease, NEXT_VERSION, self.ring, IDS)
        change = Change(write.lease.epoch, write.lease.renewal, write.lease.checkpoint)
        late = "" if pending else " late"
        return Arrival(
            self.formed(landed, NOW, world),
            f"{write.kind.value} arrives{late}",
            write.kind,
            write.lease,
            self.changes.number(change),
        )

    def outdated(self, number: int, change: int) -> int:
        """What a local state is once somebody else has changed the record."""
        known = self._outdated.get((number, change))
        if known is None:
            local, new = self.locals.values[number], self.changes.values[change]
            record = replace(
                self.first_record(),
                epoch=new.epoch,
                renewal=new.renewal,
                checkpoint=new.checkpoint,
                nonce="another's",
            )
            known = self._outdated[number, change] = self.formed(
                local, NOW, World(record, NEXT_VERSION, self.ring, IDS)
            )
        return known


def _is_overdue(view: View) -> bool:
    """Whether an answer has to come before the next tick: none takes longer than the time-out,
    which is half a tick, as the agent's hands see to."""
    write = view.write
    return view.reading_lease or (write is not None and write.sent.mono <= -TICK_S)


def new_pointer(epoch: int) -> Pointer:
    """A checkpoint that was just made: newer than all others of its epoch."""
    return pointer_named(epoch, SEQ + 9)
