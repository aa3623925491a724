"""Which local states are the same: the normal form.

Decided here: what is forgotten of a local state and how what is left is named, so that
there are finitely many. Each rule is an argument that no decision of the product can
tell the forms apart; `test_normal` holds them to it, on walks of which one half is
never normalised.

*Times* are told from now, and an age beyond the largest that is compared with is that
one (`_Ages`). *Epochs* are only compared, and raised by one from the record's: they are
told from the record's epoch, and gaps of more than two closed. *Renewals* are only
compared, within an epoch, and raised by one from the record's. *Versions* are the
record's or not: one that is gone never comes back, and a write on it can only fail.
*Nonces* are only compared: each write that is remembered gets one by its place.
*Incarnations* are one's own, one's own earlier ones, or another's: of others the mark
alone is compared, in which the epoch differs too. *Pointers* are only compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sessionlib.core.copies import Copies, Fetch, Kit, Made
from sessionlib.core.lease import Tenure, Watch
from sessionlib.core.values import Instant, Lease, LeaseState, Plan, Pointer
from sessionlib.core.view import Data, DataState, Peer, View, Write, WriteKind, is_ours
from sessionlib.core.work import Facts, Goal, Run
from sessionlib.guard.policy import Custody
from sessionlib.guard.wire import Grant
from tests.model.config import Config
from tests.model.local import DEAD, Fixed, Local, oldest_sent, sents_of_tenure
from tests.model.scale import DEAD_TICKS, NEVER_S, NOW, TICK_S, WATCH_TICKS

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

VALID_TICKS = DEAD_TICKS - 1
STOPPED_TICKS = 2
"""How long a session that must end waits for word, at most, before it just ends."""
SEAL_TICKS = 3
"""How long it goes on trying to seal: `SEAL_TRIES_S`."""

DEAD_WRITES = {
    kind: Write(kind, Lease(0, ME, "s", MINE, 0, DEAD, 42.0, LeaseState.HELD), GONE, NOW)
    for kind in WriteKind
}
"""What is left of a write that can't arrive any more: only its kind is ever asked for."""


@dataclass(frozen=True)
class World:
    """What a local state is told relative to: the record, its version, who is who seen from this
    agent, and which order ids still mean anything."""

    record: Lease
    version: str
    ring: Mapping[str | None, str | None]
    ids: Mapping[str, str]


def normal(local: Local, now: Instant, world: World, config: Config) -> Local:
    """The normal form of `local`, as it is at `now`."""
    return _Normal(local, now, world, config).form()


class _Normal:
    def __init__(self, local: Local, now: Instant, world: World, config: Config) -> None:
        self.local, self.now, self.world, self.config = local, now, world, config
        self.view = local.view
        self.net = [write for write in local.net if write.expected == world.version]
        self.landed = world.record.nonce
        self._name_writes()
        self._name_epochs()
        self._name_renewals()
        self._name_pointers()

    # The names

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

    def _leases(self) -> Iterable[Lease]:
        yield self.world.record
        if self.view is not None:
            if self.view.lease is not None:
                yield self.view.lease
            if self.view.write is not None and self._counts(self.view.write):
                yield self.view.write.lease
        yield from (write.lease for write in self.unsettled)
        yield from (write.lease for write in self.net)

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

    def _known_pointers(self) -> Iterable[Pointer | None]:
        yield self.local.fresh
        yield from (lease.checkpoint for lease in self._leases())
        view = self.view
        if view is None or view.tenure is None:
            return
        yield view.data.sealed
        for made in (view.copies.made, view.copies.published):
            yield made.pointer if made is not None else None

    # The forms

    def form(self) -> Local:
        local = self.local
        view = self._view() if self.view is not None else None
        custody = self._custody(local.custody)
        net = tuple(
            sorted(
                (self._on_its_way(write) for write in self.net),
                key=lambda write: (write.lease.nonce, repr(write)),
            )
        )
        formed = Local(
            view=view,
            custody=custody,
            run=self._run(local.run),
            net=net,
            answer=self._version(local.answer),
            landed=self.nonces.get(self.landed),
            slip=self._instant(local.slip, DEAD_TICKS),
            asleep=min(2, local.asleep) if view is not None else 0,
            fresh=self.pointers[local.fresh] if self.config.data else None,
            published=self.pointers[self.world.record.checkpoint] if self.config.data else None,
        )
        return self._without_spent_slip(formed)

    def _without_spent_slip(self, formed: Local) -> Local:
        """A slip counts against the writes that were sent before it, while they count."""
        if formed.slip is None:
            return formed
        oldest = oldest_sent(formed)
        over = formed.slip.boot <= -DEAD_TICKS * TICK_S or oldest is None
        if over or (oldest is not None and oldest > formed.slip.boot):
            return replace(formed, slip=None)
        return formed

    def _instant(self, instant: Instant | None, ticks: int) -> Instant | None:
        return None if instant is None else self._aged(instant, ticks)

    def _aged(self, instant: Instant, ticks: int) -> Instant:
        at = self._mono(instant.mono, self.now.mono, ticks)
        return Instant(at, at, at)

    def _mono(self, at: float, now: float, ticks: int) -> float:
        return max(at - now, -ticks * TICK_S)

    def _since(self, at: float, ticks: int) -> float:
        return self._mono(at, self.now.mono, ticks)

    def _version(self, version: str | None) -> str | None:
        if version is None:
            return None
        return CURRENT if version == self.world.version else GONE

    def _lease(self, lease: Lease) -> Lease:
        checkpoint = lease.checkpoint
        epoch = self.epochs[lease.epoch]
        assert epoch is not None
        return Lease(
            epoch,
            self.world.ring[lease.holder],
            lease.session,
            self._incarnation(lease),
            self.renewals[lease.epoch, lease.renewal],
            self.nonces.get(lease.nonce, NO_NONCE),
            lease.ttl_s,
            lease.state,
            self.world.ring[lease.successor],
            self.pointers[checkpoint] if self.config.data else checkpoint,
            self._plan(lease.plan),
            self._ids(lease.done),
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

    def _ids(self, ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.world.ids[each] for each in ids if each in self.world.ids)

    def _write(self, write: Write) -> Write:
        """One that the agent waits for, or may yet meet."""
        if not self._counts(write):
            return DEAD_WRITES[write.kind]
        return Write(
            write.kind,
            self._lease(write.lease),
            CURRENT if write.expected == self.world.version else GONE,
            self._sent(write.sent),
            self._ids(write.carries),
        )

    def _settling(self, write: Write) -> Write:
        """One that is looked for in the record: what else stood in it, nobody asks any more."""
        formed = self._write(write)
        blank = DEAD_WRITES[write.kind].lease
        lease = formed.lease
        return replace(
            formed,
            expected=GONE,
            lease=replace(blank, epoch=lease.epoch, nonce=lease.nonce, checkpoint=lease.checkpoint),
        )

    def _counts(self, write: Write) -> bool:
        """Whether a write that the agent remembers may arrive, is the record, or is known there to
        have been: else nobody will ever ask what it was."""
        nonce = write.lease.nonce
        waited_for = self.view is not None and self.view.write is write
        return (
            nonce == self.landed
            or (waited_for and self.local.answer is not None)
            or any(each.lease.nonce == nonce for each in self.net)
        )

    def _sent(self, sent: Instant) -> Instant:
        """When a write was sent of which it may yet be learnt that it has succeeded: one that is
        too old to let anybody work is only asked whether the last late waking came after."""
        suspect = self.view.suspect if self.view is not None else None
        after = suspect is None or sent.mono > suspect.mono
        aged = self._aged(sent, DEAD_TICKS)
        if aged.mono > -DEAD_TICKS * TICK_S or after:
            return aged
        at = -(DEAD_TICKS + 2) * TICK_S
        return Instant(at, at, at)

    def _on_its_way(self, write: Write) -> Write:
        """What arrives is a record; what the sender remembers of it, it remembers itself."""
        lease = self._lease(write.lease)
        if write.lease.nonce not in self.nonces:
            lease = replace(lease, nonce=ZOMBIE)
        return Write(write.kind, lease, CURRENT, NOW)

    def _run(self, run: Run | None) -> Run | None:
        return None if run is None else replace(run, epoch=self.epochs[run.epoch])

    def _custody(self, custody: Custody) -> Custody:
        """`frozen` and `stopping` only tell how long: that a grace is over and that a frozen
        workload is killed may happen at any time here. A grant that is over lets nobody work,
        and nor does one sent before what is distrusted for longer than grants last."""
        grant = custody.grant
        if grant is not None:
            sent = self._aged(grant.sent, DEAD_TICKS)
            over = sent.mono <= -DEAD_TICKS * TICK_S
            epoch = self.epochs[grant.epoch]
            assert epoch is not None
            grant = None if over else Grant(epoch, sent, grant.valid_s)
        distrusted = self._instant(custody.distrusted, DEAD_TICKS)
        if distrusted is not None and not self._matters(custody.distrusted):
            distrusted = None
        return Custody(
            looked=NOW,
            mode=custody.mode,
            epoch=self.epochs[custody.epoch],
            grace_s=NEVER_S if custody.mode is not None else 0.0,
            grant=grant,
            distrusted=distrusted,
            frozen=NOW if custody.frozen else None,
            stopping=NOW if custody.stopping else None,
            doomed="doomed" if custody.doomed else None,
        )

    def _matters(self, distrusted: Instant | None) -> bool:
        """Whether there may be a write that is distrusted: one from before that still counts, or
        one that is sent in this very moment."""
        if distrusted is None or distrusted.boot == self.now.boot:
            return distrusted is not None
        sents = [*sents_of_tenure(self.local), *(write.sent.boot for write in self.unsettled)]
        if self.view is not None and self.view.write is not None and self._counts(self.view.write):
            sents.append(self.view.write.sent.boot)
        oldest = min(sents, default=None)
        fresh = distrusted.boot > self.now.boot - DEAD_TICKS * TICK_S
        return fresh and oldest is not None and oldest <= distrusted.boot

    def _view(self) -> View:
        view = self.view
        assert view is not None
        lease = self._lease(view.lease) if view.lease is not None else None
        unsettled = [self._settling(write) for write in self.unsettled]
        if len(unsettled) < len(view.unsettled) and any(
            write.kind is WriteKind.CLAIM and write.lease.nonce not in self.nonces
            for write in view.unsettled
        ):
            unsettled.insert(0, DEAD_WRITES[WriteKind.CLAIM])
        version = self._version(view.version)
        assert version is not None
        looks_at_once = view.must_look and view.tenure is None
        return View(
            me=replace(view.me, account=ME, incarnation=MINE),
            settings=view.settings,
            started=NOW,
            lifetime_s=NEVER_S,
            peers=self._peers(view),
            sight=view.sight,
            lease=lease,
            version=version,
            watch=self._watch(lease),
            looks_failed=view.looks_failed,
            seen_epoch=lease.epoch if lease is not None else 0,
            looking=view.looking,
            looked_mono=(
                -TICK_S if view.looking or looks_at_once else self._since(view.looked_mono, 1)
            ),
            must_look=view.must_look and view.tenure is not None,
            peeking=True,
            peeked_mono=0.0,
            sent_mono=(
                -TICK_S if view.tenure is None or view.spent else self._since(view.sent_mono, 1)
            ),
            write=self._write(view.write) if view.write is not None else None,
            unsettled=tuple(unsettled),
            tenure=self._tenure(),
            suspect=self._instant(view.suspect, DEAD_TICKS + 1),
            spent=view.spent,
            spent_mono=self._since(view.spent_mono, STOPPED_TICKS) if view.spent else 0.0,
            quiesced_at=self._quiesced_at(),
            carrying=self._ids(view.carrying),
            leaving="told to" if view.leaving is not None else None,
            leaving_order=self.world.ids.get(view.leaving_order or ""),
            passed_over=frozenset(self.world.ring[each] or "" for each in view.passed_over),
            fenced=view.fenced,
            work=self._facts(view.work),
            data=self._data(view),
            copies=self._copies(view),
            fetch=Fetch("*"),
            kit=Kit(),
            given_boot=Fixed(),
            answered=frozenset(self._ids(view.answered)),
        )

    def _peers(self, view: View) -> Fixed[str, Peer]:
        """Nothing is known of them between two steps."""
        names = {peer.account: self.world.ring[peer.account] or "" for peer in view.peers.values()}
        return Fixed(
            (names[peer.account], Peer(names[peer.account], peer.priority, peer.role))
            for peer in view.peers.values()
        )

    def _watch(self, lease: Lease | None) -> Watch | None:
        """A healed store counts only if it makes the wait longer."""
        view = self.view
        if view is None or view.watch is None or lease is None:
            return None
        assert view.lease is not None
        assert view.watch.mark == view.lease.mark, "a watch on another record than the known one"
        if self._is_never_watched(view.lease):
            return Watch(lease.mark, -WATCH_TICKS * TICK_S)
        timing = view.settings.timing
        since = self._since(view.watch.since_mono, WATCH_TICKS)
        healed = view.watch.healed_mono
        if healed is not None:
            wait_s = timing.renew_s + timing.timeout_s
            over = healed + wait_s <= self.now.mono
            sooner = healed + wait_s <= view.watch.since_mono + timing.patience_s(
                view.lease.ttl_s, 0
            )
            healed = None if over or sooner else healed - self.now.mono
        return Watch(lease.mark, since, healed)

    def _is_never_watched(self, lease: Lease) -> bool:
        """Our own lease isn't watched, nor one that may be claimed at once; no agent ranks before
        another here."""
        if self.view is None or self.view.fenced or lease.state is LeaseState.FREE:
            return True
        return lease.state is LeaseState.HELD and is_ours(self.view, lease)

    def _tenure(self) -> Tenure | None:
        tenure = self.view.tenure if self.view is not None else None
        if tenure is None or self.view is None:
            return None
        epoch = self.epochs[tenure.epoch]
        assert epoch is not None
        sent = self._aged(tenure.sent, DEAD_TICKS)
        if self.view.spent is not None:
            # It lets nobody work any more, nor says when to renew.
            sent = Instant(*(-DEAD_TICKS * TICK_S for _ in range(3)))
        return Tenure(epoch, sent, tenure.valid_s)

    def _quiesced_at(self) -> Instant | None:
        view = self.view
        if view is None or view.quiesced_at is None:
            return None
        if not self.config.leaves:
            return NOW
        return self._aged(view.quiesced_at, SEAL_TICKS if self.config.fails else STOPPED_TICKS)

    def _facts(self, facts: Facts) -> Facts:
        return replace(
            facts,
            epoch=self.epochs[facts.epoch],
            restarts=0,
            error=None,
            goal=Goal(facts.goal.aim, self.epochs[facts.goal.epoch]),
        )

    def _data(self, view: View) -> Data:
        data = view.data
        if view.tenure is None:
            return Data()
        ready = data.ready_for == view.tenure.epoch
        waits = data.state is DataState.FAILED and data.retry_mono > self.now.mono
        return Data(
            state=data.state,
            ready_for=self.epochs[data.ready_for] if ready else None,
            sealed=self.pointers[data.sealed] if self.config.data else None,
            is_sealed=data.is_sealed,
            sealing="s" if data.sealing is not None else None,
            retry_mono=data.retry_mono - self.now.mono if waits else float("-inf"),
        )

    def _copies(self, view: View) -> Copies:
        copies = view.copies
        if view.tenure is None:
            return Copies()
        plan = view.lease.plan if view.lease is not None else None
        current = plan is not None and copies.round_plan == plan.id
        round_plan = self.world.ids.get(copies.round_plan or "") if current else None
        if not self.config.data:
            return Copies(
                since_mono=0.0, is_empty=copies.is_empty and current, round_plan=round_plan
            )
        waits = copies.retry_mono > self.now.mono
        return Copies(
            under_way="c" if copies.under_way is not None else None,
            made=self._made(copies.made),
            order=self.world.ids.get(copies.order or ""),
            published=self._made(copies.published),
            published_mono=0.0,
            since_mono=self._since(copies.since_mono, 1),
            retry_mono=copies.retry_mono - self.now.mono if waits else float("-inf"),
            failures=min(copies.failures, 3) if self.config.fails else 0,
            round_plan=round_plan,
            rounds=min(copies.rounds, 1) if current else 0,
            collected=self._collected(copies),
        )

    def _collected(self, copies: Copies) -> str | None:
        published = copies.published
        if published is None or copies.collected != published.pointer.name:
            return None
        named = self.pointers[published.pointer]
        return named.name if named is not None else None

    def _made(self, made: Made | None) -> Made | None:
        if made is None:
            return None
        named = self.pointers[made.pointer]
        assert named is not None
        return Made(named, 0, 0.0, "")

    def _incarnation(self, lease: Lease) -> str | None:
        if lease.incarnation is None:
            return None
        if self.view is not None and lease.incarnation == self.view.me.incarnation:
            return MINE
        return MINE_BEFORE if self.world.ring[lease.holder] == ME else OTHERS


def pointer_named(epoch: int, seq: int) -> Pointer:
    """A pointer of the normal form."""
    return Pointer(epoch, seq, f"{epoch}.{seq}", 0)
