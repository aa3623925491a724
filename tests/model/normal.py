"""Which local states are the same: the normal form.

Decided here: what is forgotten of a local state, so that there are finitely many. Each
rule is an argument that no decision of the product can tell the forms apart. Not decided
here: what is left of leases and writes (`writes`), and how what is left is named (`names`).
"""

from __future__ import annotations

from dataclasses import replace

from sessionlib.core.copies import Copies, Fetch, Made, ProgramState
from sessionlib.core.lease import Tenure, Watch
from sessionlib.core.values import Instant, Lease, LeaseState
from sessionlib.core.view import Data, DataState, Peer, View, is_ours
from sessionlib.core.work import Goal, Run, WorkloadFacts
from sessionlib.guard.policy import Custody
from sessionlib.guard.wire import LeaseGrant
from tests.model.config import Config
from tests.model.local import Fixed, Local, oldest_sent, sents_of_tenure
from tests.model.names import ME, MINE, Names, World
from tests.model.scale import DEAD_TICKS, NEVER_S, NOW, TICK_S, WATCH_TICKS
from tests.model.writes import Writes

STOPPED_TICKS = 2
"""How long a session that must end waits for word, at most, before it just ends."""
SEAL_TICKS = 3
"""How long it goes on trying to seal: `SEAL_TRIES_S`."""


def normal(local: Local, now: Instant, world: World, config: Config) -> Local:
    """The normal form of `local`, as it is at `now`."""
    return _Normal(Names(local, now, world, config)).form()


class _Normal:
    def __init__(self, names: Names) -> None:
        self.names, self.writes = names, Writes(names)
        self.local, self.view, self.now = names.local, names.view, names.now
        self.world, self.config = names.world, names.config

    def form(self) -> Local:
        local, names = self.local, self.names
        view = self._view() if self.view is not None else None
        custody = self._custody(local.custody)
        net = tuple(
            sorted(
                (self.writes.on_its_way(write) for write in names.net),
                key=lambda write: (write.lease.nonce, repr(write)),
            )
        )
        formed = Local(
            view=view,
            custody=custody,
            run=self._run(local.run),
            net=net,
            answer=names.version(local.answer),
            landed=names.nonces.get(names.landed),
            slip=names.instant(local.slip, DEAD_TICKS),
            asleep=min(2, local.asleep) if view is not None else 0,
            fresh=names.pointers[local.fresh] if self.config.data else None,
            published=names.pointers[self.world.record.checkpoint] if self.config.data else None,
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

    # The guard and the workload

    def _run(self, run: Run | None) -> Run | None:
        return None if run is None else replace(run, epoch=self.names.epochs[run.epoch])

    def _custody(self, custody: Custody) -> Custody:
        """`frozen` and `stopping` only tell how long: that a grace is over and that a frozen
        workload is killed may happen at any time here. A grant that is over lets nobody work,
        and nor does one sent before what is distrusted for longer than grants last."""
        grant = custody.grant
        if grant is not None:
            sent = self.names.aged(grant.sent, DEAD_TICKS)
            over = sent.mono <= -DEAD_TICKS * TICK_S
            epoch = self.names.epochs[grant.epoch]
            assert epoch is not None
            grant = None if over else LeaseGrant(epoch, sent, grant.valid_s)
        distrusted = self.names.instant(custody.distrusted, DEAD_TICKS)
        if distrusted is not None and not self._matters(custody.distrusted):
            distrusted = None
        return Custody(
            looked=NOW,
            mode=custody.mode,
            epoch=self.names.epochs[custody.epoch],
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
        sents = [*sents_of_tenure(self.local), *(write.sent.boot for write in self.names.unsettled)]
        awaited = self.view.write if self.view is not None else None
        if awaited is not None and self.names.counts(awaited):
            sents.append(awaited.sent.boot)
        oldest = min(sents, default=None)
        fresh = distrusted.boot > self.now.boot - DEAD_TICKS * TICK_S
        return fresh and oldest is not None and oldest <= distrusted.boot

    # The agent

    def _view(self) -> View:
        view, names = self.view, self.names
        assert view is not None
        lease = self.writes.lease(view.lease) if view.lease is not None else None
        version = names.version(view.version)
        assert version is not None
        looks_at_once = view.must_read_lease and view.tenure is None
        return View(
            me=replace(view.me, account=ME, incarnation=MINE),
            settings=view.settings,
            started=NOW,
            lifetime_s=NEVER_S,
            peers=self._peers(view),
            lease_read_status=view.lease_read_status,
            lease=lease,
            version=version,
            watch=self._watch(lease),
            lease_reads_failed=view.lease_reads_failed,
            seen_epoch=lease.epoch if lease is not None else 0,
            reading_lease=view.reading_lease,
            lease_read_mono=(
                -TICK_S
                if view.reading_lease or looks_at_once
                else names.since(view.lease_read_mono, 1)
            ),
            must_read_lease=view.must_read_lease and view.tenure is not None,
            reading_mailbox=True,
            mailbox_read_mono=0.0,
            sent_mono=(
                -TICK_S if view.tenure is None or view.spent else names.since(view.sent_mono, 1)
            ),
            write=self.writes.write(view.write) if view.write is not None else None,
            unsettled=self.writes.unsettled(view),
            tenure=self._tenure(),
            suspect=names.instant(view.suspect, DEAD_TICKS + 1),
            spent=view.spent,
            spent_mono=names.since(view.spent_mono, STOPPED_TICKS) if view.spent else 0.0,
            quiesced_at=self._quiesced_at(),
            carrying=names.ids(view.carrying),
            leaving="told to" if view.leaving is not None else None,
            leaving_order=self.world.ids.get(view.leaving_order or ""),
            passed_over=frozenset(self.world.ring[each] or "" for each in view.passed_over),
            fenced=view.fenced,
            work=self._facts(view.work),
            data=self._data(view),
            copies=self._copies(view),
            fetch=Fetch("*"),
            program=ProgramState(),
            given_boot=Fixed(),
            answered=frozenset(names.ids(view.answered)),
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
        since = self.names.since(view.watch.since_mono, WATCH_TICKS)
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
        epoch = self.names.epochs[tenure.epoch]
        assert epoch is not None
        sent = self.names.aged(tenure.sent, DEAD_TICKS)
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
        return self.names.aged(view.quiesced_at, SEAL_TICKS if self.config.fails else STOPPED_TICKS)

    def _facts(self, facts: WorkloadFacts) -> WorkloadFacts:
        return replace(
            facts,
            epoch=self.names.epochs[facts.epoch],
            restarts=0,
            error=None,
            goal=Goal(facts.goal.aim, self.names.epochs[facts.goal.epoch]),
        )

    # Its data

    def _data(self, view: View) -> Data:
        data = view.data
        if view.tenure is None:
            return Data()
        ready = data.ready_for == view.tenure.epoch
        waits = data.state is DataState.FAILED and data.retry_mono > self.now.mono
        return Data(
            state=data.state,
            ready_for=self.names.epochs[data.ready_for] if ready else None,
            sealed=self.names.pointers[data.sealed] if self.config.data else None,
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
            since_mono=self.names.since(copies.since_mono, 1),
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
        named = self.names.pointers[published.pointer]
        return named.name if named is not None else None

    def _made(self, made: Made | None) -> Made | None:
        if made is None:
            return None
        named = self.names.pointers[made.pointer]
        assert named is not None
        return Made(named, 0, 0.0, "")
