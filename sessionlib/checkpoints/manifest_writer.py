"""A manifest as bytes: the lists are compressed lines, each a JSON array.

    ["blob", name, size, sha256]
    ["dir", path, mode, mtime_ns]            "." is the tree itself; parents come first
    ["file", path, mode, mtime_ns, size, [[blob, offset, sha256], ...]]
    ["link", path, target]

`blob` in a file's pieces counts the blob lines from 0. All pieces of a file are `piece_bytes`
long but the last. Bytes of a name that are no UTF-8 become lone surrogates, as in Python.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence

from sessionlib.checkpoints.manifest import SCHEMA, FileEntry, FolderEntry, LinkEntry, ManifestHead

LIST_RAW_BYTES = 4 * 1024 * 1024


def encode_head(head: ManifestHead) -> bytes:
    """The record, which `checkpoint_name` names."""
    body = {
        "schema": SCHEMA,
        "epoch": head.epoch,
        "seq": head.seq,
        "bytes": head.bytes,
        "files": head.files,
        "piece_bytes": head.piece_bytes,
        "after": head.after,
        "lists": [
            [part.blob.name, part.blob.size_bytes, part.blob.sha256.hex(), part.raw_bytes]
            for part in head.lists
        ],
        "nonce": head.nonce,
    }
    return json.dumps(body, separators=(",", ":")).encode()


def encode_lists(
    folders: Iterable[FolderEntry], files: Sequence[FileEntry], links: Iterable[LinkEntry]
) -> Iterator[tuple[bytes, int]]:
    """The lists, part by part: packed, and how large unpacked."""
    lines: list[bytes] = []
    size = 0
    for line in _lines(folders, files, links):
        if lines and size + len(line) > LIST_RAW_BYTES:
            yield _packed(lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield _packed(lines)


def _lines(
    folders: Iterable[FolderEntry], files: Sequence[FileEntry], links: Iterable[LinkEntry]
) -> Iterator[bytes]:
    numbers: dict[str, int] = {}
    for file in files:
        for piece in file.pieces:
            blob = piece.blob
            if blob.name not in numbers:
                numbers[blob.name] = len(numbers)
                yield _line("blob", blob.name, blob.size_bytes, blob.sha256.hex())
    for folder in folders:
        yield _line("dir", folder.path, folder.mode, folder.mtime_ns)
    for file in files:
        pieces = [[numbers[p.blob.name], p.offset, p.sha256.hex()] for p in file.pieces]
        yield _line("file", file.path, file.mode, file.mtime_ns, file.size_bytes, pieces)
    for link in links:
        yield _line("link", link.path, link.target)


def _line(*fields: object) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def _packed(lines: list[bytes]) -> tuple[bytes, int]:
    raw = b"".join(lines)
    # Mostly hashes, which don't shrink: the quickest level does as well as any.
    return zlib.compress(raw, 1), len(raw)
