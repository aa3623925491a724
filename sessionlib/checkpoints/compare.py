"""Whether a directory holds what a checkpoint does, and nothing else: then it may be given up.

What can't be looked at makes a directory different. Times don't count: they are no work.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from sessionlib.checkpoints.errors import CheckpointError
from sessionlib.checkpoints.file_index import Index, known_unchanged, open_settled
from sessionlib.checkpoints.manifest import FileEntry, Manifest
from sessionlib.checkpoints.scan import ScannedFile, scan


def matches_manifest(root: Path, manifest: Manifest, index: Index) -> bool:
    """Compare by what is known of the files, and by reading those of which it isn't."""
    try:
        found = scan(root)
        files = {file.path: file for file in manifest.files}
        looks_alike = (
            not found.skipped
            and {(folder.path, folder.mode) for folder in found.folders}
            == {(folder.path, folder.mode) for folder in manifest.folders}
            and set(found.links) == set(manifest.links)
            and _file_facts(found.files)
            == {(file.path, file.mode, file.size_bytes) for file in manifest.files}
        )
        return looks_alike and all(
            _same(root, seen, files[seen.path], index, manifest.head.piece_bytes)
            for seen in found.files
        )
    except (CheckpointError, FileNotFoundError):
        return False


def _file_facts(files: list[ScannedFile]) -> set[tuple[str, int, int]]:
    return {(seen.path, seen.mode, seen.fingerprint.bytes) for seen in files}


def _same(root: Path, seen: ScannedFile, file: FileEntry, index: Index, step: int) -> bool:
    wanted = tuple(piece.sha256 for piece in file.pieces)
    known = index.get(seen.path)
    if known is not None and known_unchanged(known, seen.fingerprint):
        return known.hashes == wanted
    with open_settled(root / seen.path) as (fd, _):
        return all(
            hashlib.sha256(os.pread(fd, step, number * step)).digest() == sha256
            for number, sha256 in enumerate(wanted)
        )
