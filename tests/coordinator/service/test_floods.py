"""Goal: limits hold against those who come all at once, or never end.

Method: raw sockets, for no client of ours would do it.
"""

from __future__ import annotations

import socket
from collections import Counter
from contextlib import ExitStack
from urllib.parse import urlsplit

import psutil

from coordinator.settings import ServiceSettings
from tests.coordinator.service.kit import WITHIN_S, Served

MB = 1_000_000


def connected(served: Served, account: str, request: str) -> socket.socket:
    """A connection on which a request has begun, its headers not ended yet."""
    place = urlsplit(served.url)
    assert place.hostname is not None
    connection = socket.create_connection((place.hostname, place.port or 0), WITHIN_S)
    head = f"{request} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {served.token(account)}\r\n"
    connection.sendall(head.encode())
    return connection


def test_streams_asked_for_at_once_are_no_more_than_may_be(served: Served) -> None:
    with ExitStack() as stack:
        many = [
            stack.enter_context(connected(served, "backup1", "GET /api/events")) for _ in range(60)
        ]
        for connection in many:
            connection.sendall(b"\r\n")
        answers = Counter(connection.recv(12) for connection in many)
    allowed = ServiceSettings().streams_per_token
    assert answers == {b"HTTP/1.1 200": allowed, b"HTTP/1.1 429": 60 - allowed}


def test_headers_that_follow_a_body_are_bounded_as_those_before_it(served: Served) -> None:
    assert served.process is not None
    process = psutil.Process(served.process.pid)
    before = process.memory_info().rss
    with connected(served, "backup1", "POST /api/worker/heartbeat") as connection:
        connection.sendall(b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n")
        sent = 0
        line = b"x-more: " + b"a" * 9_000 + b"\r\n"
        try:
            while sent < 60 * MB:
                connection.sendall(line)
                sent += len(line)
        except OSError:
            pass  # cut off, as it should be
    assert sent < 60 * MB
    assert process.memory_info().rss - before < 20 * MB
    assert served.get("/healthz").status_code == 200
