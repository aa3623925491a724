"""Reports, orders, history and logs in the store.

Decided here: which of them are read, that an unreadable one is passed over with
what was known kept, and that an order is looked at only with the fleet's
signature, and only while young. Nothing here is on the lease's path.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sessionlib import layout
from sessionlib.core.events import Clearance, Peeked, Recorded
from sessionlib.core.notes import ORDER_LIFE_S, History, Order, Report, Signal
from sessionlib.errors import Conflict, RecordUnreadable, SignatureInvalid, StoreError
from sessionlib.ports import Store
from sessionlib.records import decode, encode, read_object

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
    look: Callable[[], str | None] = lambda: None
    """What is looked at besides: which program should run by now, in words."""
    followed: Callable[[], str | None] | None = None
    """The fleet's key by now, where it may have been changed."""
    see_doctor: Callable[[], Clearance | None] = lambda: None
    """What is known of the store's promises, where that matters."""
    _orders: dict[str, Order | tuple[str, str]] = field(default_factory=dict)
    _shipped: dict[str, bytes] = field(default_factory=dict)

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
        ages_s: dict[str, float] = {}
        signal = bundle = clearance = None
        self._follow_key()
        with contextlib.suppress(StoreError, OSError):
            self._read_orders(orders, refused, ages_s)
        with contextlib.suppress(StoreError, OSError):
            signal = self._read_signal()
        with contextlib.suppress(StoreError, OSError):
            bundle = self.look()
        with contextlib.suppress(StoreError, OSError):
            clearance = self.see_doctor()
        return Peeked(reports, tuple(orders), tuple(refused), ages_s, signal, bundle, clearance)

    def _follow_key(self) -> None:
        """Go by the fleet's key of now; what was judged by another is judged again."""
        key = self.followed() if self.followed is not None else self.public_key
        if key != self.public_key:
            self.public_key = key
            self._orders.clear()

    def _read_signal(self) -> Signal | None:
        """A file that somebody made by hand. It isn't signed, so it is only ever a proposal."""
        found = self.store.read(layout.SIGNAL)
        if found is None or found.age_s > ORDER_LIFE_S:
            return None
        try:
            body = read_object(found.data)
        except RecordUnreadable:
            return None
        if body.get("action") != "start_session":
            return None
        return Signal(
            f"sig-{hashlib.sha256(found.data).hexdigest()[:12]}", body.get("test") is True
        )

    def _read_orders(
        self, orders: list[Order], refused: list[tuple[str, str, str]], ages_s: dict[str, float]
    ) -> None:
        keys = self.store.list(layout.ORDERS)
        for key in keys:
            # One that can't be read, forbidden to us perhaps, must not hide those behind it.
            with contextlib.suppress(StoreError, OSError):
                self._read_order(key, orders, refused, ages_s)
        for gone in set(self._orders) - set(keys):
            # A peek that was given up on may go on beside the next one.
            self._orders.pop(gone, None)

    def _read_order(
        self,
        key: str,
        orders: list[Order],
        refused: list[tuple[str, str, str]],
        ages_s: dict[str, float],
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
            ages_s[known.id] = found.age_s

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
        """Put the tails of our logs where the operator can read them, as far as they are news."""
        for name, tail in logs.items():
            if self._shipped.get(name) != tail:
                self.store.put(layout.log_key(self.me, name), tail)
                self._shipped[name] = tail
