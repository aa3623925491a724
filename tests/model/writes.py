"""What is left of leases and writes in a normal form.

Decided here: what is forgotten of a write, by what may still be asked of it: whether it
arrives, whether it has succeeded, or nothing but its kind. Not decided here: which of them
still count and what things are called (`names`), and the rest of a local state (`normal`).
"""

from __future__ import annotations

from dataclasses import replace

from sessionlib.core.values import Instant, Lease, LeaseState, Plan
from sessionlib.core.view import View, Write, WriteKind
from tests.model.local import DEAD
from tests.model.names import CURRENT, GONE, ME, MINE, NO_NONCE, ZOMBIE, Names
from tests.model.scale import DEAD_TICKS, NOW, TICK_S

DEAD_WRITES = {
    kind: Write(kind, Lease(0, ME, "s", MINE, 0, DEAD, 42.0, LeaseState.HELD), GONE, NOW)
    for kind in WriteKind
}
"""What is left of a write that can't arrive any more: only its kind is ever asked for."""


class Writes:
    """The forms of what one local state has of leases and writes."""

    def __init__(self, names: Names) -> None:
        self.names, self.world, self.config = names, names.world, names.config

    def lease(self, lease: Lease) -> Lease:
        checkpoint = lease.checkpoint
        epoch = self.names.epochs[lease.epoch]
        assert epoch is not None
        return Lease(
            epoch,
            self.world.ring[lease.holder],
            lease.session,
            self.names.incarnation(lease),
            self.names.renewals[lease.epoch, lease.renewal],
            self.names.nonces.get(lease.nonce, NO_NONCE),
            lease.ttl_s,
            lease.state,
            self.world.ring[lease.successor],
            self.names.pointers[checkpoint] if self.config.data else checkpoint,
            self._plan(lease.plan),
            self.names.ids(lease.done),
            lease.paused,
        )

    def _plan(self, plan: Plan | None) -> Plan | None:
        if plan is None:
            return None
        to = self.world.ring[plan.to]
        assert to is not None
        return Plan(
            self.world.ids.get(plan.id, "-"),
            to,
            plan.phase,
            "",
            approved=plan.approved,
            origin=plan.origin,
        )

    def write(self, write: Write) -> Write:
        """One that the agent waits for, or may yet meet."""
        if not self.names.counts(write):
            return DEAD_WRITES[write.kind]
        return Write(
            write.kind,
            self.lease(write.lease),
            CURRENT if write.expected == self.world.version else GONE,
            self._sent(write.sent),
            self.names.ids(write.carries),
        )

    def _sent(self, sent: Instant) -> Instant:
        """When a write was sent of which it may yet be learnt that it has succeeded: one that is
        too old to let anybody work is only asked whether the last late waking came after."""
        suspect = self.names.view.suspect if self.names.view is not None else None
        after = suspect is None or sent.mono > suspect.mono
        aged = self.names.aged(sent, DEAD_TICKS)
        if aged.mono > -DEAD_TICKS * TICK_S or after:
            return aged
        at = -(DEAD_TICKS + 2) * TICK_S
        return Instant(at, at, at)

    def on_its_way(self, write: Write) -> Write:
        """What arrives is a record; what the sender remembers of it, it remembers itself."""
        lease = self.lease(write.lease)
        if write.lease.nonce not in self.names.nonces:
            lease = replace(lease, nonce=ZOMBIE)
        return Write(write.kind, lease, CURRENT, NOW)

    def unsettled(self, view: View) -> tuple[Write, ...]:
        """Those of which the agent doesn't know what became: of the ones that can't have succeeded
        it is only asked whether there is a claim among them."""
        names = self.names
        unsettled = [self._settling(write) for write in names.unsettled]
        if len(unsettled) < len(view.unsettled) and any(
            write.kind is WriteKind.CLAIM and write.lease.nonce not in names.nonces
            for write in view.unsettled
        ):
            unsettled.insert(0, DEAD_WRITES[WriteKind.CLAIM])
        return tuple(unsettled)

    def _settling(self, write: Write) -> Write:
        """One that is looked for in the record: what else stood in it, nobody asks any more."""
        formed = self.write(write)
        blank = DEAD_WRITES[write.kind].lease
        lease = formed.lease
        return replace(
            formed,
            expected=GONE,
            lease=replace(blank, epoch=lease.epoch, nonce=lease.nonce, checkpoint=lease.checkpoint),
        )
