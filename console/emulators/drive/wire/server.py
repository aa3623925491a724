"""Sockets and threads: one thread for each connection, one write for each answer.

Closing ends open connections too, as a server that dies would.
"""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from console.emulators.drive.wire.messages import HttpRequest, Malformed, read_request

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What goes out for one request: all of an answer, a part of one, or nothing."""

    data: bytes
    hangs_up: bool = False


class Server(socketserver.ThreadingTCPServer):
    """Listens from the start; serves once `start` was called. Raises OSError for a taken port."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, front: Callable[[HttpRequest], Outgoing]) -> None:
        self.front = front
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((HOST, port), _Connection)
        self.url = f"http://{HOST}:{self.server_address[1]}"

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stop listening, and hang up on everybody."""
        ending = threading.Thread(target=self.shutdown)
        ending.start()
        # Who listens looks up when somebody calls, or twice a second.
        socket.create_connection(self.server_address).close()  # type: ignore[arg-type]  # IPv4
        ending.join()
        self.server_close()
        with self._lock:
            for connection in self._open:
                # A connection that has ended by itself meanwhile is no trouble.
                _hang_up(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)


class _Connection(socketserver.StreamRequestHandler):
    server: Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        try:
            while (request := read_request(self.rfile)) is not None:
                sent = self.server.front(request)
                self.connection.sendall(sent.data)
                if sent.hangs_up:
                    return
        except Malformed as error:
            text = f"{error}\n".encode("latin-1", "replace")
            head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(text)}\r\n"
            self._quietly(f"{head}Connection: close\r\n\r\n".encode() + text)
        except OSError:
            return  # whoever asked has hung up

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            return

    def _quietly(self, data: bytes) -> None:
        try:
            self.connection.sendall(data)
        except OSError:
            return


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
