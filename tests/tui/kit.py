"""What the tests of the screen share: a clock that stands still, pictures of fleets, and an
app that nothing drives but the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from textual import _wait
from textual.pilot import Pilot

from console.fleet.cache import Cached, FleetCache
from console.fleet.fleet import Fleet
from console.fleet.readmodel import FleetView, fleet_view
from console.fleet.snapshot import Reading, Snapshot
from console.orders.screen_orders import OrderService
from console.tui.app import ConsoleApp
from sessionlib import layout
from sessionlib.config import Config
from sessionlib.config_loading import parse
from sessionlib.core.messages import History, Order, PublishedCheckpoint, Report, WorkState
from sessionlib.core.values import Instant, Lease, Plan, PlanPhase, Pointer, Readiness
from sessionlib.records import decode, encode
from sessionlib.stores.memory import MemoryStore
from tests.unit.console.fleet_on_disk import CONFIG, LEASE, moved, report, serving

# How long nothing may have been computed until the app counts as idle: after each key, and each
# pause. Textual's own 20 ms made up most of the time that tests of the screen took.
_wait.SLEEP_GRANULARITY = 0.005
_wait.SLEEP_IDLE = _wait.SLEEP_GRANULARITY / 20

WALL = 1_764_000_000.0
POINTER = Pointer(4, 17, "4-17-abc", 1_234_567_890)
COPIED = PublishedCheckpoint(
    "4-17-abc", 60.0, 1_234_567_890, 5_000_000, 2.5, "3 blobs, sizes and hashes confirmed"
)
GUARDED = replace(LEASE, checkpoint=POINTER, session="s-primary")


@dataclass
class StillClock:
    """Shows what the test sets it to."""

    s: float = 1_000.0

    def now(self) -> Instant:
        return Instant(self.s, self.s, WALL + self.s)

    def on(self, by_s: float) -> None:
        self.s += by_s


@dataclass
class Scene:
    """A fleet as it was read `read_s` ago, by default just now."""

    lease: Reading[Lease] = field(default_factory=lambda: Reading(GUARDED, 3.0))
    reports: Mapping[str, Reading[Report]] = field(default_factory=dict)
    last_move: Reading[History] = field(default_factory=Reading)
    failed: str | None = None
    answered: bool = True
    latency_s: float = 0.002
    read_s: float = 0.0

    def picture(self, clock: StillClock) -> FleetCache:
        now = StillClock(clock.s - self.read_s).now()
        return FleetCache(
            kind="folder",
            started_at=now,
            timeout_s=8.0,
            latency_s=self.latency_s,
            answered_at=now if self.answered else None,
            last_error=self.failed,
            lease=Cached(self.lease, now) if self.answered else None,
            reports={name: Cached(seen, now) for name, seen in self.reports.items()},
            last_move=Cached(self.last_move, now),
        )


def at_work(**changes: Any) -> dict[str, Reading[Report]]:
    """The reports of a fleet whose primary serves and whose standbys are ready."""
    reports = {
        "primary": Reading(
            replace(
                serving("primary", 4),
                copied=COPIED,
                remaining_s=22_364.0,
                phase="Active",
                progress="epoch 12 of 40",
            ),
            2.0,
        ),
        "backup1": Reading(report("backup1", remaining_s=41_000.0), 5.0),
        "backup2": Reading(report("backup2", readiness=Readiness.COLD), 9.0),
    }
    return reports | changes


def calm() -> Scene:
    return Scene(reports=at_work(), last_move=Reading(moved(4, to="primary")))


def moving(
    phase: PlanPhase = PlanPhase.WARMING, *, approved: bool = True, left_s: float | None = 581.0
) -> Scene:
    """A move under way, its T-0 so far ahead."""
    plan = Plan("o1", "backup1", phase, "its session is ending", left_s=left_s, approved=approved)
    primary = replace(serving("primary", 4), copied=COPIED, remaining_s=581.0, latest_safe_s=312.0)
    warming = report(
        "backup1", readiness=Readiness.WARMING, preparing="fetching the checkpoint, 62 %"
    )
    return Scene(
        lease=Reading(replace(GUARDED, plan=plan), 3.0),
        reports=at_work(primary=Reading(primary, 2.0), backup1=Reading(warming, 1.0)),
    )


def asking() -> Scene:
    return moving(PlanPhase.NOTIFIED, approved=False, left_s=1_500.0)


def lost() -> Scene:
    """The primary is silent, its lease is over, and nobody has claimed yet."""
    return Scene(
        lease=Reading(GUARDED, 75.0),
        reports=at_work(primary=Reading(replace(serving("primary", 4), copied=COPIED), 75.0)),
    )


def away() -> Scene:
    return Scene(reports=at_work(), failed="[Errno 107] not connected", read_s=12.0)


def empty() -> Scene:
    return Scene(lease=Reading(Lease(0, None, None, None, 0, "n", 60.0, FREE), 3.0))


FREE = GUARDED.state.__class__("free")

HOSTILE = "\x1b]0;owned\x07\x1b[2J[/nope] [bold red]loud[/] \u202egnp"


def hostile() -> Scene:
    words = replace(
        serving("primary", 4), alarm=HOSTILE, progress=HOSTILE, tasks=(HOSTILE,), url=HOSTILE
    )
    ready = report("backup1", preparing=HOSTILE, alarm=HOSTILE)
    return Scene(reports=at_work(primary=Reading(words, 2.0), backup1=Reading(ready, 1.0)))


def paused() -> Scene:
    return Scene(lease=Reading(replace(GUARDED, paused=True), 3.0), reports=at_work())


SCENES = {
    "calm": calm,
    "moving": moving,
    "asking": asking,
    "lost": lost,
    "away": away,
    "paused": paused,
    "empty": empty,
    "hostile": hostile,
}


def config(text: str = CONFIG) -> Config:
    return parse(text, Path("accounts.yaml"))


@dataclass
class Bench:
    """An app with its clock and its store."""

    app: ConsoleApp
    pilot: Pilot[None]
    clock: StillClock
    store: MemoryStore

    async def show(self, scene: Scene, *, later_s: float = 0.0) -> None:
        """Another look has shown this."""
        self.clock.on(later_s)
        self.app.cache = scene.picture(self.clock)
        self.app.refresh_view()
        await self.pilot.pause()

    def store_scene(self, scene: Scene) -> None:
        """Let the store hold what the scene shows, as old as it is there."""
        now = self.clock.s
        self.clock.s = now - (scene.lease.age_s or 0.0)
        lease = scene.lease.value
        assert lease is not None
        found = self.store.read(layout.LEASE)
        if found is None:
            self.store.create(layout.LEASE, encode(lease))
        else:
            self.store.replace(layout.LEASE, encode(lease), found.version)
        for account, seen in scene.reports.items():
            self.clock.s = now - (seen.age_s or 0.0)
            if seen.value is not None:
                self.store.put(layout.session_key(account), encode(seen.value))
        self.clock.s = now

    async def pass_s(self, by_s: float) -> None:
        """Time passes, and nothing is read."""
        self.clock.on(by_s)
        self.app.tick()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    def text(self) -> str:
        """What the terminal would show, line by line."""
        return "\n".join(line.rstrip() for line in text_of(self.app))

    def events(self) -> list[str]:
        return [logged.event.text for logged in self.app.fleet.logged]

    def orders(self) -> list[Order]:
        found = []
        for key in self.store.list(layout.ORDERS):
            record = self.store.read(key)
            assert record is not None
            found.append(decode(Order, record.data))
        return found


@asynccontextmanager
async def console(
    scene: Scene | None = None,
    *,
    size: tuple[int, int] = (80, 24),
    read_only: bool = False,
    theme: str | None = None,
    text: str = CONFIG,
) -> AsyncIterator[Bench]:
    """The console on a screen that isn't there."""
    clock = StillClock()
    store = MemoryStore(clock)
    service = OrderService(Fleet(config(text), store, clock), read_only)
    app = ConsoleApp(service, lambda: store, live=False)
    if theme is not None:
        app.theme = theme
    async with app.run_test(size=size) as pilot:
        bench = Bench(app, pilot, clock, store)
        if scene is not None:
            await bench.show(scene)
        await pilot.pause()
        yield bench


def text_of(app: ConsoleApp) -> list[str]:
    """The screen's lines."""
    return ["".join(segment.text for segment in strip) for strip in strips_of(app)]


def strips_of(app: ConsoleApp) -> list[Any]:
    # Private, but the only place where what would be sent can be had without an SVG around it.
    return list(app.screen._compositor.render_strips())


__all__ = ["SCENES", "Bench", "Scene", "StillClock", "WorkState", "console"]


def snapshot(scene: Scene, later_s: float = 0.0) -> Snapshot:
    clock = StillClock()
    picture = scene.picture(clock)
    clock.on(later_s)
    return picture.snapshot_at(clock.now())


def view(scene: Scene, later_s: float = 0.0) -> FleetView:
    return fleet_view(config(), snapshot(scene, later_s))
