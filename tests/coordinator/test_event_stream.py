"""The doorbell's stream, as a real server on this machine sends it.

Goal: every event rings, a stream that ends is taken up where it ended, and nothing that a
server sends makes more of it than a ring. Method: a small server of our own, so that it can
misbehave.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue

import pytest

from sessionlib.coordinator.client import CoordinatorClient
from sessionlib.coordinator.event_stream import (
    FIRST_PAUSE_S,
    MAX_PAUSE_S,
    EventListener,
    event_ids,
    pause_s,
)

WITHIN_S = 20.0


class Coordinator(ThreadingHTTPServer):
    """Answers each request for events with the next of `streams`, and ends the stream there."""

    daemon_threads = True

    def __init__(self, *streams: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.streams = list(streams)
        self.asked: SimpleQueue[str | None] = SimpleQueue()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Coordinator

    def do_GET(self) -> None:
        self.server.asked.put(self.headers.get("last-event-id"))
        text = self.server.streams.pop(0) if self.server.streams else ""
        self.send_response(200 if text else 503)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_args: object) -> None:
        """A test's output is its own."""


@pytest.fixture
def server() -> Iterator[Coordinator]:
    server = Coordinator("id: 7\ndata: {}\n\n", ": alive\n\nid: 9\ndata: x\n\ndata: y\n\n")
    yield server
    server.shutdown()
    server.server_close()


def test_each_event_rings_and_a_stream_is_taken_up_where_it_ended(server: Coordinator) -> None:
    rings: SimpleQueue[None] = SimpleQueue()
    listener = EventListener(CoordinatorClient(server.url), lambda: rings.put(None))
    listener.start()
    try:
        asked = [server.asked.get(timeout=WITHIN_S) for _ in range(3)]
    finally:
        listener.close()
    assert asked == [None, "7", "9"]
    # One for each of two streams that were opened, and three events.
    for _ in range(5):
        rings.get(timeout=WITHIN_S)
    with pytest.raises(Empty):
        rings.get_nowait()


@pytest.mark.parametrize("said", ["\u00e91", " 7", "7 "])
def test_an_id_that_no_header_can_hold_costs_neither_the_bell_nor_a_failure(said: str) -> None:
    server = Coordinator(f"id: {said}\ndata: {{}}\n\n", "id: 8\ndata: {}\n\n")
    listener = EventListener(CoordinatorClient(server.url), lambda: None)
    listener.start()
    try:
        asked = [server.asked.get(timeout=WITHIN_S) for _ in range(3)]
    finally:
        listener.close()
        server.shutdown()
        server.server_close()
    assert asked == [None, None, "8"]


def test_a_fault_of_ours_is_told_once_and_the_bell_is_followed_on(server: Coordinator) -> None:
    told: SimpleQueue[str] = SimpleQueue()

    class Faulty(CoordinatorClient):
        faults = 2

        @contextmanager
        def events(self, last_id: str | None) -> Iterator[Iterator[str]]:
            if last_id is not None and self.faults:
                self.faults -= 1
                raise KeyError("planted")
            with super().events(last_id) as lines:
                yield lines

    listener = EventListener(Faulty(server.url), lambda: None, told.put)
    listener.start()
    try:
        asked = [server.asked.get(timeout=WITHIN_S) for _ in range(3)]
    finally:
        listener.close()
    assert asked == [None, None, None]
    assert "(KeyError: 'planted')" in told.get(timeout=WITHIN_S)
    with pytest.raises(Empty):
        told.get_nowait()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("id: 1\ndata: a\n\nid: 2\nevent: x\ndata: b\ndata: c\n\n", ["1", "2"]),
        ("data: a\n\n", ["0"]),
        (": comment\n\n\n\n", []),
        ("id: 3\n\ndata: a\n\n", ["3"]),
        ("id: " + "9" * 300 + "\ndata: a\n\n", ["0"]),
        ("id: a\x01b\ndata: a\n\n", ["0"]),
        ("id: \u00e91\ndata: a\n\n", ["0"]),
        ("id:  4\ndata: a\n\n", ["0"]),
        ("id: 4 \ndata: a\n\n", ["0"]),
        ("id:4\ndata: a\n\n", ["4"]),
        ("data: never ended\n", []),
    ],
)
def test_a_stream_is_read_as_the_standard_has_it(text: str, ids: list[str]) -> None:
    assert list(event_ids(text.splitlines(), "0")) == ids


def test_a_coordinator_that_is_gone_is_asked_more_and_more_rarely() -> None:
    pauses = [pause_s(failures, 0.5) for failures in range(12)]
    assert pauses == sorted(pauses)
    assert pauses[0] <= FIRST_PAUSE_S
    assert pauses[-1] <= MAX_PAUSE_S
    assert pause_s(3, 0.0) < pause_s(3, 0.9)
