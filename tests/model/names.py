"""What everything is called in a normal form: names told from now, and from the record.

Decided here: what each name still says, so that there are finitely many. Each rule is an
argument that no decision of the product can tell the old names from the new. Not decided
here: what is forgotten of a local state (`normal`), and of a write (`writes`).

*Times* are told from now, and an age beyond the largest that is compared with is that
one (`Names.aged`). *Epochs* are only compared, and raised by one from the record's: they
are told from the record's epoch, and gaps closed. *Renewals* are only compared, within
an epoch, and raised by one from the record's. *Versions* are the record's or not: one
that is gone never comes back, and a write on it can only fail. *Nonces* are only
compared: each write that is remembered gets one by its place. *Incarnations* are one's
own, one's own earlier ones, or another's: of others the mark alone is compared, in which
the epoch differs too. *Pointers* are only compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sessionlib.core.values import Instant, Lease, Pointer
from sessionlib.core.view import Write
from tests.model.config import Config
from tests.model.local import Local
from tests.model.scale import TICK_S

EPOCH = 100
"""The record's epoch in the normal form."""
RENEWAL = 10
"""The record's renewal in the normal form."""
SEQ = 50
"""The sequence number of the published checkpoint in the normal form."""
CURRENT, GONE = "current", "gone"
"""The two versions: the record's, and any that it had before."""
PENDING, ZOMBIE, NO_NONCE = "w", "z", "n"
MINE, MINE_BEFORE, OTHERS, NEITHER = "m1", "m0", "o", "?"
ME = "me"


@dataclass(frozen=True)
class World:
    """What a local state is told relative to: the record, its version, who is who seen from this
    agent, and which order ids still mean anything."""

    record: Lease
    version: str
    ring: Mapping[str | None, str | None]
    ids: Mapping[str, str]


class Names:
    """The names of all that a local state mentions, as it is at `now`.

    `net` are its writes that may yet arrive, `landed` is the record's nonce, and `unsettled`
    are those of the agent's unsettled writes of which it may yet learn that they succeeded.
    """

    def __init__(self, local: Local, now: Instant, world: World, config: Config) -> None:
        self.local, self.now, self.world, self.config = local, now, world, config
        self.view = local.view
        self.net = [write for write in local.net if write.expected == world.version]
        self.landed = world.record.nonce
        self._name_writes()
        self._name_epochs()
        self._name_renewals()
        self._name_pointers()

    # What there is to name

    def _leases(self) -> Iterable[Lease]:
        yield self.world.record
        if self.view is not None:
            if self.view.lease is not None:
                yield self.view.lease
            if self.view.write is not None and self.counts(self.view.write):
                yield self.view.write.lease
        yield from (write.lease for write in self.unsettled)
        yield from (write.lease for write in self.net)

    def _known_pointers(self) -> Iterable[Pointer | None]:
        yield self.local.fresh
        yield from (lease.checkpoint for lease in self._leases())
        view = self.view
        if view is None or view.tenure is None:
            return
        yield view.data.sealed
        for made in (view.copies.made, view.copies.published):
            yield made.pointer if made is not None else None

    def counts(self, write: Write) -> bool:
        """Whether a write that the agent remembers may arrive, is the record, or is known there to
        have been: else nobody will ever ask what it was."""
        nonce = write.lease.nonce
        waited_for = self.view is not None and self.view.write is write
        return (
            nonce == self.landed
            or (waited_for and self.local.answer is not None)
            or any(each.lease.nonce == nonce for each in self.net)
        )

    # What it is called

    def _name_writes(self) -> None:
        names: dict[str, str] = {}
        self.unsettled: list[Write] = []
        on_their_way = {write.lease.nonce for write in self.net}
        if self.view is not None:
            if self.view.write is not None:
                names[self.view.write.lease.nonce] = PENDING
            for write in self.view.unsettled:
                nonce = write.lease.nonce
                if nonce in on_their_way or nonce == self.landed:
                    names[nonce] = f"u{len(self.unsettled)}"
                    self.unsettled.append(write)
        self.nonces = names

    def _name_epochs(self) -> None:
        local, view = self.local, self.view
        known = {lease.epoch for lease in self._leases()}
        for epoch in (
            local.custody.epoch,
            local.custody.grant.epoch if local.custody.grant else None,
            local.run.epoch if local.run else None,
        ):
            known |= {epoch} if epoch is not None else set()
        if view is not None:
            known |= {view.tenure.epoch} if view.tenure else set()
            for epoch in (view.data.ready_for, view.work.epoch, view.work.goal.epoch):
                known |= {epoch} if epoch is not None else set()
        ranked = sorted(known)
        home = ranked.index(self.world.record.epoch)
        self.epochs: dict[int | None, int | None] = {None: None}
        self.epochs |= {epoch: EPOCH + at - home for at, epoch in enumerate(ranked)}

    def _name_renewals(self) -> None:
        known = {(lease.epoch, lease.renewal) for lease in self._leases()}
        record = self.world.record
        below = sorted((renewal for epoch, renewal in known if epoch == record.epoch), reverse=True)
        names = {(record.epoch, record.renewal): RENEWAL}
        rank = RENEWAL
        for renewal in below:
            if renewal > record.renewal:
                names[record.epoch, renewal] = RENEWAL + renewal - record.renewal
            elif renewal < record.renewal:
                rank -= 1
                names[record.epoch, renewal] = rank
        for epoch in {epoch for epoch, _ in known if epoch != record.epoch}:
            for at, renewal in enumerate(sorted(r for e, r in known if e == epoch)):
                names[epoch, renewal] = at
        self.renewals = names

    def _name_pointers(self) -> None:
        """Told from the published one. Those of earlier epochs can't be published any more: they
        are only ever compared for equality."""
        published, epoch = self.world.record.checkpoint, self.world.record.epoch
        names: dict[Pointer | None, Pointer | None] = {None: None}
        if not self.config.data:
            self.pointers = names
            return
        known = {pointer for pointer in self._known_pointers() if pointer is not None}
        known.discard(published)
        seq_of_published = None
        if published is not None:
            at = EPOCH if published.epoch == epoch else EPOCH - 1
            names[published] = pointer_named(at, SEQ)
            seq_of_published = published.seq if published.epoch == epoch else None
        newer = sorted(
            (
                p
                for p in known
                if p.epoch == epoch and (seq_of_published is None or p.seq > seq_of_published)
            ),
            key=lambda p: p.seq,
        )
        for rank, pointer in enumerate(newer, 1):
            names[pointer] = pointer_named(EPOCH, SEQ + rank)
        older = sorted(
            (p for p in known if p.epoch == epoch and p not in names), key=lambda p: -p.seq
        )
        for rank, pointer in enumerate(older, 1):
            names[pointer] = pointer_named(EPOCH, SEQ - rank)
        gone = sorted(
            (p for p in known if p.epoch != epoch), key=lambda p: (p.epoch, p.seq), reverse=True
        )
        for rank, pointer in enumerate(gone, 1):
            names[pointer] = pointer_named(EPOCH - 2, SEQ - rank)
        self.pointers = names

    # One by one

    def instant(self, instant: Instant | None, ticks: int) -> Instant | None:
        return None if instant is None else self.aged(instant, ticks)

    def aged(self, instant: Instant, ticks: int) -> Instant:
        at = self.since(instant.mono, ticks)
        return Instant(at, at, at)

    def since(self, at: float, ticks: int) -> float:
        return max(at - self.now.mono, -ticks * TICK_S)

    def version(self, version: str | None) -> str | None:
        if version is None:
            return None
        return CURRENT if version == self.world.version else GONE

    def ids(self, ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.world.ids[each] for each in ids if each in self.world.ids)

    def incarnation(self, lease: Lease) -> str | None:
        if lease.incarnation is None:
            return None
        if self.view is not None and lease.incarnation == self.view.me.incarnation:
            return MINE
        return MINE_BEFORE if self.world.ring[lease.holder] == ME else OTHERS


def pointer_named(epoch: int, seq: int) -> Pointer:
    """A pointer of the normal form."""
    return Pointer(epoch, seq, f"{epoch}.{seq}", 0)
