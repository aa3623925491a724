"""Reports, orders, history and logs in the store. Nothing here is on the lease's path.

An unreadable record is passed over. An order is read only with the fleet's signature and only
while young, and never again once it is past.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field

from sessionlib import layout
from sessionlib.clock import Clock, SystemClock
from sessionlib.core.events import HistoryRecorded, MailboxRead, StoreCheckResult
from sessionlib.core.messages import ORDER_LIFE_S, History, Order, Report, Signal
from sessionlib.core.receipts import EXPIRED, REFUSED
from sessionlib.errors import Conflict, RecordUnreadable, SignatureInvalid, StoreError
from sessionlib.ports import Store
from sessionlib.records import decode, encode, read_object

FORGOTTEN_S = 3600.0
"""Orders older than this are past; nobody waits for an answer to them."""

LOG_TAIL_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class _JudgedOrder:
    """An order, or why it is refused, and when it was given by our clock, rather too early."""

    verdict: Order | tuple[str, str]
    given_boot: float
    counts: bool

    def age_s(self, now_boot: float) -> float:
        return now_boot - self.given_boot


@dataclass(slots=True)
class Mailbox:
    """One agent's side of the mailbox. Calls may raise StoreError or OSError; `read` doesn't."""

    store: Store
    _: KW_ONLY
    fleet: str
    public_key: str | None
    accounts: tuple[str, ...]
    account: str
    """Whose mailbox it is."""
    read_published: Callable[[], str | None] = lambda: None
    """Reads which program should run by now, in words."""
    current_key: Callable[[], str | None] | None = None
    """Returns the fleet's key by now, where it may have been changed."""
    read_store_check: Callable[[], StoreCheckResult | None] = lambda: None
    """Reads what is known of the store's promises, where that matters."""
    clock: Clock = field(default_factory=SystemClock)
    _orders: dict[str, _JudgedOrder] = field(default_factory=dict)
    _past: set[str] = field(default_factory=set)
    _tried: str = ""
    _shipped: dict[str, bytes] = field(default_factory=dict)

    def read(self, budget_s: float = math.inf) -> MailboxRead:
        """Read what others wrote. What can't be read is left out.

        Orders that were never read are read for as long as `budget_s`, the others next time:
        they are never removed, and thousands of them must not keep a reading from ending.
        """
        reports: dict[str, tuple[Report, float]] = {}
        for account in self.accounts:
            if account == self.account:
                continue
            with contextlib.suppress(StoreError, OSError, RecordUnreadable):
                found = self.store.read(layout.session_key(account))
                if found is not None:
                    reports[account] = (decode(Report, found.data), found.age_s)
        orders: list[Order] = []
        refused: list[tuple[str, str, str]] = []
        ages_s: dict[str, float] = {}
        signal = bundle = store_check = None
        self._follow_key()
        with contextlib.suppress(StoreError, OSError):
            self._read_orders(orders, refused, ages_s, budget_s)
        with contextlib.suppress(StoreError, OSError):
            signal = self._read_signal()
        with contextlib.suppress(StoreError, OSError):
            bundle = self.read_published()
        with contextlib.suppress(StoreError, OSError):
            store_check = self.read_store_check()
        return MailboxRead(
            reports, tuple(orders), tuple(refused), ages_s, signal, bundle, store_check
        )

    def _follow_key(self) -> None:
        """Go by the fleet's key of now; what was judged by another is judged again."""
        key = self.current_key() if self.current_key is not None else self.public_key
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
        self,
        orders: list[Order],
        refused: list[tuple[str, str, str]],
        ages_s: dict[str, float],
        budget_s: float,
    ) -> None:
        keys = self.store.list(layout.ORDERS)
        for gone in {*self._orders, *self._past}.difference(keys):
            # A reading that was given up on may go on beside the next one.
            self._orders.pop(gone, None)
            self._past.discard(gone)
        self._read_what_counts(keys, budget_s)
        now_boot = self.clock.now().boot
        for key in keys:
            known = self._orders.get(key)
            if known is None:
                continue
            age_s = known.age_s(now_boot)
            if age_s > FORGOTTEN_S:
                self._past.add(key)
                self._orders.pop(key, None)
            elif isinstance(known.verdict, tuple):
                refused.append((_id_of(key), *known.verdict))
            elif age_s > ORDER_LIFE_S:
                why = f"older than {ORDER_LIFE_S / 60:.0f} minutes"
                refused.append((_id_of(key), EXPIRED, why))
            else:
                orders.append(known.verdict)
                ages_s[known.verdict.id] = age_s

    def _read_what_counts(self, keys: list[str], budget_s: float) -> None:
        """Read what may be carried out, for its age is the store's to tell, and what was never
        read, for as long as `budget_s`; one at least, the others next time.

        An order is created once and never changed, so what is refused or past stays so.
        """
        until_mono = self.clock.now().mono + budget_s
        unread = [key for key in keys if key not in self._orders and key not in self._past]
        for key, known in list(self._orders.items()):
            if known.counts:
                self._read_order(key)
        # On from where the last reading ended: some may never be readable, forbidden to us perhaps.
        unread.sort(key=lambda key: (key <= self._tried, key))
        for number, key in enumerate(unread):
            if number and self.clock.now().mono >= until_mono:
                return
            self._tried = key
            self._read_order(key)

    def _read_order(self, key: str) -> None:
        """Read and judge one; what can't be read hides nothing behind it, and is left out."""
        known = self._orders.pop(key, None)
        began_boot = self.clock.now().boot
        with contextlib.suppress(StoreError, OSError):
            found = self.store.read(key)
            if found is None:
                return
            if found.age_s > FORGOTTEN_S:
                self._past.add(key)
                return
            verdict = known.verdict if known else self._judge(found.data, _id_of(key))
            counts = isinstance(verdict, Order) and found.age_s <= ORDER_LIFE_S
            self._orders[key] = _JudgedOrder(verdict, began_boot - found.age_s, counts)

    def _judge(self, data: bytes, order_id: str) -> Order | tuple[str, str]:
        from sessionlib.signing import verify  # noqa: PLC0415 - cryptography loads only for orders

        try:
            order = decode(Order, data)
            if order.id != order_id or order.fleet != self.fleet:
                return (REFUSED, "it was made for another fleet, or renamed")
            if self.public_key is None:
                return (REFUSED, "this agent has no fleet_key: run `init`")
            verify(order, self.public_key)
        except (RecordUnreadable, SignatureInvalid) as error:
            return (REFUSED, str(error))
        return order

    def write_report(self, report: Report) -> None:
        """Write our own report over the last one."""
        self.store.put(layout.session_key(self.account), encode(report))

    def write_history(self, history: History) -> HistoryRecorded:
        """Write a history record, once; a second try finds the first and is content."""
        try:
            self.store.create(layout.history_key(history.epoch), encode(history))
        except Conflict:
            return HistoryRecorded(history.epoch)
        except (StoreError, OSError) as error:
            return HistoryRecorded(history.epoch, str(error) or type(error).__name__)
        return HistoryRecorded(history.epoch)

    def write_logs(self, logs: Mapping[str, bytes]) -> None:
        """Put the tails of our logs where the operator can read them, as far as they are news."""
        for name, tail in logs.items():
            if self._shipped.get(name) != tail:
                self.store.put(layout.log_key(self.account, name), tail)
                self._shipped[name] = tail


def _id_of(key: str) -> str:
    return key.removeprefix(layout.ORDERS).removesuffix(".json")
