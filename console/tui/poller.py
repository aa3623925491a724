"""Reading the store while the screen goes on.

Decided here: that nothing of the screen ever waits for the store. Threads of our
own read it, daemons all, so that one which hangs for ever hinders neither the
others nor the end of the program; a call that isn't back in time is given up,
and another thread goes on in its place. What they have read is an immutable
`Picture`. Not decided here: what it means, and when it is drawn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from console.fleet.cache import Picture, Piece
from console.fleet.coordinator import Coordination, doorbell
from console.fleet.looking import own
from console.fleet.reading import read_record
from console.fleet.snapshot import Seen
from console.fleet.takeover_gate import Gate
from sessionlib import layout
from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.core.messages import History, Order, Report
from sessionlib.core.values import Instant, Lease
from sessionlib.errors import RecordUnreadable, StoreError
from sessionlib.ports import Found, Store
from sessionlib.signed.store_check import folder_to_check

if TYPE_CHECKING:
    # With httpx, which only a fleet with a coordinator needs.
    from sessionlib.coordinator.event_stream import Listener

LOOK_EVERY_S = 1.0
RING_GAP_S = 0.2
READERS = 4
MOST_GIVEN_UP = 6
"""So many calls of one lane may hang before it waits for one of them to come back."""

T = TypeVar("T", Lease, Report, History, Order)


@dataclass
class Lane:
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
        self._picture = Picture(config.store.kind.value, clock.now(), self._timeout_s)
        accounts = config.by_priority()
        readers = min(READERS, len(accounts))
        shares = [tuple(accounts[at::readers]) for at in range(readers)]
        self._lanes = [Lane((layout.LEASE,)), *(Lane(share) for share in shares)]
        self._config, self._gate = config, Gate()
        self._coordination = Coordination()
        self._listener: Listener | None = None
        self._rang_mono = float("-inf")
        if folder_to_check(config) is not None:
            self._lanes.append(Lane((layout.STORE_CHECK,)))

    def start(self) -> None:
        """Begin to read."""
        for lane in self._lanes:
            self._run(lane)
        self._listener = doorbell(self._config, self._rung)

    def stop(self) -> None:
        """Read no more; what hangs is left behind."""
        self._ended.set()
        if self._listener is not None:
            self._listener.close()
        for lane in self._lanes:
            lane.wake.set()

    def picture(self) -> Picture:
        """What was read last."""
        return self._picture

    def look_now(self) -> None:
        """Don't wait for the next round: something was just ordered."""
        for lane in self._lanes:
            lane.wake.set()

    def _rung(self) -> None:
        # It may lie, and ring without end.
        now_mono = self._clock.now().mono
        if now_mono - self._rang_mono >= RING_GAP_S:
            self._rang_mono = now_mono
            self.look_now()

    def watch_over(self) -> None:
        """Give up calls that hang, and hear what the coordinator says. To be called now and
        then; never blocks."""
        now = self._clock.now()
        heard = self._coordination.glance(self._config, self._clock)
        if heard != self._picture.coordinator:
            self._note(lambda picture: picture.with_coordinator(heard))
            self._on_news()
        for lane in self._lanes:
            calling = lane.calling
            if calling is None or now.since(calling[1]) <= self._timeout_s:
                continue
            self._note(lambda picture: picture.failing(f"no answer within {self._timeout_s:g} s"))
            if lane.given_up < MOST_GIVEN_UP:
                lane.given_up += 1
                lane.calling = None
                self._run(lane, skip=calling[0])

    def _run(self, lane: Lane, skip: str | None = None) -> None:
        lane.turn += 1
        args = (lane, lane.turn, skip)
        threading.Thread(target=self._read_on, args=args, daemon=True).start()

    def _read_on(self, lane: Lane, turn: int, skip: str | None) -> None:
        try:
            self._rounds(lane, turn, skip)
        except Exception as error:  # noqa: BLE001 - told on the screen's own thread
            self._on_crash(error)

    def _rounds(self, lane: Lane, turn: int, skip: str | None) -> None:
        store: Store | None = None
        keys: Sequence[str] = _after(lane.keys, skip)
        while not self._ended.is_set():
            for key in keys:
                store = store or self._opened()
                if store is not None:
                    self._read(store, lane, turn, key)
                if lane.turn != turn or self._ended.is_set():
                    return
            keys = lane.keys
            lane.wake.wait(LOOK_EVERY_S)
            lane.wake.clear()

    def _opened(self) -> Store | None:
        try:
            return self._open_store()
        except StoreError as error:
            why = str(error) or type(error).__name__
            self._note(lambda picture: picture.failing(why))
            return None

    def _read(self, store: Store, lane: Lane, turn: int, key: str) -> None:
        began = self._clock.now()
        lane.calling = (key, began)
        try:
            if key == layout.LEASE:
                self._read_lease(store, began)
            elif key == layout.STORE_CHECK:
                self._read_gate(store)
            else:
                self._read_report(store, key, began)
        except StoreError as error:
            why = str(error) or type(error).__name__
            self._note(lambda picture: picture.failing(why))
        finally:
            if lane.turn == turn:
                lane.calling = None
            else:
                lane.given_up -= 1

    def _read_lease(self, store: Store, began: Instant) -> None:
        known = self._picture.lease
        found = store.read(layout.LEASE)
        piece = self._piece(Lease, found, known)
        self._answered(began, lambda picture: picture.with_lease(piece))
        if known is None or known.seen.value is not piece.seen.value:
            self._on_news()
        self._read_history(store, piece.seen.value)

    def _read_gate(self, store: Store) -> None:
        """What doctor has found; the gate knows how often that is worth a look."""
        why = self._gate.why(store, self._config, self._clock)
        if why != self._picture.takeover_off:
            self._note(lambda picture: picture.with_takeover_off(why))
            self._on_news()

    def _read_history(self, store: Store, lease: Lease | None) -> None:
        known = self._picture.last_move
        epoch = 0 if lease is None else lease.epoch
        if epoch == 0 or (known and known.seen.value and known.seen.value.epoch == epoch):
            return
        piece = self._piece(History, store.read(layout.history_key(epoch)), known)
        self._note(lambda picture: picture.with_move(piece))
        if piece.seen.value is not None:
            self._on_news()

    def _read_report(self, store: Store, account: str, began: Instant) -> None:
        known = self._picture.reports.get(account)
        found = store.read(layout.session_key(account))
        piece = self._piece(Report, found, known)
        if piece.seen.value is not (known.seen.value if known else None):
            piece = Piece(own(account, piece.seen), piece.at, piece.data)
        self._answered(began, lambda picture: picture.with_report(account, piece))
        if known is None or known.data != piece.data:
            self._on_news()

    def _piece(self, kind: type[T], found: Found | None, known: Piece[T] | None) -> Piece[T]:
        now = self._clock.now()
        if found is None:
            return Piece(Seen(), now)
        if known is not None and known.data == found.data:
            # The same bytes mean the same: they needn't be read again.
            return Piece(Seen(known.seen.value, found.age_s, known.seen.error), now, found.data)
        try:
            seen = Seen(read_record(kind, found.data), found.age_s)
        except RecordUnreadable as error:
            seen = Seen(None, found.age_s, str(error))
        return Piece(seen, now, found.data)

    def _answered(self, began: Instant, change: Callable[[Picture], Picture]) -> None:
        now = self._clock.now()
        latency_s = now.mono - began.mono
        self._note(lambda picture: change(picture).answering(now, latency_s))

    def _note(self, change: Callable[[Picture], Picture]) -> None:
        with self._lock:
            self._picture = change(self._picture)


def _after(keys: tuple[str, ...], skip: str | None) -> tuple[str, ...]:
    """The keys behind the one that hung, so that it keeps no other from being read."""
    return keys if skip is None else keys[keys.index(skip) + 1 :]
