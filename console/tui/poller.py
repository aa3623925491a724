"""Reading the store while the screen goes on: the screen never waits for it."""

# Daemon threads of our own read the store. One that hangs for ever hinders neither the others nor
# the end of the program. A call that isn't back in time is given up, and another thread goes on in
# its place. What they have read is an immutable `FleetCache`.

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from console.fleet.cache import Cached, FleetCache
from console.fleet.coordinator import CoordinatorProbe, listen_for_changes
from console.fleet.snapshot import Reading, parse_record, reject_foreign_report
from console.fleet.takeover_gate import TakeoverGate
from sessionlib import layout
from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.core.messages import History, Order, Report
from sessionlib.core.values import Instant, Lease
from sessionlib.errors import RecordUnreadable, StoreError
from sessionlib.ports import Found, Store
from sessionlib.stores import checked_folder_of

if TYPE_CHECKING:
    # With httpx, which only a fleet with a coordinator needs.
    from sessionlib.coordinator.event_stream import EventListener

LOOK_EVERY_S = 1.0
RING_GAP_S = 0.2
READERS = 4
MOST_GIVEN_UP = 6
"""So many calls of one lane may hang before it waits for one of them to come back."""

T = TypeVar("T", Lease, Report, History, Order)


@dataclass
class PollLane:
    """Keys that one thread reads in turn. `turn` tells which thread; older ones are given up."""

    keys: tuple[str, ...]
    turn: int = 0
    given_up: int = 0
    calling: tuple[str, Instant] | None = None
    wake: threading.Event = field(default_factory=threading.Event)


class Poller:
    """Keeps a picture of the fleet up to date.

    `open_store` is called in each thread, for a store's client serves one thread
    at a time. `on_news` is called in a thread whenever something has changed,
    `on_crash` where the program is at fault.
    """

    def __init__(
        self,
        config: Config,
        open_store: Callable[[], Store],
        clock: Clock,
        on_news: Callable[[], None],
        on_crash: Callable[[Exception], None],
    ) -> None:
        self._open_store, self._clock = open_store, clock
        self._on_news, self._on_crash = on_news, on_crash
        self._timeout_s = config.timings.timeout_s
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._picture = FleetCache(config.store.kind, clock.now(), self._timeout_s)
        accounts = config.by_priority()
        readers = min(READERS, len(accounts))
        shares = [tuple(accounts[at::readers]) for at in range(readers)]
        self._lanes = [PollLane((layout.LEASE,)), *(PollLane(share) for share in shares)]
        self._config, self._gate = config, TakeoverGate()
        self._coordination = CoordinatorProbe()
        self._listener: EventListener | None = None
        self._rang_mono = float("-inf")
        if checked_folder_of(config) is not None:
            self._lanes.append(PollLane((layout.STORE_CHECK,)))

    def start(self) -> None:
        """Begin to read."""
        for lane in self._lanes:
            self._start_reader(lane)
        self._listener = listen_for_changes(self._config, self._on_ring)

    def stop(self) -> None:
        """Read no more; what hangs is left behind."""
        self._ended.set()
        if self._listener is not None:
            self._listener.close()
        for lane in self._lanes:
            lane.wake.set()

    def cache(self) -> FleetCache:
        """What was read last."""
        return self._picture

    def poll_now(self) -> None:
        """Don't wait for the next round: something was just ordered."""
        for lane in self._lanes:
            lane.wake.set()

    def _on_ring(self) -> None:
        # It may lie, and ring without end.
        now_mono = self._clock.now().mono
        if now_mono - self._rang_mono >= RING_GAP_S:
            self._rang_mono = now_mono
            self.poll_now()

    def replace_hung_reads(self) -> None:
        """Give up calls that hang, and hear what the coordinator says. To be called now and
        then; never blocks."""
        now = self._clock.now()
        heard = self._coordination.status_without_waiting(self._config, self._clock)
        if heard != self._picture.coordinator:
            self._update_cache(lambda picture: picture.with_coordinator(heard))
            self._on_news()
        for lane in self._lanes:
            calling = lane.calling
            if calling is None or now.since(calling[1]) <= self._timeout_s:
                continue
            self._update_cache(
                lambda picture: picture.with_failure(f"no answer within {self._timeout_s:g} s")
            )
            if lane.given_up < MOST_GIVEN_UP:
                lane.given_up += 1
                lane.calling = None
                self._start_reader(lane, skip=calling[0])

    def _start_reader(self, lane: PollLane, skip: str | None = None) -> None:
        lane.turn += 1
        args = (lane, lane.turn, skip)
        threading.Thread(target=self._run_reader, args=args, daemon=True).start()

    def _run_reader(self, lane: PollLane, turn: int, skip: str | None) -> None:
        try:
            self._read_in_rounds(lane, turn, skip)
        except Exception as error:  # noqa: BLE001 - told on the screen's own thread
            self._on_crash(error)

    def _read_in_rounds(self, lane: PollLane, turn: int, skip: str | None) -> None:
        store: Store | None = None
        keys: Sequence[str] = _after(lane.keys, skip)
        while not self._ended.is_set():
            for key in keys:
                store = store or self._try_open_store()
                if store is not None:
                    self._read(store, lane, turn, key)
                if lane.turn != turn or self._ended.is_set():
                    return
            keys = lane.keys
            lane.wake.wait(LOOK_EVERY_S)
            lane.wake.clear()

    def _try_open_store(self) -> Store | None:
        try:
            return self._open_store()
        except StoreError as error:
            why = str(error) or type(error).__name__
            self._update_cache(lambda picture: picture.with_failure(why))
            return None

    def _read(self, store: Store, lane: PollLane, turn: int, key: str) -> None:
        began = self._clock.now()
        lane.calling = (key, began)
        try:
            if key == layout.LEASE:
                self._read_lease(store, began)
            elif key == layout.STORE_CHECK:
                self._read_store_check(store)
            else:
                self._read_report(store, key, began)
        except StoreError as error:
            why = str(error) or type(error).__name__
            self._update_cache(lambda picture: picture.with_failure(why))
        finally:
            if lane.turn == turn:
                lane.calling = None
            else:
                lane.given_up -= 1

    def _read_lease(self, store: Store, began: Instant) -> None:
        known = self._picture.lease
        found = store.read(layout.LEASE)
        piece = self._cached(Lease, found, known)
        self._record_answer(began, lambda picture: picture.with_lease(piece))
        if known is None or known.reading.value is not piece.reading.value:
            self._on_news()
        self._read_history(store, piece.reading.value)

    def _read_store_check(self, store: Store) -> None:
        """What doctor has found; the gate knows how often that is worth a look."""
        why = self._gate.store_unproven(store, self._config, self._clock)
        if why != self._picture.store_unproven:
            self._update_cache(lambda picture: picture.with_store_unproven(why))
            self._on_news()

    def _read_history(self, store: Store, lease: Lease | None) -> None:
        known = self._picture.last_move
        epoch = 0 if lease is None else lease.epoch
        if epoch == 0 or (known and known.reading.value and known.reading.value.epoch == epoch):
            return
        piece = self._cached(History, store.read(layout.history_key(epoch)), known)
        self._update_cache(lambda picture: picture.with_move(piece))
        if piece.reading.value is not None:
            self._on_news()

    def _read_report(self, store: Store, account: str, began: Instant) -> None:
        known = self._picture.reports.get(account)
        found = store.read(layout.session_key(account))
        piece = self._cached(Report, found, known)
        if piece.reading.value is not (known.reading.value if known else None):
            piece = Cached(reject_foreign_report(account, piece.reading), piece.read_at, piece.data)
        self._record_answer(began, lambda picture: picture.with_report(account, piece))
        if known is None or known.data != piece.data:
            self._on_news()

    def _cached(self, kind: type[T], found: Found | None, known: Cached[T] | None) -> Cached[T]:
        now = self._clock.now()
        if found is None:
            return Cached(Reading(), now)
        if known is not None and known.data == found.data:
            # The same bytes mean the same: they needn't be read again.
            return Cached(
                Reading(known.reading.value, found.age_s, known.reading.error), now, found.data
            )
        try:
            seen = Reading(parse_record(kind, found.data), found.age_s)
        except RecordUnreadable as error:
            seen = Reading(None, found.age_s, str(error))
        return Cached(seen, now, found.data)

    def _record_answer(self, began: Instant, change: Callable[[FleetCache], FleetCache]) -> None:
        now = self._clock.now()
        latency_s = now.mono - began.mono
        self._update_cache(lambda picture: change(picture).with_answer(now, latency_s))

    def _update_cache(self, change: Callable[[FleetCache], FleetCache]) -> None:
        with self._lock:
            self._picture = change(self._picture)


def _after(keys: tuple[str, ...], skip: str | None) -> tuple[str, ...]:
    """The keys behind the one that hung, so that it keeps no other from being read."""
    return keys if skip is None else keys[keys.index(skip) + 1 :]
