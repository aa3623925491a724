"""Removing what no checkpoint needs any more.

Names alone decide, so that being late can't make the judgement wrong; the package's docstring
has the argument. Only the holder collects, with the pointer that its lease is known to hold.
"""

from __future__ import annotations

from collections.abc import Callable

from sessionlib.checkpoints.catalog import list_names, read_manifest
from sessionlib.checkpoints.errors import CheckpointError
from sessionlib.checkpoints.store_names import (
    BLOBS,
    MAX_NUMBER,
    CheckpointNumber,
    blob_key,
    blob_number,
    checkpoint_number,
    manifest_key,
)
from sessionlib.core.values import Pointer
from sessionlib.ports import Store

BlobsByCheckpoint = dict[str, frozenset[str]]
"""The blobs of checkpoints that were read once; neither ever changes."""


def find_garbage(
    store: Store, pointer: Pointer, epoch: int, keep: int, blobs_by_checkpoint: BlobsByCheckpoint
) -> list[str]:
    """The keys that may go, in the order in which they must. Raises StoreError.

    Raises CheckpointError where the pointer's own manifest can't be read: then
    nobody can say what must stay. `needs` is kept from one call to the next.
    """
    # Under an epoch that is over nothing is published any more.
    newest = max(
        CheckpointNumber(pointer.epoch, pointer.seq), CheckpointNumber(epoch - 1, MAX_NUMBER)
    )
    older = [
        name
        for name in list_names(store)
        if name != pointer.name and (checkpoint_number(name) or newest) <= newest
    ]
    kept, gone = [pointer.name, *older[: keep - 1]], older[keep - 1 :]
    for name in set(blobs_by_checkpoint) - set(kept):
        del blobs_by_checkpoint[name]
    needed: set[str] = set()
    is_sure = True
    for name in kept:
        try:
            if name not in blobs_by_checkpoint:
                blobs_by_checkpoint[name] = read_manifest(store, name).blob_names()
            needed |= blobs_by_checkpoint[name]
        except CheckpointError:
            if name == pointer.name:
                raise
            is_sure = False  # what it needs is unknown until it is too old to be kept
    blobs = _unneeded(store, newest, needed) if is_sure else []
    # Manifests first: at no moment does one stand whose blobs have begun to go.
    return [*map(manifest_key, gone), *map(blob_key, blobs)]


def remove_keys(store: Store, keys: list[str], is_cancelled: Callable[[], bool]) -> int:
    """Delete them one by one, until `is_enough`; how many went. Raises StoreError."""
    for number, key in enumerate(keys):
        if is_cancelled():
            return number
        store.delete(key)
    return len(keys)


def _unneeded(store: Store, newest: CheckpointNumber, needed: set[str]) -> list[str]:
    found = []
    for key in store.list(BLOBS):
        name = key.removeprefix(BLOBS)
        mark = blob_number(name)
        if mark is not None and mark <= newest and name not in needed:
            found.append(name)
    return found
