"""Where a value is kept: in a file's description, or in the file.

Decided here: that a small JSON text stands in the description, where one read of 5
units brings value and ETag together (a download costs 200, and may be of another
moment than the ETag); all else is the file's content, and a read of both counts only
if the checksum fits.
"""

from __future__ import annotations

import hashlib

from sessionlib.stores.drive.files import File

MAX_INLINE_BYTES = 4_000
"""What `doctor` has seen come back whole from the real Drive; no limit is documented."""
IN_FILE = "(in the file)"
"""The description of a file whose value is its content."""


def is_inline(data: bytes) -> bool:
    """Whether `data` can stand in a description: short, printable, and never blank at its ends."""
    if len(data) > MAX_INLINE_BYTES or not (data[:1] == b"{" and data[-1:] == b"}"):
        return False
    try:
        return data.decode().isprintable()
    except UnicodeDecodeError:
        return False


def description_of(data: bytes) -> str:
    return data.decode() if is_inline(data) else IN_FILE


def inline_value(file: File) -> bytes | None:
    """The value that stands in the description; None where it is the file's content."""
    return file.description.encode() if file.description.startswith("{") else None


def size_bytes(file: File) -> int:
    inline = inline_value(file)
    return file.size_bytes if inline is None else len(inline)


def digest(file: File) -> str:
    """The MD5 of the value, in hex: Drive's own of a content, ours of what Drive says inline."""
    inline = inline_value(file)
    return file.md5 if inline is None else md5(inline)


def holds(file: File, data: bytes) -> bool:
    """Whether the file's value is `data`, by what Drive says of it."""
    return size_bytes(file) == len(data) and digest(file) == md5(data)


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
