"""The checkpoints that a store holds, read and judged.

Only what hashes to its own name or number is believed. A blob is asked for once the store
says that it has the right length.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from sessionlib.checkpoints.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointMissing,
    quote_path,
)
from sessionlib.checkpoints.manifest import Blob, EntryListBlob, Manifest, ManifestHead
from sessionlib.checkpoints.manifest_parser import decode_head, decode_lists, unpack
from sessionlib.checkpoints.store_names import (
    MANIFESTS,
    CheckpointNumber,
    blob_key,
    checkpoint_number,
    manifest_key,
    name_of_manifest,
)
from sessionlib.checkpoints.worker_pool import WorkerPool
from sessionlib.core.values import Pointer
from sessionlib.ports import Store


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """One checkpoint in the store. `age_s` is by the store's clock; `error` says why no more is
    known of it than its name."""

    name: str
    epoch: int
    seq: int
    age_s: float = 0.0
    bytes: int = 0
    files: int = 0
    error: str | None = None


def list_names(store: Store) -> list[str]:
    """The checkpoints in the store, newest first. Raises StoreError."""
    found = []
    for key in store.list(MANIFESTS):
        name = name_of_manifest(key)
        mark = checkpoint_number(name)
        if mark is not None and manifest_key(name) == key:
            found.append((mark, name))
    return [name for _, name in sorted(found, reverse=True)]


def list_checkpoints(store: Store) -> list[StoredCheckpoint]:
    """The same with what each says of itself; an unreadable one hides no other."""
    found = []
    for name in list_names(store):
        mark = checkpoint_number(name) or CheckpointNumber(0, 0)
        try:
            head, age_s = read_head(store, name)
        except CheckpointError as error:
            found.append(StoredCheckpoint(name, mark.epoch, mark.seq, error=str(error)))
        else:
            found.append(
                StoredCheckpoint(name, head.epoch, head.seq, age_s, head.bytes, head.files)
            )
    return found


def read_head(store: Store, name: str) -> tuple[ManifestHead, float]:
    """A manifest's record, and its age. Raises Missing, Damaged, StoreError."""
    if checkpoint_number(name) is None:
        raise CheckpointDamaged(f"{name!r:.80} isn't a checkpoint's name")
    found = store.read(manifest_key(name))
    if found is None:
        raise CheckpointMissing(f"the store has no checkpoint {name}: it may have been superseded")
    return decode_head(name, found.data), found.age_s


def read_manifest(store: Store, name: str) -> Manifest:
    """All that a checkpoint lists. Raises Missing, Damaged, StoreError."""
    head, _ = read_head(store, name)
    return decode_lists(name, head, (_unpacked(store, part) for part in head.lists))


def read_pointed_manifest(store: Store, pointer: Pointer) -> Manifest:
    """What the lease points at. Raises Missing, Damaged, StoreError."""
    manifest = read_manifest(store, pointer.name)
    if manifest.pointer != pointer:
        raise CheckpointDamaged(
            f"the checkpoint {pointer.name} isn't as long as the lease says it is"
        )
    return manifest


def read_blob(store: Store, blob: Blob) -> bytes:
    """A blob's bytes, as long as they should be, not hashed.

    Raises Missing, Damaged, StoreError.
    """
    key = blob_key(blob.name)
    size = store.has(key)
    data = store.get(key) if size == blob.size_bytes else None
    if size is None or (data is None and size == blob.size_bytes):
        raise CheckpointMissing(f"the store has no blob {blob.name}: removed, or not there yet")
    if data is None or len(data) != blob.size_bytes:
        raise CheckpointDamaged(f"the blob {blob.name} is {size} bytes long, not {blob.size_bytes}")
    return data


def verify(
    store: Store,
    name: str,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> list[str]:
    """Read every blob of a checkpoint and hash it; what is wrong, in sentences.

    `tell` is given the bytes read and to be read. Raises Missing and Damaged for the
    manifest itself, StoreError, Cancelled.
    """
    manifest = read_manifest(store, name)
    wrong: list[str] = []
    done = [0]
    whole = sum(blob.size_bytes for blob in manifest.blobs)

    def check(blob: Blob) -> None:
        try:
            if hashlib.sha256(read_blob(store, blob)).digest() != blob.sha256:
                wrong.append(_damage(manifest, blob, "isn't what was uploaded"))
        except (CheckpointMissing, CheckpointDamaged) as error:
            wrong.append(_damage(manifest, blob, str(error)))
        done[0] += blob.size_bytes
        on_progress(done[0], whole)

    with WorkerPool(is_cancelled) as crew:
        for future in [crew.submit(lambda blob=blob: check(blob)) for blob in manifest.blobs]:  # type: ignore[misc]  # a default binds the loop's value
            future.result()
    return sorted(wrong)


def _unpacked(store: Store, part: EntryListBlob) -> bytes:
    return unpack(part, read_blob(store, part.blob))


def _damage(manifest: Manifest, blob: Blob, what: str) -> str:
    hit = [
        file.path for file in manifest.files if any(p.blob.name == blob.name for p in file.pieces)
    ]
    more = f" and {len(hit) - 1} more" if len(hit) > 1 else ""
    held = quote_path(hit[0]) if hit else "no file"
    return f"blob {blob.name} {what}: it holds parts of {held}{more}"
