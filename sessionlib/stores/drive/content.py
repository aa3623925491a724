"""Where a value is kept: in a file's description, or in the file."""

# A small value stands in the description: one read of 5 units brings value and ETag together. A
# download costs 200, and may be of another moment than the ETag. JSON stays as it is, so that
# people can read it; all else is base64. A larger value is the file's content, and a read of
# both counts only if the checksum fits.

from __future__ import annotations

import base64
import hashlib

from sessionlib.stores.drive.files import DriveFile
from sessionlib.stores.drive.responses import NoResponse

MAX_INLINE_BYTES = 4_000
"""What `doctor` has seen come back whole from the real Drive; no limit is documented."""
IN_FILE = "(in the file)"
"""The description of a file whose value is its content."""
_PACKED = "base64:"


def inline_of(data: bytes) -> str | None:
    """`data` as a description; None where it is too large for one."""
    text = data.decode() if _is_plain(data) else _PACKED + base64.b64encode(data).decode()
    return text if len(text.encode()) <= MAX_INLINE_BYTES else None


def is_inline(data: bytes) -> bool:
    return inline_of(data) is not None


def description_of(data: bytes) -> str:
    inline = inline_of(data)
    return IN_FILE if inline is None else inline


def inline_value(file: DriveFile) -> bytes | None:
    """The value that stands in the description; None where it is the file's content.

    Raises Lost for one that somebody has spoilt.
    """
    text = file.description
    if text.startswith("{"):
        return text.encode()
    if not text.startswith(_PACKED):
        return None
    try:
        return base64.b64decode(text.removeprefix(_PACKED), validate=True)
    except ValueError as error:
        raise NoResponse("what stands in its description was changed by hand") from error


def _is_plain(data: bytes) -> bool:
    """Whether `data` comes back from a text field as it was: JSON on one printable line."""
    if not (data[:1] == b"{" and data[-1:] == b"}"):
        return False
    try:
        return data.decode().isprintable()
    except UnicodeDecodeError:
        return False


def size_bytes(file: DriveFile) -> int:
    inline = inline_value(file)
    return file.size_bytes if inline is None else len(inline)


def digest(file: DriveFile) -> str:
    """The MD5 of the value, in hex: Drive's own of a content, ours of what Drive says inline."""
    inline = inline_value(file)
    return file.md5 if inline is None else md5(inline)


def has_content(file: DriveFile, data: bytes) -> bool:
    """Whether the file's value is `data`, by what Drive says of it."""
    return size_bytes(file) == len(data) and digest(file) == md5(data)


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
