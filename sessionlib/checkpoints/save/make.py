"""Making one checkpoint: blobs, then lists, then a manifest, each proven to be in the store.

It isn't published yet: that is the lease's.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sessionlib.checkpoints.errors import CheckpointCancelled, Unsuitable, quote_path
from sessionlib.checkpoints.file_index import Index
from sessionlib.checkpoints.manifest import (
    MAX_LIST_RAW_BYTES,
    MAX_LISTS,
    EntryListBlob,
    FileEntry,
    Manifest,
    ManifestHead,
)
from sessionlib.checkpoints.manifest_writer import encode_head, encode_lists
from sessionlib.checkpoints.save.copier import BlobSizes, FileCopier, PiecesByHash, reusable_pieces
from sessionlib.checkpoints.save.upload import Uploader
from sessionlib.checkpoints.scan import DirectoryScan, scan
from sessionlib.checkpoints.store_names import BLOBS, CheckpointNumber, blob_key
from sessionlib.checkpoints.worker_pool import WorkerPool
from sessionlib.errors import StoreError
from sessionlib.ports import Store

_HASHES = {"sha256": "SHA-256", "md5": "MD5"}
_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class CopySource:
    """What a copy is made from: the tree, what is known of it, and what came before.

    `base` is the published checkpoint before, where it can be read; `after` names
    all those before, newest first.
    """

    root: Path
    index: Index
    base: Manifest | None
    after: tuple[str, ...]
    sizes: BlobSizes


@dataclass(frozen=True, slots=True)
class CopyResult:
    """A checkpoint that is in the store, and what is known of the tree from now on."""

    manifest: Manifest
    index: Index
    read_bytes: int
    moved_bytes: int
    receipt: str


def make_checkpoint(
    store: Store,
    mark: CheckpointNumber,
    source: CopySource,
    is_cancelled: Callable[[], bool],
    on_progress: Callable[[int, int], None],
) -> CopyResult:
    """Copy the tree. `tell` is given the bytes read and to be read.

    Raises CheckpointError, StoreError. What was uploaded in vain is removed then, as
    far as the store answers; after Cancelled it isn't, for somebody is in a hurry.
    """
    sender = Uploader(store, mark)
    try:
        with WorkerPool(is_cancelled) as crew:
            sender.check = crew.check
            return _make(store, sender, source, crew, on_progress)
    except CheckpointCancelled:
        raise
    except BaseException:
        with suppress(StoreError):
            sender.remove_sent()
        raise


def _make(
    store: Store,
    sender: Uploader,
    source: CopySource,
    crew: WorkerPool,
    tell: Callable[[int, int], None],
) -> CopyResult:
    places = _reusable_pieces(store, source.base)
    older = {piece.blob.name for piece in places.values()}
    found = scan(source.root)
    copier = FileCopier(found, sender, crew, places, source.sizes)
    files = copier.copy_files(source.index, tell)
    head = ManifestHead(
        epoch=sender.number.epoch,
        seq=sender.number.seq,
        bytes=sum(file.size_bytes for file in files),
        files=len(files),
        piece_bytes=source.sizes.piece_bytes,
        after=source.after,
        lists=_lists(sender, found, files),
        nonce=sender.nonce,
    )
    name = sender.send_manifest(encode_head(head))
    blobs = {piece.blob.name: piece.blob for file in files for piece in file.pieces}
    manifest = Manifest(
        name, head, tuple(found.folders), tuple(files), tuple(found.links), tuple(blobs.values())
    )
    again = [blob.size_bytes for blob in blobs.values() if blob.name in older]
    receipt = _receipt(sender, again, found)
    return CopyResult(manifest, copier.index, copier.read_bytes, sender.sent_bytes, receipt)


def _reusable_pieces(store: Store, base: Manifest | None) -> PiecesByHash:
    """Where content is that may be named again: in the base's blobs, and in no other."""
    if base is None:
        return {}
    listed = set(store.list(BLOBS))

    def is_there(name: str, size_bytes: int) -> bool:
        # A listing may lag behind, so what it lacks is asked for by name.
        return blob_key(name) in listed or store.has(blob_key(name)) == size_bytes

    return reusable_pieces(base, is_there)


def _lists(
    sender: Uploader, found: DirectoryScan, files: list[FileEntry]
) -> tuple[EntryListBlob, ...]:
    lists: list[EntryListBlob] = []
    for packed, raw_bytes in encode_lists(found.folders, files, found.links):
        if raw_bytes > MAX_LIST_RAW_BYTES or len(lists) == MAX_LISTS:
            raise Unsuitable(
                f"{quote_path(found.root)} holds more, or larger, files than a checkpoint can list"
            )
        lists.append(EntryListBlob(sender.hash_and_upload(packed), raw_bytes))
    return tuple(lists)


def _receipt(sender: Uploader, again: list[int], found: DirectoryScan) -> str:
    hashes = " and ".join(sorted(_HASHES[kind] for kind in sender.proof_kinds))
    text = (
        f"the store reports size and {hashes} of {sender.sent_blobs} new blobs "
        f"({megabytes(sender.sent_bytes)} MB) as they were sent"
    )
    if again:
        text += (
            f", and still lists the {len(again)} older ones that are named again "
            f"({megabytes(sum(again))} MB)"
        )
    if found.skipped:
        names = ", ".join(quote_path(path) for path in found.skipped[:_NAMES_SHOWN])
        rest = len(found.skipped) - _NAMES_SHOWN
        more = f" and {rest} more" if rest > 0 else ""
        text += f"; left out, being sockets, pipes or devices: {names}{more}"
    return text


def megabytes(size_bytes: int) -> str:
    """A size for people; small ones with a tenth."""
    return f"{size_bytes / 1e6:,.0f}" if size_bytes >= 10e6 else f"{size_bytes / 1e6:.1f}"
