"""Goal: a store that is slow, fails or never answers keeps nothing waiting but itself.

Method: a poller in its real threads, over stores that hang until the test lets
them go; the clock is the machine's, its time-out a short one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from console.fleet import takeover_gate
from console.fleet.cache import FleetCache
from console.fleet.readmodel import fleet_view
from console.tui import poller as poller_module
from console.tui.poller import MOST_GIVEN_UP, Poller
from sessionlib import layout
from sessionlib.clock import SystemClock, sleep
from sessionlib.config.schema import CoordinatorSettings, StoreSettings
from sessionlib.errors import Unreachable
from sessionlib.ports import Found
from sessionlib.records import encode
from sessionlib.signed.doctor_result import STORE_CHECKS, StoreCheck
from sessionlib.stores.memory import MemoryStore
from tests.coordinator.bells import ringing
from tests.tui.kit import GUARDED, config
from tests.unit.console.fleet_on_disk import SEED, moved, report, serving

CLOCK = SystemClock()


@dataclass
class Held:
    """A store whose reads of some keys wait to be let go, or fail."""

    inner: MemoryStore
    kind: str = "folder"
    held: set[str] = field(default_factory=set)
    failing: bool = False
    go: threading.Event = field(default_factory=threading.Event)
    reads: list[str] = field(default_factory=list)

    def read(self, key: str) -> Found | None:
        self.reads.append(key)
        if key in self.held:
            self.go.wait()
        if self.failing:
            raise Unreachable("not connected")
        return self.inner.read(key)


@pytest.fixture
def store() -> Held:
    inner = MemoryStore(CLOCK)
    inner.create(layout.LEASE, encode(GUARDED))
    for one in (serving("primary", 4), report("backup1"), report("backup2")):
        inner.put(layout.session_key(one.account), encode(one))
    inner.create(layout.history_key(4), encode(moved(4)))
    return Held(inner)


@dataclass
class Watch:
    poller: Poller
    news: threading.Event
    crashes: list[Exception]

    def until(self, holds: Callable[[FleetCache], object]) -> FleetCache:
        until_s = CLOCK.now().mono + 20.0
        while not holds(picture := self.poller.cache()):
            assert CLOCK.now().mono < until_s, picture
            self.poller.replace_hung_reads()
            sleep(0.01)
        return picture


@pytest.fixture
def watch(store: Held, monkeypatch: pytest.MonkeyPatch) -> Watch:
    monkeypatch.setattr(poller_module, "LOOK_EVERY_S", 0.02)
    news, crashes = threading.Event(), list[Exception]()
    poller = Poller(config(), lambda: store, CLOCK, news.set, crashes.append)  # type: ignore[arg-type, return-value]  # it only reads
    poller._timeout_s = 0.2
    return Watch(poller, news, crashes)


def test_everything_is_read_and_told_once(watch: Watch, store: Held) -> None:
    watch.poller.start()
    picture = watch.until(lambda seen: len(seen.reports) == 3 and seen.last_move)
    watch.until(lambda _: len(store.reads) > 30)
    watch.news.clear()
    reads = len(store.reads)
    watch.until(lambda _: len(store.reads) > reads + 20)
    assert not watch.news.is_set(), "what hasn't changed is no news"
    assert store.reads.count(layout.history_key(4)) == 1
    snapshot = picture.snapshot_at(CLOCK.now())
    assert snapshot.reachable
    assert snapshot.lease.value == GUARDED
    assert snapshot.last_move.value == moved(4)
    store.inner.put(layout.session_key("backup1"), encode(report("backup1", beat=4)))
    watch.until(lambda _: watch.news.is_set())
    watch.poller.stop()


def test_why_no_session_takes_over_by_itself_is_known_on_drive(
    watch: Watch, store: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeover_gate, "EVERY_S", 0.0)
    ids = {path: f"id-of-{number:02}-of-all" for number, path in enumerate(layout.DRIVE_PATHS)}
    place = StoreSettings(kind="drive", folder_id="id-of-the-folder", ids=ids)
    on_drive = config().model_copy(update={"store": place})
    poller = Poller(on_drive, lambda: store, CLOCK, watch.news.set, watch.crashes.append)  # type: ignore[arg-type, return-value]  # it only reads
    told = Watch(poller, watch.news, watch.crashes)
    poller.start()
    picture = told.until(lambda seen: seen.store_unproven and seen.lease)
    said = fleet_view(on_drive, picture.snapshot_at(CLOCK.now())).troubles
    assert any("doctor was never run" in text for text in said)
    found = StoreCheck(
        "my-fleet", place.folder_id or "", ids[layout.LEASE], 1.0, True, (), 200, "op"
    )
    store.inner.create(layout.STORE_CHECK, STORE_CHECKS.encode(STORE_CHECKS.sign(found, SEED)))
    told.until(lambda seen: seen.store_unproven is None)
    poller.stop()
    assert watch.crashes == []


def test_one_key_that_hangs_keeps_no_other_waiting(watch: Watch, store: Held) -> None:
    store.held = {layout.session_key("primary")}
    watch.poller.start()
    picture = watch.until(lambda seen: len(seen.reports) == 2 and seen.lease)
    assert set(picture.reports) == {"backup1", "backup2"}
    reads = len(store.reads)
    watch.until(lambda _: len(store.reads) > reads + 20)
    store.held = set()
    store.go.set()
    watch.until(lambda seen: "primary" in seen.reports)
    watch.poller.stop()


def test_threads_that_hang_are_few_and_the_store_counts_as_away(watch: Watch, store: Held) -> None:
    store.held = {layout.LEASE, *(layout.session_key(name) for name in config().accounts)}
    before = threading.active_count()
    watch.poller.start()
    picture = watch.until(lambda seen: seen.last_error)
    assert picture.last_error == "no answer within 0.2 s"
    assert not picture.snapshot_at(CLOCK.now()).reachable
    until_s = CLOCK.now().mono + 3.0
    while CLOCK.now().mono < until_s:
        watch.poller.replace_hung_reads()
        sleep(0.02)
    assert threading.active_count() - before <= 4 * (MOST_GIVEN_UP + 1)
    store.held = set()
    store.go.set()
    watch.until(lambda seen: len(seen.reports) == 3 and seen.snapshot_at(CLOCK.now()).reachable)
    watch.poller.stop()
    watch.until(lambda _: threading.active_count() <= before)


def test_a_store_that_fails_is_told_and_tried_again(watch: Watch, store: Held) -> None:
    watch.poller.start()
    watch.until(lambda seen: len(seen.reports) == 3 and seen.lease)
    store.failing = True
    picture = watch.until(lambda seen: seen.last_error)
    assert picture.last_error == "not connected"
    assert len(picture.reports) == 3, "what was known is kept"
    store.failing = False
    watch.until(lambda seen: not seen.last_error)
    watch.poller.stop()


def test_a_mistake_of_the_programs_own_is_told(watch: Watch, store: Held) -> None:
    store.inner = None  # type: ignore[assignment]  # a mistake
    watch.poller.start()
    watch.until(lambda _: watch.crashes)
    assert isinstance(watch.crashes[0], AttributeError)
    watch.poller.stop()


def test_torn_and_foreign_records_are_pieces_of_their_own(watch: Watch, store: Held) -> None:
    store.inner.put(layout.session_key("backup1"), b"{")
    store.inner.put(layout.session_key("backup2"), encode(report("primary")))
    watch.poller.start()
    picture = watch.until(lambda seen: len(seen.reports) == 3)
    reports = picture.snapshot_at(CLOCK.now()).reports
    assert reports["primary"].value is not None
    assert reports["backup1"].error is not None
    assert reports["backup2"].error == "is primary's report under another name"
    watch.poller.stop()


def test_the_coordinators_word_is_heard_and_its_bell_has_the_store_looked_at(
    watch: Watch, store: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller_module, "LOOK_EVERY_S", 600.0)
    monkeypatch.setenv("COLABVPS_COORDINATOR_TOKEN", "t")
    with ringing() as bell:
        coordinated = CoordinatorSettings(url=bell.url)
        with_one = config().model_copy(update={"coordinator": coordinated})
        poller = Poller(with_one, lambda: store, CLOCK, watch.news.set, watch.crashes.append)  # type: ignore[arg-type, return-value]  # it only reads
        told = Watch(poller, watch.news, watch.crashes)
        poller.start()
        assert bell.heard.wait(10)
        told.until(lambda seen: len(seen.reports) == 3 and seen.last_move)

        def word(_: FleetCache) -> bool:
            poller.replace_hung_reads()
            heard = poller.cache().coordinator
            return heard is not None and heard.reachable is True

        told.until(word)
        # What rings when the stream opens is over.
        sleep(0.5)
        reads = len(store.reads)
        bell.rung.set()
        told.until(lambda _: len(store.reads) > reads)
        poller.stop()
    assert watch.crashes == []
