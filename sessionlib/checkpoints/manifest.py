"""What a checkpoint holds, as values, and how large anything may be.

A manifest is a *head*, one small record, and *lists*: blobs that name every folder, file, link
and blob.
"""

from __future__ import annotations

from dataclasses import dataclass

from sessionlib.checkpoints.store_names import CheckpointNumber
from sessionlib.core.values import Pointer

SCHEMA = "checkpoint/1"
MAX_BLOB_BYTES = 64 * 1024 * 1024
MAX_LISTS = 256
MAX_LIST_RAW_BYTES = 16 * 1024 * 1024
MAX_ENTRIES = 1_000_000
MAX_BYTES = 1 << 50
MAX_AFTER = 16
MODE_BITS = 0o777
"""Rights only: what makes a program run as somebody else isn't carried about."""


@dataclass(frozen=True, slots=True)
class Blob:
    """One upload: its name in the store, its size, and the hash of all of it."""

    name: str
    size_bytes: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class EntryListBlob:
    """A blob that holds a part of the manifest's lists, and its size unpacked."""

    blob: Blob
    raw_bytes: int


@dataclass(frozen=True, slots=True)
class FilePiece:
    """A part of a file, and where in which blob it is."""

    sha256: bytes
    size_bytes: int
    blob: Blob
    offset: int


@dataclass(frozen=True, slots=True)
class FolderEntry:
    path: str
    mode: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class FileEntry:
    path: str
    mode: int
    mtime_ns: int
    size_bytes: int
    pieces: tuple[FilePiece, ...]


@dataclass(frozen=True, slots=True)
class LinkEntry:
    path: str
    target: str


@dataclass(frozen=True, slots=True)
class ManifestHead:
    """A manifest's record. `after` names the published checkpoints before it, newest first."""

    epoch: int
    seq: int
    bytes: int
    files: int
    piece_bytes: int
    after: tuple[str, ...]
    lists: tuple[EntryListBlob, ...]
    nonce: str

    @property
    def number(self) -> CheckpointNumber:
        return CheckpointNumber(self.epoch, self.seq)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole checkpoint, but for the bytes in its blobs."""

    name: str
    head: ManifestHead
    folders: tuple[FolderEntry, ...]
    files: tuple[FileEntry, ...]
    links: tuple[LinkEntry, ...]
    blobs: tuple[Blob, ...]

    @property
    def pointer(self) -> Pointer:
        return Pointer(self.head.epoch, self.head.seq, self.name, self.head.bytes)

    def blob_names(self) -> frozenset[str]:
        """Every blob that it needs, its own lists among them."""
        own = (part.blob.name for part in self.head.lists)
        return frozenset((*own, *(blob.name for blob in self.blobs)))
