"""A socket that carries messages and never makes its user wait: it buffers in both directions.

A stopped peer must not hold up whoever watches a deadline. What can't be sent at once is kept,
but a mere sign of life is dropped.
"""

from __future__ import annotations

import select
import socket
from contextlib import suppress

from sessionlib.guard.wire import MAX_LINE_BYTES, Garbled, GuardMessage, decode, encode

_READ_BYTES = 64 * 1024


class Channel:
    """Messages over one end of a socket pair. `closed` once the other end is gone."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        sock.set_inheritable(False)
        self._sock = sock
        self._out = bytearray()
        self._in = bytearray()
        self.closed = False

    def fileno(self) -> int:
        return self._sock.fileno()

    @property
    def mask(self) -> int:
        """What to poll for."""
        return select.POLLIN | (select.POLLOUT if self._out else 0)

    def send(self, message: GuardMessage) -> None:
        """Send now or as soon as the other end reads."""
        self._out += encode(message)
        self.flush()

    def offer(self, message: GuardMessage) -> None:
        """Send, unless the other end has stopped reading."""
        if not self._out:
            self.send(message)

    def flush(self) -> None:
        """Send what waits, as far as that is possible at once."""
        try:
            while self._out and not self.closed:
                del self._out[: self._sock.send(self._out)]
        except BlockingIOError:
            return
        except OSError:
            self.closed = True

    def receive(self) -> list[GuardMessage]:
        """All that has arrived, at once. Raises Garbled."""
        self._fill()
        *lines, rest = self._in.split(b"\n")
        if len(rest) > MAX_LINE_BYTES:
            raise Garbled(f"a line of more than {MAX_LINE_BYTES} bytes")
        self._in = rest
        return [decode(bytes(line)) for line in lines]

    def _fill(self) -> None:
        try:
            while not self.closed and len(self._in) <= MAX_LINE_BYTES:
                piece = self._sock.recv(_READ_BYTES)
                self.closed = not piece
                self._in += piece
        except BlockingIOError:
            return
        except OSError:
            self.closed = True

    def hang_up(self) -> None:
        """Send end-of-file; the other end may still speak."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.closed = True
        self._sock.close()
