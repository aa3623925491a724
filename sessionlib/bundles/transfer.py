"""An archive in the store, in pieces.

A piece's name comes from the archive's hash and the piece's place: writing it twice is
harmless. What comes back is hashed before anybody looks into it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import IO

from sessionlib.bundles.records import MAX_CONTENT_BYTES, Archive
from sessionlib.errors import ProgramError, Unknown
from sessionlib.layout import bundle_piece_key
from sessionlib.ports import Store

Progress = Callable[[int, int], None]
"""Told how many bytes of how many have been moved."""


class PreparationCancelled(ProgramError):
    """It was called off."""


def upload(store: Store, archive: Archive, source: IO[bytes], progress: Progress) -> None:
    """Write all pieces, over whatever has their names, each one proven to have arrived.
    Raises StoreError, KitError."""
    whole = hashlib.sha256()
    done = 0
    for index, size in enumerate(archive.pieces):
        data = source.read(size)
        _put(store, bundle_piece_key(archive.digest, index), data)
        whole.update(data)
        done += len(data)
        progress(done, archive.bytes)
    if whole.hexdigest() != archive.digest:
        raise ProgramError("the packed archive changed on this machine: publish again")


def _put(store: Store, key: str, data: bytes) -> None:
    doubt = None
    try:
        store.put(key, data)
    except Unknown as error:
        doubt = error  # what the store reports settles it
    proof = store.proof(key)
    if proof is not None and proof.bytes == len(data):
        mine = hashlib.new(proof.kind, data, usedforsecurity=False).hexdigest()
        if proof.digest == mine:
            return
    if doubt is not None:
        raise doubt
    raise ProgramError(f"the store doesn't hold {key} as it was given to it: nothing is published")


def is_stored(store: Store, archive: Archive) -> bool:
    """Whether the store reports every piece, in its size. Raises StoreError."""
    return all(
        store.has(bundle_piece_key(archive.digest, index)) == size
        for index, size in enumerate(archive.pieces)
    )


def download(
    store: Store,
    archive: Archive,
    into: IO[bytes],
    progress: Progress,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Read all pieces, and write them `into` a file. Raises StoreError, and KitError for
    anything but the very archive of this hash."""
    if archive.bytes > MAX_CONTENT_BYTES:
        raise ProgramError(f"the code's archive has {archive.bytes} bytes, more than one may have")
    whole = hashlib.sha256()
    done = 0
    for index, size in enumerate(archive.pieces):
        if cancelled():
            raise PreparationCancelled("fetching the code was called off")
        key = bundle_piece_key(archive.digest, index)
        # Asked first, for what stands there may be more than fits into memory.
        data = store.get(key) if store.has(key) == size else None
        if data is None or len(data) != size:
            raise ProgramError(f"{key} is missing from the store, or torn: publish the code again")
        whole.update(data)
        into.write(data)
        done += size
        progress(done, archive.bytes)
    if whole.hexdigest() != archive.digest:
        raise ProgramError(
            "the code in the store isn't what was published (its hash differs): find out who "
            "changed it, and publish again"
        )


def delete_archive(store: Store, archive: Archive) -> None:
    """Remove an archive that nobody needs any more. Raises StoreError."""
    for index in range(len(archive.pieces)):
        store.delete(bundle_piece_key(archive.digest, index))
