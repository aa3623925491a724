"""A manifest from bytes that others may have written, read strictly and within bounds.

What our writer doesn't write raises CheckpointDamaged. Nothing is unpacked beyond the size that
the head states.
"""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from sessionlib.checkpoints import json_values
from sessionlib.checkpoints.errors import CheckpointDamaged
from sessionlib.checkpoints.manifest import (
    MAX_AFTER,
    MAX_BLOB_BYTES,
    MAX_BYTES,
    MAX_ENTRIES,
    MAX_LIST_RAW_BYTES,
    MAX_LISTS,
    SCHEMA,
    Blob,
    EntryListBlob,
    FileEntry,
    FilePiece,
    FolderEntry,
    LinkEntry,
    Manifest,
    ManifestHead,
)
from sessionlib.checkpoints.safe_paths import ROOT, check_path, parent_of, stays_inside
from sessionlib.checkpoints.store_names import (
    MAX_NUMBER,
    blob_number,
    checkpoint_name,
    checkpoint_number,
)
from sessionlib.errors import RecordUnreadable
from sessionlib.records import read_object


def decode_head(name: str, record: bytes) -> ManifestHead:
    """The head of the checkpoint `name`. Raises Damaged."""
    mark = checkpoint_number(name)
    if mark is None:
        raise CheckpointDamaged(f"{name!r:.80} isn't a checkpoint's name")
    if checkpoint_name(mark, record) != name:
        raise CheckpointDamaged(
            f"the manifest of {name} isn't the one that was published under that name"
        )
    try:
        body = read_object(record)
    except RecordUnreadable as error:
        raise CheckpointDamaged(f"the manifest of {name}: {error}") from None
    if body.pop("schema", None) != SCHEMA:
        raise CheckpointDamaged(f"the manifest of {name} is foreign, or newer than this program")
    head = _head(body)
    if head.number != mark:
        raise CheckpointDamaged(f"the manifest of {name} says that it is {head.epoch}-{head.seq}")
    return head


def unpack(part: EntryListBlob, data: bytes) -> bytes:
    """A part of the lists; never more than it said it would be. Raises Damaged."""
    blob = part.blob
    if len(data) != blob.size_bytes or hashlib.sha256(data).digest() != blob.sha256:
        raise CheckpointDamaged(f"the list {blob.name} isn't what was published")
    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(data, part.raw_bytes + 1)
    except zlib.error as error:
        raise CheckpointDamaged(f"the list {blob.name} can't be unpacked: {error}") from None
    if len(raw) != part.raw_bytes or not inflate.eof or inflate.unused_data:
        raise CheckpointDamaged(f"the list {blob.name} isn't {part.raw_bytes} bytes long unpacked")
    return raw


def decode_lists(name: str, head: ManifestHead, parts: Iterable[bytes]) -> Manifest:
    """The whole manifest, from its unpacked lists in order. Raises Damaged."""
    reader = _Reader(head)
    for raw in parts:
        # Not split at once: a million lines, or none but line ends, would all be there.
        for line in io.BytesIO(raw):
            reader.read(line)
    return reader.manifest(name)


class _Reader:
    """Takes lines one by one, and believes none of them."""

    def __init__(self, head: ManifestHead) -> None:
        self._head = head
        self._blobs: list[Blob] = []
        self._blob_names: set[str] = set()
        self._folders: dict[str, FolderEntry] = {}
        self._files: dict[str, FileEntry] = {}
        self._links: dict[str, LinkEntry] = {}
        self._bytes = 0

    def read(self, line: bytes) -> None:
        fields = _fields(line)
        if len(self._blobs) + len(self._folders) + len(self._files) + len(self._links) >= (
            2 * MAX_ENTRIES
        ):
            raise CheckpointDamaged(f"more than {MAX_ENTRIES} entries")
        match fields:
            case ["blob", name, size, sha256]:
                self._add_blob(
                    name, json_values.whole_number(size, MAX_BLOB_BYTES), json_values.sha256(sha256)
                )
            case ["dir", path, mode, mtime_ns]:
                self._add_folder(
                    json_values.text(path), json_values.mode(mode), json_values.time_ns(mtime_ns)
                )
            case ["file", path, mode, mtime_ns, size, [*rows]]:
                self._new_path(json_values.text(path))
                whole = json_values.whole_number(size, MAX_BYTES)
                pieces = self._pieces(whole, rows)
                self._bytes += whole
                mode, mtime_ns = json_values.mode(mode), json_values.time_ns(mtime_ns)
                self._files[path] = FileEntry(path, mode, mtime_ns, whole, pieces)
            case ["link", path, target]:
                self._new_path(json_values.text(path))
                if not stays_inside(path, json_values.text(target)):
                    raise CheckpointDamaged(f"a link {path!r:.80} leads out of the folder")
                self._links[path] = LinkEntry(path, target)
            case _:
                raise CheckpointDamaged("a line of no known kind")

    def manifest(self, name: str) -> Manifest:
        head = self._head
        if ROOT not in self._folders:
            raise CheckpointDamaged(f"the manifest of {name} says nothing of the folder itself")
        if (self._bytes, len(self._files)) != (head.bytes, head.files):
            raise CheckpointDamaged(f"the manifest of {name} doesn't list what it says it holds")
        return Manifest(
            name,
            head,
            tuple(self._folders.values()),
            tuple(self._files.values()),
            tuple(self._links.values()),
            tuple(self._blobs),
        )

    def _add_blob(self, name: Any, size: int, sha256: bytes) -> None:
        if blob_number(json_values.text(name)) is None or name in self._blob_names:
            raise CheckpointDamaged(f"{name!r:.80} isn't a blob's name, or stands twice")
        self._blob_names.add(name)
        self._blobs.append(Blob(name, size, sha256))

    def _add_folder(self, path: str, mode: int, mtime_ns: int) -> None:
        if path != ROOT or self._folders:
            self._new_path(path)
        self._folders[path] = FolderEntry(path, mode, mtime_ns)

    def _new_path(self, path: str) -> None:
        check_path(path)
        if path in self._folders or path in self._files or path in self._links:
            raise CheckpointDamaged(f"a path {path!r:.80} stands twice")
        if parent_of(path) not in self._folders:
            raise CheckpointDamaged(f"a path {path!r:.80} is in no folder of the checkpoint")

    def _pieces(self, size: int, rows: Sequence[Any]) -> tuple[FilePiece, ...]:
        step = self._head.piece_bytes
        if len(rows) != -(-size // step):
            raise CheckpointDamaged("a file with more or fewer pieces than it takes")
        return tuple(
            self._piece(row, min(step, size - number * step)) for number, row in enumerate(rows)
        )

    def _piece(self, row: Any, size: int) -> FilePiece:
        match row:
            case [number, offset, sha256]:
                blob = self._blobs[json_values.whole_number(number, len(self._blobs) - 1)]
                begin = json_values.whole_number(offset, blob.size_bytes - size)
                return FilePiece(json_values.sha256(sha256), size, blob, begin)
            case _:
                raise CheckpointDamaged("a piece that isn't one")


def _fields(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CheckpointDamaged(f"a line that isn't JSON: {error}") from None


def _head(body: dict[str, Any]) -> ManifestHead:
    match body:
        case {
            "epoch": epoch,
            "seq": seq,
            "bytes": size,
            "files": files,
            "piece_bytes": piece_bytes,
            "after": [*after],
            "lists": [*lists],
            "nonce": str(nonce),
        } if len(body) == 8 and len(after) <= MAX_AFTER and len(lists) <= MAX_LISTS:
            return ManifestHead(
                json_values.whole_number(epoch, MAX_NUMBER),
                json_values.whole_number(seq, MAX_NUMBER),
                json_values.whole_number(size, MAX_BYTES),
                json_values.whole_number(files, MAX_ENTRIES),
                json_values.whole_number(piece_bytes, MAX_BLOB_BYTES, 1),
                tuple(_checkpoint(name) for name in after),
                tuple(_list_blob(row) for row in lists),
                nonce,
            )
    raise CheckpointDamaged("a manifest without the fields of one")


def _list_blob(row: Any) -> EntryListBlob:
    match row:
        case [str(name), size, sha256, raw] if blob_number(name) is not None:
            blob = Blob(
                name, json_values.whole_number(size, MAX_BLOB_BYTES), json_values.sha256(sha256)
            )
            return EntryListBlob(blob, json_values.whole_number(raw, MAX_LIST_RAW_BYTES))
    raise CheckpointDamaged("a manifest with a list that isn't one")


def _checkpoint(name: Any) -> str:
    if not isinstance(name, str) or checkpoint_number(name) is None:
        raise CheckpointDamaged("a manifest that follows on what isn't a checkpoint")
    return name
