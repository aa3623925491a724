"""Reading the store for a person.

One unreadable piece hides nothing else. A store that doesn't answer ends the reading at once.
"""

from __future__ import annotations

from typing import TypeVar

from console.fleet.reading import parse_record
from console.fleet.snapshot import Reading, Snapshot
from console.timeouts import within
from sessionlib import layout
from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.core.messages import History, Order, Report
from sessionlib.core.values import Lease
from sessionlib.errors import RecordUnreadable, StoreError, Unreachable
from sessionlib.ports import Found, Store

T = TypeVar("T", Lease, Report, History, Order)


def read_snapshot(store: Store, config: Config, clock: Clock) -> Snapshot:
    """Everything there is to see, within one of the lease's time-outs."""
    # Not scaled: a fleet that runs fast for a demonstration has no faster disk.
    timeout_s = config.timings.timeout_s
    try:
        return within(timeout_s, lambda: _read_all(store, config, clock))
    except StoreError as error:
        return Snapshot(store.kind, error=str(error) or type(error).__name__)


def _read_all(store: Store, config: Config, clock: Clock) -> Snapshot:
    started = clock.now().mono
    lease = try_read_from_store(store, Lease, layout.LEASE)
    latency_s = clock.now().mono - started
    reports = {
        account: reject_foreign_report(
            account, try_read_from_store(store, Report, layout.session_key(account))
        )
        for account in config.accounts
    }
    last_move: Reading[History] = Reading()
    if lease.value is not None and lease.value.epoch > 0:
        last_move = try_read_from_store(store, History, layout.history_key(lease.value.epoch))
    return Snapshot(store.kind, latency_s, None, lease, reports, last_move, answered_s=0.0)


def read_from_store(store: Store, kind: type[T], key: str) -> Reading[T]:
    """One record. Raises Unreachable."""
    return _reading_of(kind, store.read(key))


def try_read_from_store(store: Store, kind: type[T], key: str) -> Reading[T]:
    """One record, the others being of use without it. Raises Unreachable if the store is away."""
    try:
        return read_from_store(store, kind, key)
    except Unreachable as error:
        # Perhaps only this file can't be had: forbidden, or a folder in its place.
        store.list(layout.SESSIONS)
        return Reading(error=str(error))


def history_epochs(store: Store) -> list[int]:
    """The epochs that left a history record, newest first. Raises Unreachable."""
    names = [
        key.removeprefix(layout.HISTORY).removesuffix(".json") for key in store.list(layout.HISTORY)
    ]
    return sorted((int(name) for name in names if name.isascii() and name.isdigit()), reverse=True)


def _reading_of(kind: type[T], found: Found | None) -> Reading[T]:
    if found is None:
        return Reading()
    try:
        return Reading(parse_record(kind, found.data), found.age_s)
    except RecordUnreadable as error:
        return Reading(None, found.age_s, str(error))


def reject_foreign_report(account: str, seen: Reading[Report]) -> Reading[Report]:
    """A report that stands under its account's own name; any other is unreadable."""
    if seen.value is not None and seen.value.account != account:
        return Reading(None, seen.age_s, f"is {seen.value.account}'s report under another name")
    return seen
