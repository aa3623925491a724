"""Manifests made by hand, well-hashed, so that only their content can be wrong."""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import Any

from sessionlib.checkpoints.store_names import (
    BLOBS,
    CheckpointNumber,
    blob_name,
    checkpoint_name,
    manifest_key,
)
from sessionlib.core.values import Pointer
from sessionlib.stores.memory import MemoryStore

CONTENT = b"content"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
BLOB = blob_name(CheckpointNumber(1, 1), "0" * 8, 0, bytes.fromhex(SHA256))
TREE = ["dir", ".", 0o755, 0]
BLOB_LINE = ["blob", BLOB, 7, SHA256]


def file_line(path: str, **changes: Any) -> list[Any]:
    fields = {"mode": 0o644, "mtime_ns": 0, "size": 7, "pieces": [[0, 0, SHA256]]} | changes
    return ["file", path, *fields.values()]


GOOD = [BLOB_LINE, TREE, ["dir", "d", 0o755, 0], file_line("d/f"), ["link", "l", "d/f"]]


def publish(store: MemoryStore, lines: list[Any], **head: Any) -> Pointer:
    """Put a manifest of these lines into the store, every hash of it true."""
    store.put(BLOBS + BLOB, CONTENT)
    raw = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    return publish_raw(store, zlib.compress(raw), len(raw), lines, **head)


def publish_raw(
    store: MemoryStore, packed: bytes, raw_bytes: int, lines: list[Any], **head: Any
) -> Pointer:
    digest = hashlib.sha256(packed)
    name = blob_name(CheckpointNumber(1, 1), "1" * 8, 0, digest.digest())
    store.put(BLOBS + name, packed)
    files = [line for line in lines if isinstance(line, list) and line[:1] == ["file"]]
    sizes = [line[4] for line in files if len(line) == 6 and isinstance(line[4], int)]
    body = {
        "schema": "checkpoint/1",
        "epoch": 1,
        "seq": 1,
        "bytes": sum(sizes),
        "files": len(files),
        "piece_bytes": 64,
        "after": [],
        "lists": [[name, len(packed), digest.hexdigest(), raw_bytes]],
        "nonce": "0",
    } | head
    record = json.dumps(body).encode()
    checkpoint = checkpoint_name(CheckpointNumber(1, 1), record)
    store.create(manifest_key(checkpoint), record)
    return Pointer(1, 1, checkpoint, json.loads(record)["bytes"])
