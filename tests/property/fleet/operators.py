"""Two operators who give orders of every kind, some of them late or on old news.

Method: an operator looks at the register and the reports, thinks for a while, and
gives an order on what was seen. An emergency is given only when that holder's agent
really has ended and nothing of its workload runs, for that is what is proven or stated
before one is given; now and then it names an outdated renewal.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sessionlib.core.notes import Order, OrderAction, Signal, When
from sessionlib.core.values import Lease

if TYPE_CHECKING:
    from tests.property.fleet.world import Fleet

NAMES = ("op1", "op2")
THINKS_S = 6.0
LIFE_S = 600.0


class Operators:
    """Both of them, and the orders that stand in the store."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.orders: list[tuple[float, Order]] = []
        self.signal: tuple[float, Signal] | None = None

    def act(self) -> None:
        """One of them does something, or decides against it."""
        chance = self.fleet.chance
        if chance.random() < 0.1:
            self.signal = (self.fleet.t, Signal(f"sig-{self.fleet.nonce()}", False))
            return
        order = self._made(chance.choice(NAMES), chance.choice(list(OrderAction)))
        if order is not None:
            again = chance.random() < 0.1
            self.fleet.after(chance.uniform(0, THINKS_S), lambda: self.give(order))
            if again:
                # The other one asks for the same.
                twin = replace(order, id=self.fleet.nonce(), by="op2")
                self.fleet.after(chance.uniform(0, THINKS_S), lambda: self.give(twin))

    def give(self, order: Order) -> None:
        self.orders = [*self.orders[-30:], (self.fleet.t, order)]
        self.fleet.truth.given[order.id] = order

    def standing(self, missed: float) -> tuple[dict[str, float], list[Order], list[Any]]:
        """What a reader finds: ages, orders, and those that are too old."""
        ages: dict[str, float] = {}
        orders: list[Order] = []
        old: list[Any] = []
        for at, order in self.orders:
            if self.fleet.chance.random() < missed:
                continue
            if self.fleet.t - at > LIFE_S:
                old.append((order.id, "expired", "too old"))
                continue
            orders.append(order)
            ages[order.id] = self.fleet.t - at
        return ages, orders, old

    def found_signal(self) -> Signal | None:
        if self.signal is None or self.fleet.t - self.signal[0] > LIFE_S:
            return None
        return self.signal[1]

    def on(self, lease: Lease, action: OrderAction, by: str = "op1", **more: Any) -> Order:
        """An order on what is seen now."""
        fields: dict[str, Any] = {"account": None, "renewal": lease.renewal, **more}
        return Order(
            id=self.fleet.nonce(),
            fleet="f",
            action=action,
            epoch=lease.epoch,
            incarnation=lease.incarnation,
            by=by,
            **fields,
        )

    def _made(self, by: str, action: OrderAction) -> Order | None:
        fleet, chance, lease = self.fleet, self.fleet.chance, self.fleet.lease
        more: dict[str, Any] | None = {}
        match action:
            case OrderAction.HANDOVER:
                when = chance.choice(list(When))
                after_s = chance.uniform(0, 300) if when is When.LATER else None
                account = chance.choice([None, *fleet.names])
                more = {"account": account, "when": when, "after_s": after_s}
            case OrderAction.ABORT:
                more = {"plan": lease.plan.id} if lease.plan else None
            case OrderAction.APPROVE:
                more = self._asked_for(lease)
            case OrderAction.STOP:
                node = chance.choice(fleet.nodes)
                more = {"account": node.name, "target": node.view.me.incarnation}
            case OrderAction.EMERGENCY:
                more = self._emergency(lease)
            case _:
                pass
        return None if more is None else self.on(lease, action, by, **more)

    def _asked_for(self, lease: Lease) -> dict[str, Any] | None:
        for report, _ in self.fleet.reports.values():
            what, _, which = (report.asks or "").partition(":")
            if what == "plan":
                return {"plan": which}
            if what == "takeover" and which == str(lease.epoch):
                return {"account": report.account}
        return {"plan": lease.plan.id} if lease.plan else None

    def _emergency(self, lease: Lease) -> dict[str, Any] | None:
        fleet = self.fleet
        if lease.holder is None:
            return None
        node = next(node for node in fleet.nodes if node.name == lease.holder)
        if node.alive and node.view.me.incarnation == lease.incarnation:
            return None
        outdated = fleet.chance.random() < 0.2
        return {
            "account": fleet.chance.choice([name for name in fleet.names if name != lease.holder]),
            "renewal": lease.renewal - 1 if outdated else lease.renewal,
            "stopped": lease.holder,
            "evidence": "its process is gone",
        }
