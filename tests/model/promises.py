"""What must hold of every write that takes effect.

Decided here: S2, S3, S5 and the part of S4 that lies in the write. Not decided here: what
must hold of a state (`whole`), of an agent's own step (`space`) and of orders
(`operators`). A promise that is kept is None, a broken one a sentence.
"""

from __future__ import annotations

from sessionlib.core.values import Lease, LeaseState
from tests.model.local import Local
from tests.model.names import ME


def written(before: Lease, after: Lease, *, claims: bool, data: bool) -> str | None:
    """`after` replaces `before`, both as the writer sees them."""
    if claims and after.epoch != before.epoch + 1:
        return "a claim without the next epoch (S2)"
    if not claims and (after.epoch != before.epoch or before.holder != ME):
        return "a write on a lease that is another's (S2)"
    return _published(before, after) if data else None


def _published(before: Lease, after: Lease) -> str | None:
    old, new = before.checkpoint, after.checkpoint
    if old == new:
        return None
    if new is None or new.epoch != after.epoch:
        return "a checkpoint is published under another epoch (S3)"
    if old is not None and (old.epoch, old.seq) >= (new.epoch, new.seq):
        return "a checkpoint is overwritten by an older one (S3)"
    return None


def claimed(before: Lease, may_work: bool) -> str | None:
    """Somebody claims on `before`; `may_work` says whether another's workload works or may come
    to without another write."""
    if before.state is LeaseState.HELD and may_work:
        return "a claim while the holder may still be valid (S5)"
    return None


def given_up(after: Lease, sender: Local) -> str | None:
    """`sender` has written `after`."""
    if after.state is LeaseState.HELD:
        return None
    if sender.run is not None:
        return "the lease is given up while the workload runs (S4)"
    if after.state is LeaseState.OFFERED and sender.fresh != after.checkpoint:
        return "the lease is offered without the last word of the work (S4)"
    return None
