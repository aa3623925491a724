"""What a connection may cost before there is a request: bytes of headers, seconds, their number.

uvicorn bounds none of these. What is over a bound is cut off: nobody is known yet who could be
told more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from coordinator.settings import ServiceSettings

_BODY = b'{"error":"too_large","message":"headers are too large"}'
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_BODY), _BODY)
)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's connection, with bounds. `bounded_protocol` sets `settings`."""

    settings: ServiceSettings
    waits_since_s: float | None = None
    """Since when a request has been arriving, by the loop's clock; None while none is."""
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self.waits_since_s = self.loop.time()
        if len(self.connections) > self.settings.max_connections:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._head_bytes += len(data)
        super().data_received(data)
        # A body's first bytes may have come along; twice the bound is no matter.
        if self._head_bytes > 2 * self.settings.max_header_bytes:
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        self.waits_since_s = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_bytes = _NOT_COUNTED
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        # What follows the last piece of a body is kept like headers; a piece stops the count.
        self._head_bytes = 0

    def on_body(self, body: bytes) -> None:
        self._head_bytes = _NOT_COUNTED
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.waits_since_s = None
        self._head_bytes = 0
        super().on_message_complete()


_NOT_COUNTED = -(2**62)


def bounded_protocol(settings: ServiceSettings) -> type[BoundedProtocol]:
    """The class of connections under these bounds."""
    return type("Bounded", (BoundedProtocol,), {"settings": settings})


async def close_slow_connections(connections: Iterable[Any], settings: ServiceSettings) -> None:
    """Cut off, now and again, every connection whose request takes too long to arrive."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(min(1.0, settings.arrival_s / 2))
        latest_s = loop.time() - settings.arrival_s
        for connection in list(connections):
            since_s = connection.waits_since_s
            if since_s is not None and since_s < latest_s:
                connection.transport.abort()
