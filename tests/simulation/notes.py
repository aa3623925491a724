"""Reports, orders and signal files, as they lie in a simulated store.

Method: whoever peeks sees each of them as it was a moment ago, or misses one, or sees
nothing at all. Orders are genuine here: what isn't signed is another test's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessionlib.core.events import Event, MailboxRead
from sessionlib.core.messages import ORDER_LIFE_S, History, Order, Report, Signal
from tests.simulation.faults import Kind

if TYPE_CHECKING:
    from tests.simulation.node import Node
    from tests.simulation.world import Fleet

ORDERS_KEPT = 30


@dataclass
class Noticeboard:
    """What everybody has written."""

    fleet: Fleet
    reports: dict[str, tuple[Report, float]] = field(default_factory=dict)
    before: dict[str, tuple[Report, float]] = field(default_factory=dict)
    orders: list[tuple[float, Order]] = field(default_factory=list)
    signal: tuple[float, Signal] | None = None
    history: list[History] = field(default_factory=list)

    def write_report(self, node: Node, report: Report) -> None:
        """It takes its time, like every request, and may never arrive."""
        fleet = self.fleet
        if fleet.is_cut_off(node) or fleet.net.random() < fleet.odds.lost:
            return
        at = fleet.t + fleet.net.uniform(0.01, fleet.odds.delay_s)
        fleet.after(at - fleet.t, lambda: self._put(node.name, report))

    def _put(self, name: str, report: Report) -> None:
        if name in self.reports:
            self.before[name] = self.reports[name]
        self.reports[name] = (report, self.fleet.t)

    def peek(self, reader: Node) -> None:
        """The answer comes within the time-out; if nothing could be read, it says nothing."""
        fleet, odds, chance = self.fleet, self.fleet.odds, self.fleet.net
        life = reader.life

        def answer(event: Event) -> None:
            if reader.life == life:
                reader.deliver(event)

        if fleet.is_cut_off(reader) or fleet.t < reader.deaf_until or chance.random() < odds.lost:
            fleet.count(Kind.NOTES_LOST)
            wait_s = reader.clocks.lasts(fleet.timing.timeout_s)
            fleet.after(wait_s, lambda: answer(MailboxRead({})))
            return
        wait_s = chance.uniform(0.01, 2 * odds.delay_s)
        found = self._seen_by(reader)
        fleet.after(wait_s, lambda: answer(found))

    def _seen_by(self, reader: Node) -> MailboxRead:
        fleet = self.fleet
        stale = fleet.net.random() < fleet.odds.stale
        reports = {**self.reports, **self.before} if stale else self.reports
        seen = {
            name: (report, fleet.t - at)
            for name, (report, at) in reports.items()
            if name != reader.name
        }
        orders: list[Order] = []
        ages_s: dict[str, float] = {}
        old: list[tuple[str, str, str]] = []
        for at, order in self.orders:
            if fleet.net.random() < fleet.odds.missed:
                fleet.count(Kind.MISSED)
                continue
            if fleet.t - at > ORDER_LIFE_S:
                old.append((order.id, "expired", "too old"))
                continue
            orders.append(order)
            ages_s[order.id] = fleet.t - at
        return MailboxRead(seen, tuple(orders), tuple(old), ages_s, self._signal())

    def _signal(self) -> Signal | None:
        if self.signal is None or self.fleet.t - self.signal[0] > ORDER_LIFE_S:
            return None
        return self.signal[1]

    def give(self, order: Order) -> None:
        fleet = self.fleet
        fleet.bell.ring()
        self.orders = [*self.orders[-ORDERS_KEPT:], (fleet.t, order)]
        fleet.truth.given[order.id] = (fleet.t, order)
        fleet.tell(
            order.by,
            lambda: (
                f"orders {order.action.value} {order.account or ''} {order.plan or ''} "
                f"on epoch {order.epoch}.{order.renewal} ({order.id})"
            ),
        )
