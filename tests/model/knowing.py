"""What an agent knows of the notes at one step: which orders stand, and who has reported.

Decided here: that it is no part of a state. A look at the notes may be answered at any
time, and a report grants nothing and so may say anything: that every other agent is ready
for whatever is planned, or that none has been heard of. So each step is taken with every
knowledge that there may be, and none is kept: a knowledge that lasts is one that is had
again at the next step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sessionlib.core.handover import acknowledgement
from sessionlib.core.messages import Order
from sessionlib.core.values import Instant, Readiness
from sessionlib.core.view import Peer, View
from tests.model.scale import NEVER_S


@dataclass(frozen=True, slots=True)
class Known:
    """`orders` are those that were met; `reported` says that all others are ready."""

    orders: tuple[Order, ...] = ()
    reported: bool = False

    def to(self, view: View, now: Instant) -> View:
        """The view of an agent that knows this."""
        plan = view.lease.plan if view.lease is not None else None
        published = view.copies.published
        fetched = published.pointer.name if published is not None else None
        peers = {name: Peer(name, peer.priority, peer.role) for name, peer in view.peers.items()}
        if self.reported:
            peers = {
                name: replace(
                    peer,
                    changed_mono=now.mono,
                    every_s=NEVER_S,
                    member="standby",
                    readiness=Readiness.READY,
                    plan=acknowledgement(plan) if plan is not None and plan.to == name else None,
                    remaining_s=NEVER_S,
                    fetched=fetched,
                )
                for name, peer in peers.items()
            }
        return replace(view, orders=self.orders, peers=peers)

    def __str__(self) -> str:
        told = [f"{order.id} ({order.action.value})" for order in self.orders]
        return ", ".join([*told, *(["all others ready"] if self.reported else [])])


NOTHING = Known()
