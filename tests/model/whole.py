"""The whole: the record, the orders, the agents, and all that may happen next.

Decided here: what a state of the whole is, packed into one number: the ground (record and
orders) and each agent's local state; and what follows from it, one thing at a time: a
local event, a read, a write that takes effect, an order, a tick of all clocks. Agents
are alike: the holder stands first, and as nothing depends on the names of the others,
they are sorted; where orders name them, they only take turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

from sessionlib.core.messages import Order
from sessionlib.core.values import Lease, LeaseState
from sessionlib.core.view import WriteKind
from tests.model import operators, promises
from tests.model.config import Config
from tests.model.names import (
    EPOCH,
    ME,
    MINE,
    MINE_BEFORE,
    NO_NONCE,
    OTHERS,
    RENEWAL,
)
from tests.model.operators import SLOTS, Notes, Standing
from tests.model.space import PUBLISHED_BEFORE, PUBLISHED_NOW, Arrival, Numbers, Space, Step

GROUND_BITS = 18
LOCAL_BITS = 21
GROUND_MASK = (1 << GROUND_BITS) - 1
LOCAL_MASK = (1 << LOCAL_BITS) - 1

CURRENT_ONE, EARLIER_ONE = "current", "earlier"
"""The holder's incarnation, as the record has it: the one that lives, or one that has ended."""


class Move(NamedTuple):
    """What may come next: `who` did it (None: time, or an operator), and what it has broken."""

    to: int
    who: int | None
    label: str
    broken: str | None


@dataclass(frozen=True, slots=True)
class Ground:
    """What doesn't belong to one agent. Names are places, the holder's being 0."""

    record: Lease
    notes: Notes = ()


class Solo(NamedTuple):
    """What one agent's event changes, where no other one's place does."""

    delta: int
    to: int
    ground: int
    label: str
    broken: str | None


class PromiseBroken(AssertionError):
    """What the sentence says."""


class Whole:
    """The model of one configuration: its first state, and what follows from a state."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.agents = config.agents
        self.space = Space(config)
        self.grounds: Numbers[Ground] = Numbers()
        self.shifts = [GROUND_BITS + LOCAL_BITS * at for at in range(config.agents)]
        self.is_held: list[bool] = []
        self.is_offered: list[bool] = []
        self._seen: list[tuple[Lease, ...]] = []
        self._found: list[tuple[tuple[Order, ...], ...]] = []
        self._solos: dict[tuple[int, int, int], tuple[Solo, ...]] = {}
        self._changed: dict[tuple[int, int, int], tuple[int, int, str | None]] = {}

    def first(self) -> int:
        """Nobody holds the lease, and all agents have just started."""
        notes: Notes = (None,) * self.config.operators
        ground = self.ground(Ground(self.space.first_record(), notes))
        born = self.space.started(self.space.born())
        return self.pack(ground, [born] * self.agents)

    # The ground

    def ground(self, ground: Ground) -> int:
        known = len(self.grounds.values)
        number = self.grounds.number(ground)
        if number == known:
            record, agents = ground.record, range(self.agents)
            self.is_held.append(record.holder is not None)
            self.is_offered.append(record.state is LeaseState.OFFERED)
            seen = tuple(self._seen_from(record, at) for at in agents)
            self._seen.append(seen)
            self._found.append(
                tuple(
                    operators.found(ground.notes, seen[at], self._names_from(at)) for at in agents
                )
            )
        return number

    def _names_from(self, at: int) -> dict[str | None, str | None]:
        names: dict[str | None, str | None] = {None: None, str(at): ME}
        for distance in range(1, self.agents):
            name = f"n{distance}" if self.config.has_orders else "n1"
            names[str((at + distance) % self.agents)] = name
        return names

    def _seen_from(self, record: Lease, at: int) -> Lease:
        incarnation, names, plan = record.incarnation, self._names_from(at), record.plan
        if incarnation is not None:
            own = MINE if incarnation == CURRENT_ONE else MINE_BEFORE
            incarnation = own if at == 0 else OTHERS
        return replace(
            record,
            holder=names[record.holder],
            successor=names[record.successor],
            incarnation=incarnation,
            plan=replace(plan, to=names[plan.to] or "") if plan is not None else None,
        )

    def _ended(self, number: int) -> int:
        """The ground once the holder's incarnation has ended."""
        ground = self.grounds.values[number]
        if ground.record.holder is None:
            return number
        return self.ground(replace(ground, record=replace(ground.record, incarnation=EARLIER_ONE)))

    # States

    def pack(self, ground: int, locals_: list[int]) -> int:
        """The number of a state whose holder, if there is one, stands first."""
        if not self.config.has_orders:
            if not self.is_held[ground]:
                locals_ = sorted(locals_)
            elif self.agents > 2:
                locals_ = [locals_[0], *sorted(locals_[1:])]
        elif not self.is_held[ground]:
            turn = min(range(self.agents), key=lambda at: [*locals_[at:], *locals_[:at]])
            locals_ = [*locals_[turn:], *locals_[:turn]]
            ground = self._turned(ground, turn)
        state = ground
        for shift, local in zip(self.shifts, locals_, strict=True):
            state |= local << shift
        return state

    def _turned(self, number: int, turn: int) -> int:
        ground = self.grounds.values[number]
        notes = tuple(
            None
            if each is None
            else replace(each, order=operators.turned(each.order, turn, self.agents))
            for each in ground.notes
        )
        return self.ground(replace(ground, notes=notes))

    def unpack(self, state: int) -> tuple[int, list[int]]:
        return state & GROUND_MASK, [(state >> shift) & LOCAL_MASK for shift in self.shifts]

    def broken(self, state: int) -> str | None:
        """Which promise a state has broken, by itself."""
        ground, locals_ = self.unpack(state)
        works = self.space.works
        if sum(works[local] for local in locals_) > 1:
            return "two workloads are at work (S1)"
        if self.is_offered[ground] and self.space.runs[locals_[0]]:
            return "the lease is offered while the holder's workload runs (S4)"
        return None

    # What may come next

    def moves(self, state: int) -> Iterator[Move]:
        """All that may happen next."""
        ground, locals_ = self.unpack(state)
        for at, local in enumerate(locals_):
            for solo in self.solos(ground, at, local):
                after = [*locals_]
                after[at] = solo.to
                yield Move(self.pack(solo.ground, after), at, solo.label, solo.broken)
            for arrival in self.space.arrivals(local):
                yield self._arrived(ground, locals_, at, arrival)
        yield from self._ordered(ground, locals_)
        yield from self._ticked(ground, locals_)

    def following(self, state: int) -> list[int]:
        """The states that `moves` leads to, in its order. Where no agent's place can change, that
        is an addition for most of them. Raises PromiseBroken."""
        ground, locals_ = self.unpack(state)
        if not self.is_held[ground] or (self.agents > 2 and not self.config.has_orders):
            return self._checked(self.moves(state))
        following = []
        for at, local in enumerate(locals_):
            for solo in self.solos(ground, at, local):
                if solo.broken is not None:
                    raise PromiseBroken(solo.broken)
                following.append(state + solo.delta)
            arrivals = self.space.arrivals(local)
            if arrivals:
                moves = (self._arrived(ground, locals_, at, arrival) for arrival in arrivals)
                following += self._checked(moves)
        if self.config.has_orders:
            following += self._checked(self._ordered(ground, locals_))
        following += self._checked(self._ticked(ground, locals_))
        return following

    def _checked(self, moves: Iterable[Move]) -> list[int]:
        following = []
        for move in moves:
            if move.broken is not None:
                raise PromiseBroken(move.broken)
            following.append(move.to)
        return following

    def solos(self, ground: int, at: int, local: int) -> tuple[Solo, ...]:
        """What may happen to one agent without any other noticing."""
        known = self._solos.get((ground, at, local))
        if known is None:
            known = self._solos[ground, at, local] = tuple(
                self._solo(ground, at, local, step) for step in self._steps(ground, at, local)
            )
        return known

    def _steps(self, ground: int, at: int, local: int) -> Iterator[Step]:
        orders = self._found[ground][at]
        yield from self.space.quiet(local, orders)
        view = self.space.locals.values[local].view
        if view is not None and view.reading_lease:
            yield from self.space.reads(local, self._seen[ground][at], orders)

    def _solo(self, ground: int, at: int, local: int, step: Step) -> Solo:
        new = self._ended(ground) if step.reborn and at == 0 else ground
        delta = ((step.to - local) << self.shifts[at]) + new - ground
        return Solo(delta, step.to, new, step.label, step.broken)

    def _ticked(self, ground: int, locals_: list[int]) -> Iterator[Move]:
        found = self._found[ground]
        ticks = [self.space.ticks(local, found[at]) for at, local in enumerate(locals_)]
        for steps in product(*ticks):
            after = [step.to for step in steps]
            new = self._ended(ground) if steps[0].reborn else ground
            broken = next((step.broken for step in steps if step.broken), None)
            slow = [f"{at}{step.label}" for at, step in enumerate(steps) if step.label]
            yield Move(self.pack(new, after), None, "; ".join(["a tick", *slow]), broken)

    def _arrived(self, ground: int, locals_: list[int], at: int, arrival: Arrival) -> Move:
        space = self.space
        after = [
            arrival.to if other == at else space.outdated(local, arrival.change)
            for other, local in enumerate(locals_)
        ]
        turn, new, broken = self._change(ground, at, arrival)
        if arrival.kind is WriteKind.CLAIM and broken is None:
            others = [local for other, local in enumerate(locals_) if other != at]
            broken = promises.claimed(
                self._seen[ground][at], any(space.may_work[other] for other in others)
            )
        if broken is None and self.config.data:
            sender = space.locals.values[locals_[at]]
            broken = promises.given_up(arrival.record, sender)
        if turn:
            after = [*after[turn:], *after[:turn]]
        return Move(self.pack(new, after), at, arrival.label, broken)

    def _change(self, ground: int, at: int, arrival: Arrival) -> tuple[int, int, str | None]:
        """Which place is the first one now, the new ground, and what the write has broken."""
        key = (ground, at, self.space.records.number(arrival.record))
        known = self._changed.get(key)
        if known is None:
            known = self._changed[key] = self._changes(ground, at, arrival)
        return known

    def _changes(self, ground: int, at: int, arrival: Arrival) -> tuple[int, int, str | None]:
        before, after = self._seen[ground][at], arrival.record
        claims = arrival.kind is WriteKind.CLAIM
        broken = promises.written(before, after, claims=claims, data=self.config.data)
        notes, misled = operators.carried_out(
            self.grounds.values[ground].notes,
            before,
            after,
            claims=claims,
            asks_first=self.config.takeover == "approve",
        )
        turn = at if after.holder == ME else 0
        rose = after.epoch != before.epoch
        notes = operators.outdated(notes, rose=rose, turn=turn, agents=self.agents)
        record = self._record(after, {ME: 0, **{f"n{n}": n for n in range(1, self.agents)}})
        return turn, self.ground(Ground(record, notes)), broken or misled

    def _record(self, lease: Lease, places: dict[str, int]) -> Lease:
        """The record as its writer has made it, told from its place."""
        incarnation = lease.incarnation
        if incarnation is not None:
            incarnation = CURRENT_ONE if incarnation == MINE else EARLIER_ONE
        own = lease.checkpoint is not None and lease.checkpoint.epoch == lease.epoch
        plan = lease.plan
        return replace(
            lease,
            epoch=EPOCH,
            renewal=RENEWAL,
            nonce=NO_NONCE,
            holder=None if lease.holder is None else str(places[lease.holder]),
            successor=None if lease.successor is None else str(places[lease.successor]),
            incarnation=incarnation,
            checkpoint=PUBLISHED_NOW if own else PUBLISHED_BEFORE,
            plan=replace(plan, to=str(places[plan.to])) if plan is not None else None,
        )

    # Operators

    def _ordered(self, number: int, locals_: list[int]) -> Iterator[Move]:
        ground = self.grounds.values[number]
        for slot, each in enumerate(ground.notes):
            if each is None:
                yield from self._given(ground, locals_, slot)
            elif each.stands:
                gone = self._with(ground, slot, replace(each, stands=False))
                yield Move(self.pack(gone, locals_), None, f"{SLOTS[slot]} is withdrawn", None)
            elif not self._is_remembered(ground.record, locals_, SLOTS[slot]):
                yield self._forgotten(ground, locals_, slot)

    def _given(self, ground: Ground, locals_: list[int], slot: int) -> Iterator[Move]:
        holder = self.space.locals.values[locals_[0]]
        ended = ground.record.incarnation == EARLIER_ONE and holder.run is None
        actions = self.config.orders
        for new in operators.given(ground.record, slot, actions, self.agents, ended=ended):
            told = f"an operator gives {SLOTS[slot]}: {new.order.action.value}"
            if new.order.account is not None:
                told += f" to {new.order.account}"
            yield Move(self.pack(self._with(ground, slot, new), locals_), None, told, None)

    def _with(self, ground: Ground, slot: int, standing: Standing | None) -> int:
        notes = (*ground.notes[:slot], standing, *ground.notes[slot + 1 :])
        return self.ground(replace(ground, notes=notes))

    def _is_remembered(self, record: Lease, locals_: list[int], name: str) -> bool:
        planned = record.plan is not None and record.plan.id == name
        return planned or any(self.space.mentions(local, name) for local in locals_)

    def _forgotten(self, ground: Ground, locals_: list[int], slot: int) -> Move:
        name = SLOTS[slot]
        done = tuple(each for each in ground.record.done if each != name)
        ground = replace(ground, record=replace(ground.record, done=done))
        after = [self.space.forgotten(local, name) for local in locals_]
        gone = self._with(ground, slot, None)
        return Move(self.pack(gone, after), None, f"{name} is forgotten by all", None)
