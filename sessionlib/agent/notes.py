"""Reports, orders, history and logs in the store.

Decided here: which of them are read, that an unreadable one is passed over with
what was known kept, and that an order is looked at only with the fleet's
signature, and only while young. Nothing here is on the lease's path.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from sessionlib import layout
from sessionlib.core.events import Peeked, Recorded
from sessionlib.core.notes import History, Order, Report
from sessionlib.errors import Conflict, RecordUnreadable, SignatureInvalid, StoreError
from sessionlib.ports import Store
from sessionlib.records import decode, encode

ORDER_LIFE_S = 600.0
"""An order not carried out by then never will be: what it was given on is long past."""

FORGOTTEN_S = 3600.0
"""Orders older than this are somebody's past; nobody waits for a word on them."""

LOG_TAIL_BYTES = 64 * 1024


@dataclass(slots=True)
class Notes:
    """One agent's side of the notes. Calls may raise StoreError or OSError; `peek` doesn't."""

    store: Store
    fleet: str
    public_key: str | None
    accounts: tuple[str, ...]
    me: str
    _orders: dict[str, Order | tuple[str, str]] = field(default_factory=dict)
    _reports: dict[str, tuple[str, Report]] = field(default_factory=dict)

    def peek(self) -> Peeked:
        """Read what others wrote. What can't be read is left out."""
        reports: dict[str, tuple[Report, float]] = {}
        for account in self.accounts:
            if account == self.me:
                continue
            with contextlib.suppress(StoreError, OSError, RecordUnreadable):
                found = self.store.read(layout.session_key(account))
                if found is not None:
                    reports[account] = (decode(Report, found.data), found.age_s)
        orders: list[Order] = []
        refused: list[tuple[str, str, str]] = []
        with contextlib.suppress(StoreError, OSError):
            self._read_orders(orders, refused)
        return Peeked(reports, tuple(orders), tuple(refused))

    def _read_orders(self, orders: list[Order], refused: list[tuple[str, str, str]]) -> None:
        keys = self.store.list(layout.ORDERS)
        for key in keys:
            # One that can't be read, forbidden to us perhaps, must not hide those behind it.
            with contextlib.suppress(StoreError, OSError):
                self._read_order(key, orders, refused)
        for gone in set(self._orders) - set(keys):
            del self._orders[gone]

    def _read_order(
        self, key: str, orders: list[Order], refused: list[tuple[str, str, str]]
    ) -> None:
        order_id = key.removeprefix(layout.ORDERS).removesuffix(".json")
        found = self.store.read(key)
        if found is None or found.age_s > FORGOTTEN_S:
            return
        known = self._orders.get(key)
        if known is None:
            known = self._orders[key] = self._judge(found.data, order_id)
        if isinstance(known, tuple):
            refused.append((order_id, *known))
        elif found.age_s > ORDER_LIFE_S:
            refused.append((order_id, "expired", f"older than {ORDER_LIFE_S / 60:.0f} minutes"))
        else:
            orders.append(known)

    def _judge(self, data: bytes, order_id: str) -> Order | tuple[str, str]:
        from sessionlib.signing import verify  # noqa: PLC0415 - cryptography loads only for orders

        try:
            order = decode(Order, data)
            if order.id != order_id or order.fleet != self.fleet:
                return ("refused", "it was made for another fleet, or renamed")
            if self.public_key is None:
                return ("refused", "this agent has no fleet_key: run `init`")
            verify(order, self.public_key)
        except (RecordUnreadable, SignatureInvalid) as error:
            return ("refused", str(error))
        return order

    def report(self, report: Report) -> None:
        """Write our own report over the last one."""
        self.store.put(layout.session_key(self.me), encode(report))

    def record(self, history: History) -> Recorded:
        """Write a history record, once; a second try finds the first and is content."""
        try:
            self.store.create(layout.history_key(history.epoch), encode(history))
        except Conflict:
            return Recorded(history.epoch)
        except (StoreError, OSError) as error:
            return Recorded(history.epoch, str(error) or type(error).__name__)
        return Recorded(history.epoch)

    def ship(self, logs: Mapping[str, bytes]) -> None:
        """Put the tails of our logs where the operator can read them."""
        for name, tail in logs.items():
            self.store.put(layout.log_key(self.me, name), tail)
