"""What Prometheus is told.

Accounts are those with a token, and routes those of the policy: no client can make them more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from coordinator.event_broadcast import EventBroadcast
from coordinator.settings import ServiceSettings
from coordinator.state import EndedMove, EndedMoveKind
from coordinator.view import ViewContext, left_s, primary_of
from coordinator.writer import StateWriter
from sessionlib.clock import Clock

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_DOWN_S = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 180, 300, 600, 1_800)
_TOOK_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """All figures of one process."""

    def __init__(
        self,
        writer: StateWriter,
        broadcast: EventBroadcast,
        settings: ServiceSettings,
        clock: Clock,
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "colabvps_requests",
            "Requests answered",
            ["route", "method", "status"],
            registry=self._registry,
        )
        self._took = Histogram(
            "colabvps_request_seconds",
            "How long an answer took",
            ["route"],
            buckets=_TOOK_S,
            registry=self._registry,
        )
        self._moves = Counter(
            "colabvps_moves",
            "Moves that have ended, by how the work moved",
            ["kind"],
            registry=self._registry,
        )
        self._downtime = Histogram(
            "colabvps_downtime_seconds",
            "How long nobody served in a move",
            ["kind"],
            buckets=_DOWN_S,
            registry=self._registry,
        )
        for kind in EndedMoveKind:
            self._moves.labels(kind.value)
            self._downtime.labels(kind.value)
        # What `labels` finds, kept: it would be looked up for every request.
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._timers: dict[str, Histogram] = {}
        self._registry.register(_StateCollector(writer, broadcast, settings, clock))
        writer.subscribe(self._record_moves)

    def count_answer(self, route: str, method: str, status: int, took_s: float | None) -> None:
        """Count a request; without a time for one that isn't meant to end."""
        method = method if method in _METHODS else "other"
        counter = self._counters.get((route, method, status))
        if counter is None:
            counter = self._requests.labels(route, method, str(status))
            self._counters[route, method, status] = counter
        counter.inc()
        if took_s is None:
            return
        timer = self._timers.get(route)
        if timer is None:
            timer = self._timers[route] = self._took.labels(route)
        timer.observe(took_s)

    def render(self) -> bytes:
        """All of it, as it is scraped."""
        return generate_latest(self._registry)

    def _record_moves(self, moves: list[EndedMove]) -> None:
        for move in moves:
            self._moves.labels(move.kind.value).inc()
            if move.downtime_s is not None:
                self._downtime.labels(move.kind.value).observe(move.downtime_s)


class _StateCollector(Collector):
    """What is looked up when it is asked for."""

    def __init__(
        self,
        writer: StateWriter,
        broadcast: EventBroadcast,
        settings: ServiceSettings,
        clock: Clock,
    ) -> None:
        self._writer = writer
        self._broadcast = broadcast
        self._settings = settings
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        state = self._writer.state
        at = ViewContext(self._clock.now(), self._settings.silence_s)
        has_primary = primary_of(state, at) is not None
        yield _gauge("colabvps_up", "1 while there is a primary that is heard of", has_primary)
        yield _gauge("colabvps_epoch", "The highest epoch known", state.fence.epoch)
        is_well = self._writer.trouble is None
        yield _gauge("colabvps_database_up", "1 while the database can be used", is_well)
        yield _gauge("colabvps_streams", "Open streams of events", self._broadcast.open_count())
        expiry = GaugeMetricFamily(
            "colabvps_session_expiry_seconds", "What a session has left", labels=["account"]
        )
        age = GaugeMetricFamily(
            "colabvps_heartbeat_age_seconds", "Since the last heartbeat", labels=["account"]
        )
        for account in sorted(self._writer.token_index.accounts() & state.sessions.keys()):
            session = state.sessions[account]
            expiry.add_metric([account], left_s(session, at.now))
            age.add_metric([account], session.age_s(at.now))
        yield expiry
        yield age


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=float(value))
