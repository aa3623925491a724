"""The lease record in the store: read and written. Each outcome is an event; no error escapes.

The answer of a write of which nothing came is kept back for a while.
"""

from __future__ import annotations

from sessionlib import layout
from sessionlib.clock import Clock, SystemClock, sleep
from sessionlib.core.events import LeaseRead, WriteAnswered, WriteVerdict
from sessionlib.core.values import Lease
from sessionlib.core.view import LeaseReadStatus, Write
from sessionlib.errors import Conflict, RecordUnreadable, StoreError, Unreachable
from sessionlib.ports import Store
from sessionlib.records import decode, encode

FIRST_PAUSE, MOST_PAUSE = 1 / 8, 1 / 2
"""Of the time-out: how long a write takes at the least of which nothing came, at first and after
several."""


def read_lease(store: Store) -> LeaseRead:
    """Read the record."""
    try:
        found = store.read(layout.LEASE)
    except StoreError as error:
        return LeaseRead(LeaseReadStatus.UNREACHABLE, why=f"the store can't be reached: {error}")
    except OSError as error:
        return LeaseRead(LeaseReadStatus.UNREACHABLE, why=f"the store can't be read: {error}")
    if found is None:
        return LeaseRead(
            LeaseReadStatus.MISSING,
            why="the lease record is missing: `colabvps-console init` makes it again",
        )
    try:
        lease = decode(Lease, found.data)
    except RecordUnreadable as error:
        return LeaseRead(LeaseReadStatus.UNREADABLE, why=f"the lease record is unreadable: {error}")
    return LeaseRead(LeaseReadStatus.SEEN, lease, found.version, found.age_s)


def write_lease(store: Store, write: Write) -> WriteAnswered:
    """Write the record over the version that `write` expects."""
    nonce = write.lease.nonce
    try:
        version = store.replace(layout.LEASE, encode(write.lease), write.expected)
    except Conflict as error:
        return WriteAnswered(nonce, WriteVerdict.CONFLICT, why=str(error))
    except Unreachable as error:
        return WriteAnswered(nonce, WriteVerdict.UNREACHABLE, why=str(error))
    except (StoreError, OSError) as error:
        return WriteAnswered(nonce, WriteVerdict.UNKNOWN, why=str(error))
    return WriteAnswered(nonce, WriteVerdict.DONE, version)


class LeaseWriter:
    """Writes the record, one call at a time, and is in no hurry with one failure after the other.

    A store that refuses at once, as a full disk does, would else be tried hundreds of times a
    second: each answer that says of nothing that it was done comes later than the one before,
    up to half of `timeout_s`, within which a call is answered at all.
    """

    def __init__(self, store: Store, timeout_s: float, clock: Clock | None = None) -> None:
        self._store = store
        self._timeout_s = timeout_s
        self._clock = clock or SystemClock()
        self._failures = 0

    def write(self, write: Write) -> WriteAnswered:
        """As `write_lease`."""
        began_mono = self._clock.now().mono
        answer = write_lease(self._store, write)
        if answer.verdict in {WriteVerdict.DONE, WriteVerdict.CONFLICT}:
            self._failures = 0
            return answer
        pause_s = self._timeout_s * min(FIRST_PAUSE * 2**self._failures, MOST_PAUSE)
        self._failures = min(self._failures + 1, 8)
        sleep(pause_s - (self._clock.now().mono - began_mono))
        return answer
