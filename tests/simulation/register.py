"""The lease register of a simulated fleet, and the way of a request to it and back.

Goal: the worst store that the design's assumptions allow. Method: a write takes effect
in one step, on exactly the version that it names (assumption A1); everything around
that step may fail: the request is lost, late, or arrives twice, the answer is lost or
says nothing, a read is stale or torn, the version moves for no reason.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING

from sessionlib.core.events import Event, LeaseRead, WriteAnswered, WriteVerdict
from sessionlib.core.lease import first_record
from sessionlib.core.values import UNKNOWN_HOLDER, Lease, LeaseState
from sessionlib.core.view import LeaseReadStatus, Write
from tests.simulation.faults import STORE, Fault, Kind

if TYPE_CHECKING:
    from tests.simulation.node import Node
    from tests.simulation.world import Fleet

Answer = Callable[[Event], None]

STALE_S = 20.0
"""How old what a stale read gives may be."""
SPARE_EPOCHS = 100
"""As `init` leaves them free, above every trace, when it makes a lost record again."""


class Register:
    """The record; None while it is lost."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.lease: Lease | None = first_record(fleet.nonce(), fleet.timing.ttl_s)
        self.version = 1
        self.written_at = 0.0
        self.remade_at = float("-inf")
        self._past: list[tuple[float, Lease, str]] = []
        self._keep()

    # The way there and back

    def request(self, node: Node, write: Write | None) -> None:
        """Read (None) or write, with whatever the odds do to it."""
        fleet = self.fleet
        timeout_s = node.clocks.lasts(fleet.timing_of(node.name).timeout_s)
        life, done = node.life, [False]

        def answer(event: Event) -> None:
            if not done[0] and node.life == life:
                done[0] = True
                node.deliver(event)

        def give_up() -> None:
            answer(_no_answer(write))

        fleet.after(timeout_s, give_up)
        self.send(node, write, answer)

    def send(self, node: Node, write: Write | None, answer: Answer) -> None:
        """One request on its way, and back if it comes through. A call may send several."""
        fleet = self.fleet
        if fleet.t < fleet.out_until or fleet.t < node.partitioned_until:
            return
        if fleet.net.random() < fleet.odds.lost / 2:
            fleet.count(Kind.LOST)
            return
        timeout_s = node.clocks.lasts(fleet.timing_of(node.name).timeout_s)
        for delay_s in self._delays(timeout_s):
            fleet.after(delay_s, lambda: self._arrive(node, write, answer))

    def _delays(self, timeout_s: float) -> list[float]:
        """How long the request takes to arrive, each time that it does."""
        odds, chance = self.fleet.odds, self.fleet.net
        delay_s = chance.uniform(0.01, odds.delay_s)
        if chance.random() < odds.slow:
            self.fleet.count(Kind.SLOW)
            delay_s = chance.uniform(0.5 * timeout_s, timeout_s)
        if chance.random() < odds.late:
            self.fleet.count(Kind.LATE)
            delay_s = chance.uniform(timeout_s, 8 * timeout_s)
        if chance.random() < odds.duplicate:
            self.fleet.count(Kind.DUPLICATE)
            return [delay_s, delay_s + chance.uniform(0.0, 3 * timeout_s)]
        return [delay_s]

    def _arrive(self, node: Node, write: Write | None, answer: Answer) -> None:
        fleet, odds, chance = self.fleet, self.fleet.odds, self.fleet.net
        event = self.read() if write is None else self.take(write)
        if fleet.t < node.deaf_until or chance.random() < odds.lost / 2:
            fleet.count(Kind.ANSWER_LOST)
            if write is None or chance.random() < 0.5:
                return
            # The connection breaks: an answer all the same, and one that says nothing.
            fleet.count(Kind.BROKEN)
            event = WriteAnswered(write.lease.nonce, WriteVerdict.UNKNOWN, why="connection reset")
        fleet.after(chance.uniform(0.01, odds.delay_s), lambda: answer(event))

    # One atomic step each

    def read(self) -> Event:
        fleet, odds, chance = self.fleet, self.fleet.odds, self.fleet.net
        if chance.random() < odds.torn:
            fleet.count(Kind.TORN)
            sight = chance.choice(
                [LeaseReadStatus.MISSING, LeaseReadStatus.UNREADABLE, LeaseReadStatus.UNREACHABLE]
            )
            return LeaseRead(sight, why="a bad read")
        if self.lease is None:
            return LeaseRead(LeaseReadStatus.MISSING, why="the lease record is missing")
        if chance.random() < odds.stale:
            fleet.count(Kind.STALE)
            at = fleet.t - chance.uniform(0, STALE_S)
            index = bisect_right(self._past, at, key=lambda entry: entry[0]) - 1
            written_at, lease, version = self._past[max(0, index)]
            return LeaseRead(LeaseReadStatus.SEEN, lease, version, fleet.t - written_at)
        return LeaseRead(
            LeaseReadStatus.SEEN, self.lease, str(self.version), fleet.t - self.written_at
        )

    def take(self, write: Write) -> Event:
        fleet, after, before = self.fleet, write.lease, self.lease
        if before is None or write.expected != str(self.version):
            fleet.tell(STORE, lambda: f"refuses {said(after)}: the record has changed")
            return WriteAnswered(after.nonce, WriteVerdict.CONFLICT, why="changed")
        fleet.tell(STORE, lambda: f"takes {said(after)}")
        writer = fleet.node(after.holder or before.holder)
        fleet.truth.written(before, after, writer)
        self._put(after)
        return WriteAnswered(after.nonce, WriteVerdict.DONE, str(self.version))

    def _put(self, lease: Lease) -> None:
        self.lease = lease
        self.version += 1
        self.written_at = self.fleet.t
        self._keep()
        self.fleet.bell.ring()

    def _keep(self) -> None:
        if self.lease is not None:
            self._past = [*self._past[-8:], (self.written_at, self.lease, str(self.version))]

    # What befalls it

    def touch(self) -> None:
        """The version moves, and nothing else does."""
        self.version += 1
        self._keep()

    def lose(self, fault: Fault) -> None:
        """The record is gone, until somebody makes it again."""
        if self.lease is None:
            return
        self.lease = None
        self.version += 1
        self.fleet.after(fault.for_s, self.remake)

    def remake(self) -> None:
        """As `init` does: unknown holder, an epoch above every trace, the newest checkpoint."""
        if self.lease is not None:
            return
        fleet = self.fleet
        lease = Lease(
            epoch=fleet.truth.highest_claim + SPARE_EPOCHS,
            holder=UNKNOWN_HOLDER,
            session=None,
            incarnation=None,
            renewal=0,
            nonce=fleet.nonce(),
            ttl_s=fleet.timing.ttl_s,
            state=LeaseState.HELD,
            checkpoint=fleet.depot.newest(),
        )
        self.remade_at = fleet.t
        fleet.truth.remade(lease)
        fleet.tell(STORE, lambda: f"is given a new record, {said(lease)}")
        self._past = []
        self._put(lease)


def _no_answer(write: Write | None) -> Event:
    if write is None:
        return LeaseRead(LeaseReadStatus.UNREACHABLE, why="no answer")
    return WriteAnswered(write.lease.nonce, WriteVerdict.UNKNOWN, why="no answer")


def said(lease: Lease) -> str:
    """The record in a line of the transcript."""
    plan = f", plan to {lease.plan.to}: {lease.plan.phase.value}" if lease.plan else ""
    pointer = lease.checkpoint
    at = f", checkpoint {pointer.epoch}-{pointer.seq}" if pointer else ""
    who = lease.holder or "nobody"
    paused = ", paused" if lease.paused else ""
    to = f" to {lease.successor}" if lease.successor else ""
    return (
        f"{lease.state.value}{to} by {who}, epoch {lease.epoch}.{lease.renewal}{plan}{at}{paused}"
    )
