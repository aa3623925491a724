"""The lease record that a store without one gets."""

# A store without a trace of an earlier life begins free at epoch 0. One with traces has lost its
# record. The new record then names an unknown holder, so that it is claimed only after a full ttl
# of watching. Its epoch is above every trace. It points at the newest readable checkpoint: no
# published data is lost with the record.

from __future__ import annotations

import secrets

from console.errors import OutcomeUnknown, Refused
from console.fleet.snapshot import Reading, history_epochs, read_from_store
from sessionlib import layout
from sessionlib.checkpoints import catalog
from sessionlib.core.lease import first_record
from sessionlib.core.messages import Order, Report
from sessionlib.core.values import MAX_EPOCH, UNKNOWN_HOLDER, Lease, LeaseState, Pointer
from sessionlib.errors import Conflict, Unknown
from sessionlib.ports import Store
from sessionlib.records import decode, encode

SPARE_EPOCHS = 100
"""A claim leaves its history only once the work serves, so some may have left no trace."""


def missing_lease(store: Store, ttl_s: float) -> Lease | None:
    """The record that the store lacks, None where it has one. Raises Refused if it can't tell."""
    seen = read_from_store(store, Lease, layout.LEASE)
    if seen.error is not None:
        raise Refused(
            f"the lease record can't be read ({seen.error}): nothing was changed; find out who "
            "wrote it before you do anything about it"
        )
    if seen.value is not None:
        return None
    nonce = secrets.token_hex(8)
    highest = highest_trace(store)
    if highest is None:
        return first_record(nonce, ttl_s)
    return Lease(
        epoch=highest + SPARE_EPOCHS,
        holder=UNKNOWN_HOLDER,
        session=None,
        incarnation=None,
        renewal=0,
        nonce=nonce,
        ttl_s=ttl_s,
        state=LeaseState.HELD,
        checkpoint=newest_checkpoint(store),
    )


def newest_checkpoint(store: Store) -> Pointer | None:
    """The newest checkpoint whose manifest can be read; None where there is none. It may have
    been made and not yet published, and is whole all the same."""
    whole = (
        one for one in catalog.list_checkpoints(store) if one.error is None and _is_real(one.epoch)
    )
    return next((Pointer(one.epoch, one.seq, one.name, one.bytes) for one in whole), None)


def highest_trace(store: Store) -> int | None:
    """The highest epoch that anything in the store tells of, None where nothing does. One that
    claims can't have come to tells only that something was here."""
    found = history_epochs(store)
    found += [_trace(read_from_store(store, Report, key)) for key in store.list(layout.SESSIONS)]
    found += [_trace(read_from_store(store, Order, key)) for key in store.list(layout.ORDERS)]
    found += [one.epoch for one in catalog.list_checkpoints(store)]
    return max((epoch if _is_real(epoch) else 1 for epoch in found), default=0) or None


def _is_real(epoch: int) -> bool:
    return epoch <= MAX_EPOCH - SPARE_EPOCHS


def _trace(seen: Reading[Report] | Reading[Order]) -> int:
    """The epoch that a record tells of. One that can't be read is a trace all the same."""
    if seen.value is not None:
        return seen.value.epoch
    return 0 if seen.error is None else 1


def create_lease(store: Store, lease: Lease) -> bool:
    """Write the record; False where somebody else was first. Raises OutcomeUnknown."""
    try:
        store.create(layout.LEASE, encode(lease))
    except Conflict:
        return False
    except Unknown as error:
        found = store.read(layout.LEASE)
        if found is None:
            raise OutcomeUnknown(
                f"the lease may or may not have been written ({error}): run this again"
            ) from None
        return decode(Lease, found.data).nonce == lease.nonce
    return True
