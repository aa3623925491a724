"""A request as it was read, and an answer as it will be written: HTTP/1.1 of a Drive client.

It is parsed by hand: the library's own parser takes longer than all the rest of a request.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from io import BufferedIOBase
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sessionlib.clock import Clock

MAX_LINE_BYTES = 64 * 1024
MAX_HEADERS = 100
MAX_BODY_BYTES = 512 * 1024 * 1024
JSON_TYPE = "application/json; charset=UTF-8"


class Malformed(Exception):
    """The bytes are no request that can be answered."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request. Header names are in lower case; `query` keeps what was repeated."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    body: bytes = b""

    def params(self) -> dict[str, str]:
        return dict(self.query)

    def form(self) -> dict[str, str]:
        """The fields of a form in the body."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def with_headers(self, **headers: str) -> HttpResponse:
        """The same with more headers; `_` in a name stands for `-`."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **more})


def json_response(body: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, json.dumps(body).encode(), {"content-type": JSON_TYPE})


def read_request(stream: BufferedIOBase) -> HttpRequest | None:
    """The next request; None at the connection's end. Raises Malformed."""
    line = _line(stream)
    if not line:
        return None
    words = line.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise Malformed(f"no request line: {line:.80}")
    headers = _headers(stream)
    if "transfer-encoding" in headers:
        raise Malformed("a body without a length")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit() and int(length) <= MAX_BODY_BYTES):
        raise Malformed(f"a body of length {length:.20}")
    body = stream.read(int(length)) if length != "0" else b""
    if len(body) < int(length):
        return None  # hung up half-way: it never arrived
    parts = urlsplit(words[1])
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return HttpRequest(words[0], unquote(parts.path), query, headers, body)


def _headers(stream: BufferedIOBase) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = _line(stream)
        if not line:
            return headers
        name, colon, value = line.partition(":")
        if not colon:
            raise Malformed(f"no header: {line:.80}")
        headers[name.strip().lower()] = value.strip()
    raise Malformed("too many headers")


def _line(stream: BufferedIOBase) -> str:
    line = stream.readline(MAX_LINE_BYTES + 1)
    if len(line) > MAX_LINE_BYTES:
        raise Malformed("a line without end")
    return line.decode("latin-1").rstrip("\r\n")


def encode_response(answer: HttpResponse, clock: Clock) -> bytes:
    """The answer as bytes, to be written at once."""
    reason = http.client.responses.get(answer.status, "Resume Incomplete")
    head = [
        f"HTTP/1.1 {answer.status} {reason}",
        f"Date: {formatdate(clock.now().wall, usegmt=True)}",
        f"Content-Length: {len(answer.body)}",
        *(f"{name.title()}: {value}" for name, value in answer.headers.items()),
    ]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + answer.body
