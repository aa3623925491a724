"""Values that show whether they are whole, which came later, and who wrote them.

Big enough to be written in several steps, and of varying length, so that one
value written over another would show.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple


class Payload(NamedTuple):
    n: int
    writer: str

    def encode(self) -> bytes:
        body = f"{self.n}|{self.writer}|".encode() + b"." * (100 + self.n * 37 % 900)
        return hashlib.sha256(body).hexdigest().encode() + b"|" + body


def decode(data: bytes) -> Payload:
    """Raises AssertionError for anything but one payload, whole."""
    digest, _, body = data.partition(b"|")
    assert hashlib.sha256(body).hexdigest().encode() == digest, f"torn: {data[:80]!r}"
    n, writer, _ = body.split(b"|")
    return Payload(int(n), writer.decode())
