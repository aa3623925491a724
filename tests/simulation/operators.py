"""Two operators who give orders of every kind, some of them late or on old news.

Method: an operator looks at the register and the reports, thinks for a while, and
gives an order on what was seen. An emergency is given only when that holder's agent
really has ended and nothing of its workload runs, for that is what is proven or stated
before one is given; now and then it names an outdated renewal.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sessionlib.core.messages import Order, OrderAction, Signal, When
from sessionlib.core.values import Lease
from tests.simulation.faults import Fault

if TYPE_CHECKING:
    from tests.simulation.world import Fleet

NAMES = ("op1", "op2")
THINKS_S = 6.0
NEVER_ENDED = frozenset({OrderAction.EMERGENCY})


class Operators:
    """Both of them."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self._made = 0

    def act(self, fault: Fault) -> None:
        """One of them does something, or decides against it."""
        chance = random.Random(fault.roll)
        order = self._thought_of(chance)
        if order is None:
            return
        self.fleet.after(chance.uniform(0, THINKS_S), lambda: self.fleet.notes.give(order))
        if chance.random() < 0.1:
            # The other one asks for the same.
            twin = replace(order, id=self._id(), by=next(n for n in NAMES if n != order.by))
            self.fleet.after(chance.uniform(0, THINKS_S), lambda: self.fleet.notes.give(twin))

    def move(self, fault: Fault) -> None:
        """One of them wants the work somewhere else, and now."""
        lease = self.fleet.register.lease
        if lease is None:
            return
        chance = random.Random(fault.roll)
        others = [name for name in self.fleet.names if name != lease.holder]
        to = chance.choice(others)
        order = self.on(lease, OrderAction.HANDOVER, chance.choice(NAMES), account=to)
        self.fleet.notes.give(order)

    def signal(self, fault: Fault) -> None:
        """Somebody puts a file into the folder."""
        is_test = fault.roll < 0.3
        signal = Signal(f"sig-{self._id()}", is_test)
        if is_test:
            self.fleet.truth.tests.add(signal.id)
        self.fleet.notes.signal = (self.fleet.t, signal)
        what = "a test of the signal" if is_test else "a signal file"
        self.fleet.tell("somebody", lambda: f"puts {what} into the folder ({signal.id})")

    def on(self, lease: Lease, action: OrderAction, by: str = NAMES[0], **more: Any) -> Order:
        """An order on what is seen now."""
        fields: dict[str, Any] = {"account": None, "renewal": lease.renewal, **more}
        return Order(
            id=self._id(),
            fleet="f",
            action=action,
            epoch=lease.epoch,
            incarnation=lease.incarnation,
            by=by,
            **fields,
        )

    def _id(self) -> str:
        self._made += 1
        return f"o{self._made}"

    def _thought_of(self, chance: random.Random) -> Order | None:
        lease = self.fleet.register.lease
        by, action = chance.choice(NAMES), chance.choice(list(OrderAction))
        if lease is None:
            return None
        more: dict[str, Any] | None = {}
        match action:
            case OrderAction.HANDOVER:
                when = chance.choice([When.NOW, *When])
                after_s = chance.uniform(0, 300) if when is When.LATER else None
                account = chance.choice([None, *self.fleet.names])
                more = {"account": account, "when": when, "after_s": after_s}
            case OrderAction.ABORT:
                more = {"plan": lease.plan.id} if lease.plan else None
            case OrderAction.APPROVE:
                more = self._asked_for(lease)
            case OrderAction.STOP:
                node = chance.choice(self.fleet.nodes)
                more = {"account": node.name, "target": node.incarnation}
            case OrderAction.EMERGENCY:
                more = self._emergency(lease, chance)
            case _:
                pass
        return None if more is None else self.on(lease, action, by, **more)

    def _asked_for(self, lease: Lease) -> dict[str, Any] | None:
        for report, _ in self.fleet.notes.reports.values():
            what, _, which = (report.asks or "").partition(":")
            if what == "plan":
                return {"plan": which}
            if what == "takeover" and which == str(lease.epoch):
                return {"account": report.account}
        return {"plan": lease.plan.id} if lease.plan else None

    def _emergency(self, lease: Lease, chance: random.Random) -> dict[str, Any] | None:
        holder = self.fleet.node(lease.holder)
        if holder is None or not holder.has_ended(lease.incarnation):
            return None
        outdated = chance.random() < 0.2
        others = [name for name in self.fleet.names if name != lease.holder]
        return {
            "account": chance.choice(others),
            "renewal": lease.renewal - 1 if outdated and lease.renewal else lease.renewal,
            "stopped": lease.holder,
            "evidence": "its process is gone",
        }
