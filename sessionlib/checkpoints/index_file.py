"""What is known of a tree's files, kept for the agent's next start.

It is believed within the same boot and on the same device: after a power cut a file may hold
less than its times say. Without it, everything is read again.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from sessionlib.checkpoints.file_index import FileRecord, Index
from sessionlib.checkpoints.scan import FileFingerprint
from sessionlib.clock import boot_id

SAVE_AFTER_BYTES = 256_000_000
"""So much must have been read since the last time for the index to be written again."""

_NAME = "index.jsonl"


def save(room: Path, root: Path, index: Index) -> None:
    """Keep the index of the tree at `root`. Best effort."""
    with suppress(OSError):
        lines = [_line(path, known) for path, known in index.items() if known.at_rest]
        body = "".join(lines).encode()
        head = {"of": _identity(root), "sha256": hashlib.sha256(body).hexdigest()}
        room.mkdir(parents=True, exist_ok=True)
        draft = room / f".{_NAME}.draft"
        draft.write_bytes(json.dumps(head).encode() + b"\n" + body)
        draft.replace(room / _NAME)


def load(room: Path, root: Path) -> Index:
    """The index of the tree at `root`; empty where none can be believed."""
    with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
        head, _, body = (room / _NAME).read_bytes().partition(b"\n")
        stated = json.loads(head)
        is_whole = stated["sha256"] == hashlib.sha256(body).hexdigest()
        if is_whole and stated["of"] == _identity(root):
            return dict(_known(json.loads(line)) for line in body.splitlines())
    return {}


def _identity(root: Path) -> str:
    boot = boot_id()
    if boot is None:
        raise OSError("the system doesn't say which boot this is")
    return f"{boot} {root.stat().st_dev} {root}"


def _line(path: str, known: FileRecord) -> str:
    return json.dumps([path, known.fingerprint, b"".join(known.hashes).hex()]) + "\n"


def _known(fields: Any) -> tuple[str, FileRecord]:
    path, sig, hashes = fields
    raw, size = bytes.fromhex(hashes), hashlib.sha256().digest_size
    parts = tuple(raw[begin : begin + size] for begin in range(0, len(raw), size))
    return path, FileRecord(FileFingerprint(*sig), parts, at_rest=True)
