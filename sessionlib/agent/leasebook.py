"""The lease record in the store: reading and writing it, as events.

Decided here: which event each outcome of the store is. Every error is an answer;
none of them escapes. Not decided here: what an answer means (`core.learn`).
"""

from __future__ import annotations

from sessionlib import layout
from sessionlib.core.events import LeaseRead, Verdict, WriteAnswered
from sessionlib.core.values import Lease
from sessionlib.core.view import Sight, Write
from sessionlib.errors import Conflict, RecordUnreadable, StoreError, Unreachable
from sessionlib.ports import Store
from sessionlib.records import decode, encode


def read_lease(store: Store) -> LeaseRead:
    """Read the record."""
    try:
        found = store.read(layout.LEASE)
    except StoreError as error:
        return LeaseRead(Sight.UNREACHABLE, why=f"the store can't be reached: {error}")
    except OSError as error:
        return LeaseRead(Sight.UNREACHABLE, why=f"the store can't be read: {error}")
    if found is None:
        return LeaseRead(
            Sight.MISSING, why="the lease record is missing: `colabvps-console init` makes it again"
        )
    try:
        lease = decode(Lease, found.data)
    except RecordUnreadable as error:
        return LeaseRead(Sight.UNREADABLE, why=f"the lease record is unreadable: {error}")
    return LeaseRead(Sight.SEEN, lease, found.version, found.age_s)


def write_lease(store: Store, write: Write) -> WriteAnswered:
    """Write the record over the version that `write` expects."""
    nonce = write.lease.nonce
    try:
        version = store.replace(layout.LEASE, encode(write.lease), write.expected)
    except Conflict as error:
        return WriteAnswered(nonce, Verdict.CONFLICT, why=str(error))
    except Unreachable as error:
        return WriteAnswered(nonce, Verdict.UNREACHABLE, why=str(error))
    except (StoreError, OSError) as error:
        return WriteAnswered(nonce, Verdict.UNKNOWN, why=str(error))
    return WriteAnswered(nonce, Verdict.DONE, version)
