"""Bringing blobs and manifests into the store.

An upload counts once the store reports the size and the hash of what was sent.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable

from sessionlib.checkpoints.errors import UploadNotProven
from sessionlib.checkpoints.manifest import Blob
from sessionlib.checkpoints.store_names import (
    CheckpointNumber,
    blob_key,
    blob_name,
    checkpoint_name,
    manifest_key,
)
from sessionlib.clock import sleep
from sessionlib.errors import Conflict, Unknown, Unreachable
from sessionlib.ports import Store

PAUSES_S: tuple[float, ...] = (0.2, 1.0, 3.0)
"""Between the tries of one upload: hundreds of them must not all fail for one lost answer."""

_HASHES = ("sha256", "md5")


class Uploader:
    """The uploads of one copy, from several threads. `check` is called before each try."""

    def __init__(self, store: Store, mark: CheckpointNumber) -> None:
        self.number = mark
        self.check: Callable[[], None] = lambda: None
        self.nonce = secrets.token_hex(4)
        self.sent_bytes = 0
        self.sent_blobs = 0
        self.proof_kinds: set[str] = set()
        self._store = store
        self._lock = threading.Lock()
        self._keys: list[str] = []

    def send_blob(self, data: bytes, sha256: bytes) -> Blob:
        """Upload `data` under a name of its own. Raises NotProven, StoreError, Cancelled."""
        with self._lock:
            number = len(self._keys)
            blob = Blob(blob_name(self.number, self.nonce, number, sha256), len(data), sha256)
            self._keys.append(blob_key(blob.name))
        self._with_retries(lambda: self._put(blob, data))
        with self._lock:
            self.sent_bytes += len(data)
            self.sent_blobs += 1
        return blob

    def hash_and_upload(self, data: bytes) -> Blob:
        """The same, for what hasn't been hashed yet."""
        return self.send_blob(data, hashlib.sha256(data).digest())

    def send_manifest(self, record: bytes) -> str:
        """Create a manifest's record, and return the checkpoint's name. Raises like `send_blob`."""
        name = checkpoint_name(self.number, record)
        self._keys.append(manifest_key(name))
        self._with_retries(lambda: self._create(manifest_key(name), record))
        self.sent_bytes += len(record)
        return name

    def remove_sent(self) -> None:
        """Remove all that was uploaded, which nobody knows of. Raises StoreError."""
        for key in reversed(self._keys):
            self._store.delete(key)

    def _put(self, blob: Blob, data: bytes) -> None:
        key = blob_key(blob.name)
        doubt = None
        try:
            self._store.put(key, data)
        except Unknown as error:
            doubt = error  # what the store reports settles it
        proof = self._store.proof(key)
        if proof is not None and proof.kind in _HASHES and proof.bytes == len(data):
            mine = blob.sha256 if proof.kind == "sha256" else _md5(data)
            if bytes.fromhex(proof.digest) == mine:
                self.proof_kinds.add(proof.kind)
                return
        if doubt is not None:
            raise Unreachable(str(doubt))
        raise UploadNotProven(
            f"the store doesn't hold {blob.name} as it was given to it "
            f"({'nothing' if proof is None else f'{proof.bytes} bytes'} instead of {len(data)} "
            "bytes, or others): the copy isn't published"
        )

    def _create(self, key: str, record: bytes) -> None:
        doubt = None
        try:
            self._store.create(key, record)
        except (Conflict, Unknown) as error:
            doubt = error  # a try before may have come through
        found = self._store.read(key)
        if found is not None and found.data == record:
            return
        if isinstance(doubt, Unknown):
            raise Unreachable(str(doubt))
        raise UploadNotProven(f"the store doesn't hold {key} as it was given to it")

    def _with_retries(self, attempt: Callable[[], None]) -> None:
        for pause_s in PAUSES_S:
            self.check()
            try:
                return attempt()
            except Unreachable:
                sleep(pause_s)
        return attempt()


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()
