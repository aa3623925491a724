"""What must always hold, checked by one who sees everything.

Goal: S1 to S7 of the design at every moment. Method: the workloads say when they begin
and cease to work for effect (S1), every write of the register is looked at as it takes
effect (S2, S3, S5, S6, S7), and the data is looked at whenever work begins (S3, S4).
The first thing that doesn't hold ends the simulation with a `Violation`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sessionlib.core.messages import ORDER_LIFE_S, Order, OrderAction
from sessionlib.core.values import UNKNOWN_HOLDER, Lease, LeaseState, Pointer
from tests.simulation.disks import Content

if TYPE_CHECKING:
    from tests.simulation.node import Node
    from tests.simulation.world import Fleet

EXACT = frozenset({OrderAction.EMERGENCY, OrderAction.APPROVE})
"""Orders that hold on one renewal only, where they speak of a claim."""


class Violation(AssertionError):
    """A promise of the design is broken: which, and how."""

    def __init__(self, rule: str, text: str) -> None:
        super().__init__(f"{rule}: {text}")
        self.rule = rule


def holds(what: bool, rule: str, text: str) -> None:
    if not what:
        raise Violation(rule, text)


class Truth:
    """The checks, and what they need to remember."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.given: dict[str, tuple[float, Order]] = {}
        self.effects: Counter[tuple[str, str]] = Counter()
        self.acted: set[OrderAction] = set()
        self.tests: set[str] = set()
        """Signal files that are tests."""
        self.at_work: dict[str, int] = {}
        """Who works for effect at this moment, and under which epoch."""
        self.highest_effect = -1
        self.acquisitions = 0
        self.highest_claim = 0
        self.sealed: tuple[int, Content] | None = None
        """The epoch of the last lease that was given up in order, and the data by then."""
        self.worked_on: dict[int, tuple[str, int]] = {}
        """Whose machine has had the data in hand under which epoch."""
        self.asks_first = False

    # S1: the work

    def works(self, node: Node, epoch: int) -> None:
        """A workload works for effect from now on: every write of it carries `epoch`."""
        self.at_work[node.name] = epoch
        self.one_at_work()
        holds(
            epoch >= self.highest_effect,
            "S1",
            f"{node.name} works under epoch {epoch}, after there was work under "
            f"{self.highest_effect}",
        )
        self.highest_effect = epoch

    def rests(self, node: Node) -> None:
        self.at_work.pop(node.name, None)

    def one_at_work(self) -> None:
        if len(self.at_work) > 1:
            raise Violation("S1", f"two work at once: {self.at_work}")

    # S3, S4: the data

    def begins(self, node: Node, epoch: int) -> None:
        """The workload opens its data under `epoch`."""
        self.worked_on[epoch] = (node.name, node.session)
        lease = self.fleet.register.lease
        if lease is None or lease.epoch != epoch:
            # It has lost the lease already, and may do what it likes until its deadline.
            return
        data = node.disk.content()
        published = self.content(lease.checkpoint)
        lost = {of: ms for of, ms in published.items() if data.get(of, 0) < ms}
        holds(not lost, "S3", f"{node.name} starts without what was published: {lost}")
        if self.sealed is not None and self.sealed[0] == epoch - 1:
            holds(
                dict(data) == dict(self.sealed[1]),
                "S4",
                f"{node.name} starts at {dict(data)}, the old primary had stopped at "
                f"{dict(self.sealed[1])}",
            )
        self.sealed = None

    def content(self, pointer: Pointer | None) -> Content:
        """What stands in a checkpoint that somebody relies on."""
        if pointer is None:
            return {}
        held = self.fleet.depot.content(pointer.name)
        holds(held is not None, "S3", f"checkpoint {pointer.epoch}-{pointer.seq} isn't whole")
        return held or {}

    def unrestored(self, epoch: int, pointer: Pointer | None, why: str) -> None:
        """Whoever holds the lease can have what it points at."""
        lease = self.fleet.register.lease
        if lease is not None and lease.epoch == epoch and lease.checkpoint == pointer:
            holds(pointer is None, "S3", f"the holder's own checkpoint can't be had: {why}")

    def restored(self, node: Node, epoch: int, pointer: Pointer | None, before: Content) -> None:
        """A machine whose data is the newest there is goes on with it: what was done since
        the last checkpoint is lost to a restart only where somebody else has claimed."""
        lease = self.fleet.register.lease
        if lease is not None and lease.epoch != epoch:
            # Claimed, and lost before it could open its data: what was published then may
            # have been followed and collected since.
            return
        was_its = self.worked_on.get(epoch - 1) == (node.name, node.session)
        published = self.content(pointer)
        newer = all(before.get(of, 0) >= ms for of, ms in published.items())
        if was_its and newer:
            after = node.disk.content()
            lost = {of: ms for of, ms in before.items() if after.get(of, 0) < ms}
            holds(not lost, "S4", f"{node.name} had newer data of its own, and dropped {lost}")

    def collected(self) -> None:
        """Something was removed: what is published is whole all the same."""
        lease = self.fleet.register.lease
        if lease is not None:
            self.content(lease.checkpoint)

    # S2, S3, S5, S6, S7: the register

    def written(self, before: Lease, after: Lease, writer: Node | None) -> None:
        """The register has changed."""
        self._pointer(before, after)
        claims = after.epoch != before.epoch
        done = [order for order in after.done if order not in before.done]
        for order_id in done:
            self._carried_out(order_id, before, claims=claims)
        if after.plan is not None and (before.plan is None or before.plan.id != after.plan.id):
            self._begins_plan(after.plan.id, before)
        if claims:
            self._claimed(before, after, {self._action(each) for each in done})
        if before.state is LeaseState.HELD and after.state is not LeaseState.HELD:
            self._given_up(after, writer)

    def _claimed(self, before: Lease, after: Lease, by: set[OrderAction | None]) -> None:
        self.acquisitions += 1
        holds(after.epoch == before.epoch + 1, "S2", f"a claim of {after.epoch} on {before.epoch}")
        holds(after.epoch > self.highest_claim, "S2", f"epoch {after.epoch} is claimed again")
        self.highest_claim = after.epoch
        holder = self.fleet.node(before.holder)
        if holder is not None and holder.name != after.holder:
            still = holder.may_work_for_s(before)
            holds(
                before.state is not LeaseState.HELD or still <= 0,
                "S5",
                f"{after.holder} takes over from {holder.name}, who may work on for {still:.3f} s",
            )
        passed_by = before.state is LeaseState.OFFERED and after.holder != before.successor
        if passed_by and OrderAction.EMERGENCY not in by:
            since_s = self.fleet.t - self.fleet.register.written_at
            holds(
                since_s > 0.99 * before.ttl_s,
                "S5",
                f"offered to {before.successor}, claimed by {after.holder} {since_s:.1f} s later",
            )
        if before.paused:
            allowed = by & {OrderAction.EMERGENCY, OrderAction.RESUME}
            holds(bool(allowed), "S6", "taken over while paused")
        if self.asks_first and before.state is LeaseState.HELD:
            holds(bool(by & EXACT), "S6", "taken over without having been approved")
        if before.holder == UNKNOWN_HOLDER:
            waited_s = self.fleet.t - self.fleet.register.remade_at
            ttl_s = before.ttl_s
            holds(waited_s > 0.99 * ttl_s, "S5", f"claimed {waited_s:.1f} s after it was remade")

    def fenced(self, node: Node) -> None:
        """An agent ends because it lost the lease."""
        lease = self.fleet.register.lease
        if lease is None or lease.state is not LeaseState.HELD:
            return
        is_its = (lease.holder, lease.incarnation) == (node.name, node.incarnation)
        holds(not is_its, "L2", f"{node.name} holds the lease and takes itself to be fenced")

    def _given_up(self, after: Lease, writer: Node | None) -> None:
        """Offered or vacated."""
        name = after.holder or (writer.name if writer else "")
        holds(name not in self.at_work, "S4", f"{name} gives the lease up and works on")
        if writer is None:
            return
        data = dict(writer.disk.content())
        if after.state is LeaseState.OFFERED:
            held = dict(self.content(after.checkpoint))
            holds(held == data, "S4", f"offered with {held}, while there is {data}")
            self.sealed = (after.epoch, data)

    def _pointer(self, before: Lease, after: Lease) -> None:
        old, new = before.checkpoint, after.checkpoint
        if old == new:
            return
        if new is None:
            raise Violation("S3", "the pointer is gone")
        holds(new.epoch == after.epoch, "S3", f"published under {new.epoch} at {after.epoch}")
        rises = old is None or (old.epoch, old.seq) < (new.epoch, new.seq)
        holds(rises, "S3", f"{old} is followed by {new}")
        held = self.content(new)
        kept = self.fleet.published
        lost = {of: ms for of, ms in kept.items() if held.get(of, 0) < ms}
        holds(not lost, "S3", f"what is published now lacks what was published before: {lost}")
        self.fleet.published = held

    def _begins_plan(self, plan_id: str, before: Lease) -> None:
        holds(plan_id not in before.done, "S6", f"plan {plan_id} was done with")
        holds(plan_id not in self.tests, "S7", f"the test {plan_id} moves the work")
        if not plan_id.startswith("sig-"):
            # A file only proposes, and the record may have forgotten it.
            self._once("plan", plan_id)
        if plan_id in self.given:
            self._in_time(plan_id)

    def _carried_out(self, order_id: str, before: Lease, *, claims: bool) -> None:
        if order_id not in self.given:
            return
        self._once("done", order_id)
        _, order = self.given[order_id]
        self.acted.add(order.action)
        # A stop is aimed at an incarnation, whatever the epoch.
        at_epoch = order.epoch == before.epoch or order.action is OrderAction.STOP
        holds(at_epoch, "S6", f"{order.action} of epoch {order.epoch} at epoch {before.epoch}")
        if claims and order.action in EXACT:
            stood_on = (order.epoch, order.incarnation, order.renewal)
            now = (before.epoch, before.incarnation, before.renewal)
            holds(stood_on == now, "S6", f"{order.action} obeyed after a renewal")

    def _in_time(self, order_id: str) -> None:
        """A plan begins while its order is young; a look and a write may lie between."""
        at, order = self.given[order_id]
        age_s = self.fleet.t - at
        late_s = ORDER_LIFE_S + self.fleet.slack_s
        holds(age_s <= late_s, "S6", f"{order.action} obeyed {age_s:.0f} s after it was given")

    def _once(self, what: str, order_id: str) -> None:
        self.effects[what, order_id] += 1
        times = self.effects[what, order_id]
        holds(times == 1, "S6", f"order {order_id} took effect {times} times")

    def _action(self, order_id: str) -> OrderAction | None:
        return self.given[order_id][1].action if order_id in self.given else None

    def remade(self, lease: Lease) -> None:
        """A lost record is made again: nothing that was published is lost with it."""
        self.highest_claim = max(self.highest_claim, lease.epoch)
        self.sealed = None
        held = self.content(lease.checkpoint)
        lost = {of: ms for of, ms in self.fleet.published.items() if held.get(of, 0) < ms}
        holds(not lost, "S3", f"the new record lacks what was published: {lost}")
        self.fleet.published = held
