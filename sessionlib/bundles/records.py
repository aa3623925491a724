"""The signed record of a published code folder, and its bounds: a bundle is a program, not data.

`digest` names the archive as it is stored. `content` names what is in it, whatever the
compression made of it, and tells whether anything has changed.
"""

from __future__ import annotations

from dataclasses import dataclass

from sessionlib.layout import CODE_VERSIONS
from sessionlib.signed.records import RecordKind

MIB = 1024 * 1024
PIECE_BYTES = 8 * MIB
MAX_CONTENT_BYTES = 512 * MIB
"""What a bundle may unpack to, with what the archive itself needs."""
MAX_FILES = 20_000


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive as it is stored: the SHA-256 of its bytes, and how many they are."""

    digest: str
    bytes: int

    @property
    def pieces(self) -> list[int]:
        """The sizes of the pieces in which it is stored; at least one."""
        whole, rest = divmod(self.bytes, PIECE_BYTES)
        return [PIECE_BYTES] * whole + ([rest] if rest or not whole else [])


@dataclass(frozen=True, slots=True)
class PublishedCode:
    """A version of the code, in `scripts/versions/<version>.json`; written by an operator.

    `bytes` is the archive's size and `content_bytes` its size once decompressed.
    `setup` is the command that was published with it. `at` (Unix seconds by the
    operator's wall clock) and `by` are for people.
    """

    fleet: str
    version: int
    digest: str
    bytes: int
    content: str
    content_bytes: int
    files: int
    setup: tuple[str, ...]
    at: float
    by: str
    signature: str = ""

    @property
    def archive(self) -> Archive:
        return Archive(self.digest, self.bytes)

    @property
    def label(self) -> str:
        """For reports and people: `v3 1a2b3c4d`."""
        return f"v{self.version} {self.digest[:8]}"


CODE_RECORDS: RecordKind[PublishedCode] = RecordKind(CODE_VERSIONS, "code/1", PublishedCode)
