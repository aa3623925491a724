"""A step of setting up, and the one that all kinds of store have: the lease record.

A record for a store that was in use is made only where that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from console.setup.lease_record import create_lease, missing_lease
from sessionlib.core.values import UNKNOWN_HOLDER, Lease
from sessionlib.ports import Store


@dataclass(frozen=True, slots=True)
class SetupStep:
    """Something to be done: what is asked, how, and what is told afterwards."""

    asks: str
    do: Callable[[], str]


def lease_steps(store: Store, ttl_s: float) -> list[SetupStep]:
    """The record that a store lacks."""
    lease = missing_lease(store, ttl_s)
    if lease is None:
        return []
    return [SetupStep(_asks(lease), lambda: make_lease(store, ttl_s, may_follow_one=True))]


def make_lease(store: Store, ttl_s: float, *, may_follow_one: bool) -> str:
    """Make the record, if there is none; where the store had one, only if it `may_follow_one`."""
    lease = missing_lease(store, ttl_s)
    if lease is not None and lease.holder == UNKNOWN_HOLDER and not may_follow_one:
        return "found no lease record, but traces of one: run this again, which asks about it"
    if lease is None or not create_lease(store, lease):
        return "found a lease record, and left it as it is"
    return f"made the lease record: {lease.state.value}, epoch {lease.epoch}"


def _asks(lease: Lease) -> str:
    if lease.holder != UNKNOWN_HOLDER:
        return "Make the lease record: free, epoch 0."
    pointer = lease.checkpoint
    data = "no checkpoint, for none can be read"
    if pointer is not None:
        data = f"checkpoint {pointer.seq} of epoch {pointer.epoch}, the newest that can be read"
    return (
        "WARNING: the lease record is gone, but this store has been in use. It is made again "
        f"with holder unknown and epoch {lease.epoch}, pointing at {data}; an agent may claim "
        f"it only after watching it for {lease.ttl_s:g} s. Find out who removed it."
    )
