"""One read of the store for a person: a `Snapshot` of the lease, the reports and the last move.

A piece is there, is certainly absent, or can't be read; the three are never mixed up.
One unreadable piece hides no other. Every text of a record becomes one harmless line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import Enum
from typing import Any, Generic, TypeVar

from console.bounded_calls import within
from console.fleet.coordinator import CoordinatorStatus
from sessionlib import layout
from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.core.messages import History, Order, Report
from sessionlib.core.values import Lease, LeaseState
from sessionlib.errors import RecordUnreadable, StoreError, Unreachable
from sessionlib.plain_text import plain
from sessionlib.ports import Found, Store
from sessionlib.records import decode

T = TypeVar("T")
Record = TypeVar("Record", Lease, Report, History, Order)


@dataclass(frozen=True)  # with slots, Python 3.11 can't make a Reading[Lease]()
class Reading(Generic[T]):
    """A record as it was read: `value`, or an `error`, or neither where there is none.

    `age_s` is by the store's clock.
    """

    value: T | None = None
    age_s: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that one read showed. `latency_s` is None while the store can't be reached.

    `answered_s` is how long ago the store last answered, None for never.
    `store_unproven` is the reason why no session takes over by itself under any policy.
    """

    kind: str
    latency_s: float | None = None
    error: str | None = None
    lease: Reading[Lease] = field(default_factory=Reading)
    reports: Mapping[str, Reading[Report]] = field(default_factory=dict)
    last_move: Reading[History] = field(default_factory=Reading)
    answered_s: float | None = None
    store_unproven: str | None = None
    coordinator: CoordinatorStatus | None = None

    @property
    def reachable(self) -> bool:
        return self.error is None

    @property
    def holder(self) -> str | None:
        """The holder of the lease; None if nobody holds it or it wasn't read."""
        lease = self.lease.value
        return lease.holder if lease is not None and lease.state is LeaseState.HELD else None

    def report_of(self, account: str | None) -> Reading[Report]:
        """An account's report; an empty reading if it has none."""
        return self.reports.get(account or "", Reading())


def read_snapshot(store: Store, config: Config, clock: Clock) -> Snapshot:
    """Read everything, within one of the lease's time-outs. A failure is in the snapshot."""
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


def read_from_store(store: Store, kind: type[Record], key: str) -> Reading[Record]:
    """Read one record. Raises Unreachable."""
    return _reading_of(kind, store.read(key))


def try_read_from_store(store: Store, kind: type[Record], key: str) -> Reading[Record]:
    """Read one record; its own failure is in the reading. Raises Unreachable for a lost store."""
    try:
        return read_from_store(store, kind, key)
    except Unreachable as error:
        # Perhaps only this file fails: it is forbidden, or a folder is in its place.
        store.list(layout.SESSIONS)
        return Reading(error=str(error))


def history_epochs(store: Store) -> list[int]:
    """The epochs that left a history record, newest first. Raises Unreachable."""
    names = [
        key.removeprefix(layout.HISTORY).removesuffix(".json") for key in store.list(layout.HISTORY)
    ]
    return sorted((int(name) for name in names if name.isascii() and name.isdigit()), reverse=True)


def _reading_of(kind: type[Record], found: Found | None) -> Reading[Record]:
    if found is None:
        return Reading()
    try:
        return Reading(parse_record(kind, found.data), found.age_s)
    except RecordUnreadable as error:
        return Reading(None, found.age_s, str(error))


def reject_foreign_report(account: str, seen: Reading[Report]) -> Reading[Report]:
    """The report if it is under its own account's name; any other counts as unreadable."""
    if seen.value is not None and seen.value.account != account:
        return Reading(None, seen.age_s, f"is {seen.value.account}'s report under another name")
    return seen


def parse_record(kind: type[Record], data: bytes) -> Record:
    """Decode a record and make its texts harmless. Raises RecordUnreadable.

    A text can't look like two lines in a sentence, a question or a log.
    """
    value: Record = _harmless(decode(kind, data))
    return value


def _harmless(value: Any) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        # Nearly all are, and this is asked for a thousand reports.
        return value if value.isascii() and value.isprintable() else plain(value)
    if isinstance(value, tuple):
        return tuple(map(_harmless, value))
    if is_dataclass(value) and not isinstance(value, type):
        old = {field.name: getattr(value, field.name) for field in fields(value)}
        new = {name: _harmless(item) for name, item in old.items()}
        changed = {name: item for name, item in new.items() if item is not old[name]}
        return replace(value, **changed) if changed else value
    return value
