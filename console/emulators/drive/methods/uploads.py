"""Contents on their way in: in one request, beside the metadata, or piece by piece."""

# Pieces but the last are multiples of 256 KiB. After a drop an upload tells how far it has come.
# Its conditions are checked when it begins: so `If-Match` and the write are two moments.

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from console.emulators.drive.contents.item import PLAIN_TYPE, DriveItem
from console.emulators.drive.discovery.document import Method
from console.emulators.drive.methods.call import Call, Quirks, Upload
from console.emulators.drive.methods.errors import Refusal, bad_request
from console.emulators.drive.wire.messages import HttpRequest, HttpResponse

PIECE_BYTES = 256 * 1024

_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass(slots=True)
class ResumableUpload:
    """One resumable upload of what `begun` asked for. `done` is what its last piece made."""

    begun: Call
    method: Method
    run: Callable[[Call], DriveItem]
    mime_type: str
    received: bytearray = field(default_factory=bytearray)
    done: DriveItem | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class ResumableUploads:
    """The resumable uploads that have begun."""

    def __init__(self) -> None:
        self._sessions: dict[str, ResumableUpload] = {}

    def begin(self, session: ResumableUpload) -> str:
        """A new upload; its id."""
        name = secrets.token_urlsafe(24)
        self._sessions[name] = session
        return name

    def find(self, name: str) -> ResumableUpload:
        """Raises Refusal for an upload that isn't known (any more)."""
        if name not in self._sessions:
            raise Refusal(404, "notFound", "Not Found")
        return self._sessions[name]


def receive_piece(
    session: ResumableUpload, request: HttpRequest, quirks: Quirks
) -> DriveItem | HttpResponse:
    """A piece of an upload: what it made, or how far the upload has come. Raises Refusal."""
    found = _RANGE.fullmatch(request.headers.get("content-range", ""))
    if found is None and "content-range" in request.headers:
        raise bad_request("Invalid Content-Range", "content-range")
    with session.lock:
        if session.done is not None:
            return session.done
        total = _total(found, len(request.body))
        if request.body and not _is_next(session, found, request.body, total):
            raise bad_request("Invalid piece of an upload", "content-range")
        piece = request.body
        if quirks.keeps_little and len(session.received) + len(piece) > PIECE_BYTES:
            piece = piece[: len(piece) // 2 // PIECE_BYTES * PIECE_BYTES]
        session.received += piece
        if total is None or len(session.received) < total:
            return _progress(session)
        media = Upload(bytes(session.received), session.mime_type)
        # The version was checked when it began, and isn't again.
        call = replace(session.begun, media=media, quirks=quirks, if_match=None)
        session.done = session.run(call)
        return session.done


def _total(found: re.Match[str] | None, size: int) -> int | None:
    if found is None:
        return size
    return None if found[3] == "*" else int(found[3])


def _is_next(
    session: ResumableUpload, found: re.Match[str] | None, data: bytes, total: int | None
) -> bool:
    first, last = (0, len(data) - 1) if found is None else (int(found[1] or 0), int(found[2] or 0))
    is_last = total is not None and last + 1 == total
    return (
        first == len(session.received)
        and last - first + 1 == len(data)
        and (is_last or len(data) % PIECE_BYTES == 0)
    )


def _progress(session: ResumableUpload) -> HttpResponse:
    answer = HttpResponse(308)
    if session.received:
        answer = answer.with_headers(range=f"bytes=0-{len(session.received) - 1}")
    return answer


def parts_of(request: HttpRequest) -> tuple[dict[str, Any] | None, Upload | None]:
    """The metadata and the content of a request. Raises Refusal."""
    kind = request.headers.get("content-type", "")
    way = dict(request.query).get("uploadType")
    if way is None or way == "resumable":
        return (json_of(request.body) if request.body else None), None
    if way == "media":
        return None, Upload(request.body, kind or PLAIN_TYPE)
    found = re.search(r'boundary="?([^";]+)"?', kind)
    if way != "multipart" or found is None:
        raise bad_request("Bad Request", "uploadType")
    return _multipart(request.body, found[1].encode())


def _multipart(body: bytes, boundary: bytes) -> tuple[dict[str, Any], Upload]:
    start = body.find(b"--" + boundary)
    # Whoever writes parts ends lines in one way: what comes before a boundary is the last
    # of these, and no more of it, for a content may end in a carriage return.
    end = b"\r\n" if body[start + len(boundary) + 2 :][:2] == b"\r\n" else b"\n"
    parts = body[start:].split(end + b"--" + boundary)
    if start < 0 or len(parts) != 3 or not parts[2].startswith(b"--"):
        raise bad_request("Malformed multipart body.")
    _, metadata = _part(parts[0], end)
    mime_type, data = _part(parts[1], end)
    return json_of(metadata), Upload(data, mime_type)


def _part(part: bytes, end: bytes) -> tuple[str, bytes]:
    head, _, data = part.partition(end + end)
    found = re.search(rb"(?im)^content-type:\s*([^\s;]+)", head)
    return (found[1].decode("latin-1") if found else PLAIN_TYPE), data


def json_of(data: bytes) -> dict[str, Any]:
    """A body that is to be a JSON object. Raises Refusal."""
    try:
        body = json.loads(data)
    except ValueError:
        raise Refusal(400, "parseError", "Parse Error") from None
    if not isinstance(body, dict):
        raise Refusal(400, "parseError", "Parse Error")
    return body
