"""HTTP that sends each request once."""

# On a dropped connection httplib2 resends by itself: a conditional write that has won is then
# answered 412, and an insert happens twice. It also follows redirects with the token in hand.
# Here a request leaves at most once, every wait ends with the caller's time, and a redirection
# of Google's hosts leads to this machine only.

from __future__ import annotations

import http.client
import ipaddress
import select
import socket
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httplib2

from sessionlib.errors import ConfigError
from sessionlib.stores.drive.responses import NoResponse, NotSent

HOSTS = frozenset(
    {
        "www.googleapis.com",
        "oauth2.googleapis.com",
        "content.googleapis.com",
        "accounts.google.com",
    }
)
MAX_ANSWER_BYTES = 256 * 1024 * 1024


class OnceHttp(httplib2.Http):  # type: ignore[misc]  # httplib2 has no types
    """One thread's connections. `left_s` is asked for the caller's time before each request."""

    def __init__(self, left_s: Callable[[], float], *, proxied: bool = True) -> None:
        if proxied:
            super().__init__(timeout=None)
        else:
            super().__init__(timeout=None, proxy_info=None)
        self.follow_redirects = False
        self._left_s = left_s

    def _conn_request(
        self, conn: Any, request_uri: str, method: str, body: Any, headers: Any
    ) -> tuple[Any, bytes]:
        """In place of httplib2's own, which tries several times."""
        self._connect(conn)
        try:
            conn.request(method, request_uri, body, headers)
            answer = conn.getresponse()
            content = b"" if method == "HEAD" else answer.read()
        except (OSError, http.client.HTTPException) as error:
            conn.close()
            raise NoResponse(
                f"the connection broke before an answer came ({_said(error)})"
            ) from error
        response = httplib2.Response(answer)
        return response, _unpacked(response, content)

    def _connect(self, conn: Any) -> None:
        left_s = self._left_s()
        if left_s <= 0:
            raise NotSent("no time was left to ask Drive")
        conn.timeout = left_s
        try:
            if conn.sock is not None and _was_closed(conn.sock):
                # Kept open from the last request, and closed by the server since.
                conn.close()
            if conn.sock is None:
                conn.connect()
            else:
                conn.sock.settimeout(left_s)
        except (OSError, http.client.HTTPException, httplib2.HttpLib2Error) as error:
            conn.close()
            raise NotSent(f"Drive can't be reached ({_said(error)})") from error


def _was_closed(sock: socket.socket) -> bool:
    """An idle connection has nothing to read unless it is at its end."""
    try:
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))
    except (OSError, ValueError):
        return True


def _unpacked(response: Any, content: bytes) -> bytes:
    """The body as it was before it was compressed. Raises Lost."""
    if response.get("content-encoding") not in {"gzip", "deflate"}:
        return content
    try:
        # 32 more than a window's size has zlib tell gzip from deflate by itself.
        unpacked = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(content, MAX_ANSWER_BYTES)
    except zlib.error as error:
        raise NoResponse(f"the answer can't be unpacked ({error})") from error
    response["content-length"] = str(len(unpacked))
    del response["content-encoding"]
    return unpacked


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__


def checked_base(text: str) -> str:
    """The address of an emulator, `http://127.0.0.1:port`. Raises ConfigError for any other."""
    parts = urlsplit(text)
    try:
        here = parts.hostname is not None and ipaddress.ip_address(parts.hostname).is_loopback
        here = here and parts.scheme == "http" and parts.port is not None
    except ValueError:
        here = False
    if not here or parts.path.strip("/") or parts.query or parts.username is not None:
        raise ConfigError(
            [f'"{text:.80}" is no emulator on this machine: write it as http://127.0.0.1:8080']
        )
    return f"http://{parts.netloc}"


def redirected(uri: str, base: str | None) -> str:
    """Where a request for `uri` goes while Google's hosts are emulated at `base`."""
    if base is None:
        return uri
    parts, target = urlsplit(uri), urlsplit(base)
    if parts.hostname in HOSTS:
        return urlunsplit((target.scheme, target.netloc, parts.path, parts.query, ""))
    if parts.netloc == target.netloc:
        return uri
    raise NotSent(f"{parts.hostname} is not asked while an emulator stands for Drive")
