"""The lease: what its next record may be, how long it holds, when a challenger may claim."""

# We never compare another machine's timestamp with ours. A lease is stale once *we* have watched it
# stay the same for its whole duration. So a fresh standby waits one full lease before it may claim,
# and a holder counts from before it sent.

from __future__ import annotations

from dataclasses import dataclass, replace

from sessionlib.core.timing import Timing
from sessionlib.core.values import (
    Identity,
    Instant,
    Lease,
    LeaseState,
    Plan,
    PlanOrigin,
    PlanPhase,
    Pointer,
)

DONE_KEPT = 4
"""How many ids of obeyed orders the record keeps; it has to stay below 1,000 bytes."""


def first_record(nonce: str, ttl_s: float) -> Lease:
    """What `init` creates: free, at epoch 0."""
    return Lease(
        epoch=0,
        holder=None,
        session=None,
        incarnation=None,
        renewal=0,
        nonce=nonce,
        ttl_s=ttl_s,
        state=LeaseState.FREE,
    )


def claim(lease: Lease, me: Identity, nonce: str, ttl_s: float, *done: str | None) -> Lease:
    """The record by which `me` becomes primary: the next epoch, the same checkpoint."""
    return replace(
        lease,
        epoch=lease.epoch + 1,
        holder=me.account,
        session=me.session,
        incarnation=me.incarnation,
        renewal=0,
        nonce=nonce,
        ttl_s=ttl_s,
        state=LeaseState.HELD,
        successor=None,
        plan=None,
        done=with_done(lease.done, *done, _signal_of(lease)),
    )


def renew(lease: Lease, nonce: str, plan: Plan | None, ttl_s: float, *done: str | None) -> Lease:
    """The holder's sign of life; it carries the plan in progress."""
    return replace(
        lease,
        renewal=lease.renewal + 1,
        nonce=nonce,
        plan=plan,
        ttl_s=ttl_s,
        done=with_done(lease.done, *done),
    )


def pause(lease: Lease, *, paused: bool) -> Lease:
    """The same record, with the fleet paused or going on. Fencing knows nothing of it."""
    return replace(lease, paused=paused)


def publish(lease: Lease, checkpoint: Pointer) -> Lease:
    """The same record pointing at `checkpoint`: one write proves leadership and publishes."""
    return replace(lease, checkpoint=checkpoint)


def offer(
    lease: Lease, nonce: str, plan: Plan, checkpoint: Pointer | None, *done: str | None
) -> Lease:
    """The commit point: work has stopped, the seal and the offer are one write."""
    return replace(
        lease,
        renewal=lease.renewal + 1,
        nonce=nonce,
        state=LeaseState.OFFERED,
        successor=plan.to,
        checkpoint=checkpoint or lease.checkpoint,
        plan=replace(plan, phase=PlanPhase.OFFERED),
        done=with_done(lease.done, *done),
    )


def vacate(lease: Lease, nonce: str, checkpoint: Pointer | None, done: str | None) -> Lease:
    """Give up to anybody. The record is kept: the next claim has to find the old epoch,
    or a paused primary could return with an equal number."""
    return replace(
        lease,
        holder=None,
        session=None,
        incarnation=None,
        renewal=lease.renewal + 1,
        nonce=nonce,
        state=LeaseState.FREE,
        successor=None,
        checkpoint=checkpoint or lease.checkpoint,
        plan=None,
        done=with_done(lease.done, done, _signal_of(lease)),
    )


def _signal_of(lease: Lease) -> str | None:
    """The file that asked for the plan which ends with this record: whatever became of the
    move, it has proposed once, and it is still there."""
    plan = lease.plan
    return plan.id if plan is not None and plan.origin is PlanOrigin.SIGNAL else None


def with_done(done: tuple[str, ...], *orders: str | None) -> tuple[str, ...]:
    """`done` with more obeyed orders (None is none), the oldest dropped."""
    new = (order for order in orders if order is not None and order not in done)
    return (*done, *new)[-DONE_KEPT:]


@dataclass(frozen=True, slots=True)
class Tenure:
    """What being primary rests on: the last of our writes known to have succeeded."""

    epoch: int
    sent: Instant
    valid_s: float

    def left_s(self, now: Instant) -> float:
        """Seconds for which the work may go on; never counted from an answer."""
        return self.valid_s - now.since(self.sent)


@dataclass(frozen=True, slots=True)
class Watch:
    """One observer's stopwatch on one mark, by its own monotonic clock.

    Monotonic, because it stands still while this machine is suspended: that can
    only make us wait longer. `healed_mono` is when reads first succeeded again
    after failing, None if they never failed.
    """

    mark: tuple[int, str | None, str | None, int]
    since_mono: float
    healed_mono: float | None = None

    def stale_from_mono(self, lease: Lease, timing: Timing, rank: int) -> float:
        """From when on the monotonic clock the lease counts as stale for this observer.

        The record's ttl counts, not the reader's file: the holder goes by it. Where
        the store failed us it may have failed the holder too, who then gets the
        time for one renewal before anybody claims.
        """
        ripe = self.since_mono + timing.patience_s(lease.ttl_s, rank)
        if self.healed_mono is None:
            return ripe
        return max(
            ripe,
            self.healed_mono + timing.renew_s + timing.timeout_s + rank * timing.rank_step_s,
        )


def update_watch(watch: Watch | None, lease: Lease, now_mono: float, failed: bool) -> Watch:
    """The watch after `lease` was read, with the answer in hand at `now_mono`.

    `failed` says that reads failed between the previous answer and this one.
    """
    if watch is None or watch.mark != lease.mark:
        return Watch(lease.mark, now_mono, now_mono if failed else None)
    return replace(watch, healed_mono=now_mono) if failed else watch
