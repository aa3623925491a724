"""One file or folder at one moment.

Its ETag is its modification date in milliseconds, as in all of Drive's published resources:
writing an earlier date brings that moment's ETag back.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

FOLDER_TYPE = "application/vnd.google-apps.folder"
PLAIN_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Content:
    """A file's bytes, and what Drive says of them."""

    data: bytes
    md5: str

    @classmethod
    def of(cls, data: bytes) -> Content:
        return cls(data, hashlib.md5(data, usedforsecurity=False).hexdigest())


EMPTY = Content.of(b"")


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A role that was given on this very file: `reader`, `commenter`, `writer` or `owner`.

    `email` is empty for anybody who has the link.
    """

    email: str
    role: str


@dataclass(frozen=True, slots=True)
class DriveItem:
    """Times are Unix milliseconds. Folders have no content."""

    id: str
    title: str
    mime_type: str
    owner: str
    parents: tuple[str, ...]
    created_ms: int
    modified_ms: int
    description: str = ""
    content: Content | None = EMPTY
    grants: tuple[RoleGrant, ...] = ()
    in_bin: bool = False
    version: int = 1
    modified_by: str = ""

    @property
    def etag(self) -> str:
        return f'"{base64.b64encode(str(self.modified_ms).encode()).decode()}"'

    @property
    def is_folder(self) -> bool:
        return self.mime_type == FOLDER_TYPE

    @property
    def size_bytes(self) -> int:
        return 0 if self.content is None else len(self.content.data)


def date_of(unix_ms: int) -> str:
    """A date as Drive writes it."""
    whole, ms = divmod(unix_ms, 1000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03}Z"


def unix_ms(date: str) -> int:
    """A date in a request. Raises ValueError."""
    found = datetime.fromisoformat(date)
    return round(found.replace(tzinfo=found.tzinfo or UTC).timestamp() * 1000)
