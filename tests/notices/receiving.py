"""Services that take notices, or don't, on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "notice-token-" + "5a" * 8


class Receiver(ThreadingHTTPServer):
    """Keeps what it gets, answers `status`, and only once `go` is set."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.status = status
        self.got: list[dict[str, Any]] = []
        self.go = threading.Event()
        self.go.set()

    @property
    def url(self) -> str:
        """As apprise has it, with a token that nobody may see."""
        return f"json://user:{TOKEN}@127.0.0.1:{self.server_port}/{TOKEN}"

    @property
    def titles(self) -> list[str]:
        return [str(notice["title"]) for notice in self.got]


class _Door(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.got.append(body)
        self.server.go.wait()
        # Who has asked may have been ended meanwhile.
        with suppress(OSError):
            self.send_response(self.server.status)
            self.send_header("content-length", str(len(TOKEN)))
            self.end_headers()
            self.wfile.write(TOKEN.encode())

    def log_message(self, *_args: object) -> None:
        """A test's output is its own."""


@contextmanager
def receiving(status: int = 200) -> Iterator[Receiver]:
    """A receiver for as long as the block lasts."""
    receiver = Receiver(status)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.go.set()
        receiver.shutdown()
        receiver.server_close()
