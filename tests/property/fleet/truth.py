"""What must hold of the data and the orders of a simulated fleet.

Method: the workload is a counter. A checkpoint has the number that it had when it was
made; who starts may never start below the newest published one (S3), and after an offer
starts exactly where the old holder stopped (S4). Every write of the register is looked
at for the orders that it carries out: none twice, and none on other evidence than it was
given on (S6).
"""

from __future__ import annotations

from collections import Counter

from sessionlib.core.notes import Order, OrderAction
from sessionlib.core.values import Lease, LeaseState, Pointer

EXACT = frozenset({OrderAction.EMERGENCY, OrderAction.APPROVE})
"""Orders that hold on one renewal only, where they speak of a claim."""


class Truth:
    """The checks, and what they need to remember."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.saved: dict[str, int] = {}
        """The number in each checkpoint that is in the store."""
        self.given: dict[str, Order] = {}
        self.effects: Counter[tuple[str, str]] = Counter()
        self.offered: tuple[int, int] | None = None
        """The epoch of the last offer, and where its holder had stopped."""
        self.seq = 0
        self.acted: set[OrderAction] = set()
        self.asks_first = False

    def number(self, pointer: Pointer | None) -> int:
        """What stands in a checkpoint that somebody relies on."""
        if pointer is None:
            return 0
        assert pointer.name in self.saved, f"seed {self.seed}: {pointer.name} is gone (S3)"
        return self.saved[pointer.name]

    def is_gone(self, pointer: Pointer) -> bool:
        return pointer.name not in self.saved

    def save(self, epoch: int, number: int) -> Pointer:
        """A checkpoint that has become durable."""
        self.seq += 1
        pointer = Pointer(epoch, self.seq, f"{epoch}-{self.seq}", number)
        self.saved[pointer.name] = number
        return pointer

    def collect(self, pointer: Pointer, lease: Lease) -> None:
        assert pointer == lease.checkpoint, f"seed {self.seed}: collected for another pointer"
        self.saved = {pointer.name: self.saved[pointer.name]}

    def starts(self, epoch: int, number: int, lease: Lease) -> None:
        """The workload begins to run for effect."""
        if lease.epoch != epoch:
            return
        published = self.number(lease.checkpoint)
        if self.offered is not None and self.offered[0] == epoch - 1:
            assert number == self.offered[1], f"seed {self.seed}: lost in a planned move (S4)"
            self.offered = None
        assert number >= published, f"seed {self.seed}: started below what was published (S3)"

    def written(self, before: Lease, after: Lease, holders_number: int) -> None:
        """The register has changed."""
        self._pointer(before, after)
        claims = after.epoch != before.epoch
        done = [order for order in after.done if order not in before.done]
        for order_id in done:
            if order_id in self.given:
                self._once("done", order_id)
                self._on_its_evidence(self.given[order_id], before, claims=claims)
        if after.plan is not None and (before.plan is None or before.plan.id != after.plan.id):
            self._begins(after.plan.id, before)
        if claims:
            self._may_claim(
                before, {self.given[each].action for each in done if each in self.given}
            )
        if after.state is LeaseState.OFFERED:
            assert self.number(after.checkpoint) == holders_number, (
                f"seed {self.seed}: offered without its last word (S4)"
            )
            self.offered = (after.epoch, holders_number)

    def _pointer(self, before: Lease, after: Lease) -> None:
        old, new = before.checkpoint, after.checkpoint
        if old == new:
            return
        assert new is not None, f"seed {self.seed}: the pointer is gone (S3)"
        assert new.epoch == after.epoch, f"seed {self.seed}: published under another epoch"
        assert old is None or (old.epoch, old.seq) < (new.epoch, new.seq), "S3: overwritten"
        self.number(new)

    def _begins(self, plan_id: str, before: Lease) -> None:
        assert plan_id not in before.done, f"seed {self.seed}: {plan_id} is done with (S6)"
        if not plan_id.startswith("sig-"):
            # A file only proposes, and the record may have forgotten it.
            self._once("plan", plan_id)

    def _once(self, what: str, order_id: str) -> None:
        self.effects[what, order_id] += 1
        times = self.effects[what, order_id]
        assert times == 1, f"seed {self.seed}: {order_id} took effect {times} times (S6)"

    def _on_its_evidence(self, order: Order, before: Lease, *, claims: bool) -> None:
        self.acted.add(order.action)
        # A stop is aimed at an incarnation, whatever the epoch.
        at_epoch = order.epoch == before.epoch or order.action is OrderAction.STOP
        assert at_epoch, f"seed {self.seed}: {order.action} at another epoch (S6)"
        if claims and order.action in EXACT:
            stood_on = (order.epoch, order.incarnation, order.renewal)
            now = (before.epoch, before.incarnation, before.renewal)
            assert stood_on == now, f"seed {self.seed}: obeyed after a renewal (S6)"

    def _may_claim(self, before: Lease, by: set[OrderAction]) -> None:
        if before.paused:
            allowed = by & {OrderAction.EMERGENCY, OrderAction.RESUME}
            assert allowed, f"seed {self.seed}: taken over while paused"
        if self.asks_first and before.state is LeaseState.HELD:
            assert by & EXACT, f"seed {self.seed}: taken over without having been approved"
