"""A coordinator that does nothing but ring, when a test says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Bell(ThreadingHTTPServer):
    """Takes what it is told, and sends an event to whoever listens each time it is rung."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.rung = threading.Event()
        self.heard = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Door(BaseHTTPRequestHandler):
    server: Bell

    def do_GET(self) -> None:
        if self.path != "/api/events":
            self._answer()
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b": here\n\n")
        self.server.heard.set()
        self.server.rung.wait()
        self.wfile.write(b"id: 1\ndata: {}\n\n")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._answer()

    def _answer(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_args: object) -> None:
        """A test's output is its own."""


@contextmanager
def ringing() -> Iterator[Bell]:
    """A bell for as long as the block lasts."""
    bell = Bell()
    try:
        yield bell
    finally:
        bell.rung.set()
        bell.shutdown()
        bell.server_close()
