"""A checkpoint as others may have written it: its head, its lists, packed or plain, and names.

Whoever can write to the store can write a manifest, and every hash of it true. What
is accepted has no path and no link that leaves its folder, by another reckoning
than the reader's own: links are followed one by one, as a system would.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import zlib
from typing import Any

from sessionlib.checkpoints.errors import CheckpointDamaged
from sessionlib.checkpoints.manifest import (
    Blob,
    EntryListBlob,
    FileEntry,
    FolderEntry,
    LinkEntry,
    Manifest,
    ManifestHead,
)
from sessionlib.checkpoints.manifest_parser import decode_head, decode_lists, unpack
from sessionlib.checkpoints.manifest_writer import encode_head, encode_lists
from sessionlib.checkpoints.safe_paths import ROOT
from sessionlib.checkpoints.store_names import (
    CheckpointNumber,
    blob_number,
    checkpoint_name,
    checkpoint_number,
)
from sessionlib.stores.keys import check_key, check_prefix
from tests.fuzz.target import Target

PIECE_BYTES = 8
_MARK = re.compile(rb'"epoch": ?([0-9]{1,10}), ?"seq": ?([0-9]{1,10})')
_LINKS_FOLLOWED = 40
"""As many as Linux follows."""


def _head(data: bytes) -> ManifestHead:
    """Under the name that it would have if its writer were honest about nothing else."""
    match = _MARK.search(data)
    mark = CheckpointNumber(int(match[1]), int(match[2])) if match else CheckpointNumber(1, 1)
    return decode_head(checkpoint_name(mark, data), data)


def _head_holds(head: ManifestHead) -> None:
    again = encode_head(head)
    assert decode_head(checkpoint_name(head.number, again), again) == head
    assert all(blob_number(part.blob.name) for part in head.lists)


def _lists(data: bytes) -> Manifest:
    """Lines of a manifest whose head says just what they hold."""
    files, size = 0, 0
    for line in data.splitlines():
        fields = _json(line)
        if isinstance(fields, list) and len(fields) == 6 and fields[0] == "file":
            files += 1
            size += fields[4] if isinstance(fields[4], int) else 0
    head = ManifestHead(1, 1, size, files, PIECE_BYTES, (), (), "")
    return decode_lists("1-1-" + "0" * 32, head, [data])


def _json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def manifest_holds(manifest: Manifest) -> None:
    """All that a restore relies on."""
    entries: list[FolderEntry | FileEntry | LinkEntry] = [
        *manifest.folders,
        *manifest.files,
        *manifest.links,
    ]
    paths = [entry.path for entry in entries]
    assert len(set(paths)) == len(paths)
    folders = {folder.path for folder in manifest.folders}
    for path in paths:
        if path != ROOT:
            assert posixpath.normpath(f"/r/{path}") == f"/r/{path}"
            assert posixpath.normpath(f"/r/{path}").startswith("/r/")
            assert (posixpath.dirname(path) or ROOT) in folders
    links = {link.path: link.target for link in manifest.links}
    for path in links:
        _require_inside(path, links)
    for file in manifest.files:
        assert sum(piece.size_bytes for piece in file.pieces) == file.size_bytes
        for piece in file.pieces:
            assert 0 <= piece.offset <= piece.blob.size_bytes - piece.size_bytes
            assert piece.blob in manifest.blobs
    again = decode_lists(manifest.name, manifest.head, _written(manifest))
    assert (again.folders, again.files, again.links) == (
        manifest.folders,
        manifest.files,
        manifest.links,
    )


def _written(manifest: Manifest) -> list[bytes]:
    packed = encode_lists(manifest.folders, manifest.files, manifest.links)
    return [zlib.decompress(part) for part, _ in packed]


def _require_inside(path: str, links: dict[str, str]) -> None:
    """Follow `path` as a system does: name by name, each link's target put in its place."""
    waiting = path.split("/")
    here: list[str] = []
    followed = 0
    while waiting:
        name = waiting.pop(0)
        if name in {"", "."}:
            continue
        if name == "..":
            assert here, f"{path!r} leads out"
            here.pop()
            continue
        here.append(name)
        target = links.get("/".join(here))
        if target is not None:
            followed += 1
            if followed > _LINKS_FOLLOWED:
                return
            assert not target.startswith("/"), f"{path!r} leads out"
            here.pop()
            waiting = target.split("/") + waiting


def _packed(data: bytes) -> tuple[int, bytes]:
    """A packed list that says in its first two bytes how long it is unpacked."""
    raw_bytes, body = int.from_bytes(data[:2], "big"), data[2:]
    blob = Blob("1-1-00000000-0-" + "0" * 16, len(body), hashlib.sha256(body).digest())
    return raw_bytes, unpack(EntryListBlob(blob, raw_bytes), body)


def _packed_holds(found: tuple[int, bytes]) -> None:
    said, raw = found
    assert len(raw) == said


def _name(data: bytes) -> str:
    """A key of the store, or the start of one; and what goes for a checkpoint's name."""
    text = data.decode("utf-8", "surrogateescape")
    for mark in (checkpoint_number(text), blob_number(text)):
        assert mark is None or text.startswith(f"{mark.epoch}-{mark.seq}-")
    if text.endswith("/"):
        check_prefix(text)
    else:
        check_key(text)
    return text


def _name_holds(text: str) -> None:
    assert text.isascii()
    assert len(text) <= 513
    assert posixpath.normpath(f"/r/{text}") == f"/r/{text}".rstrip("/")
    assert not any(part.startswith(".") for part in text.split("/"))
    assert not text.rpartition("/")[2].isdigit() or len(text.rpartition("/")[2]) > 18


TARGETS = (
    Target(
        "manifest",
        "checkpoints.manifest_parser.decode_head",
        _head,
        (CheckpointDamaged,),
        _head_holds,
        "json",
    ),
    Target(
        "lists",
        "checkpoints.manifest_parser.decode_lists",
        _lists,
        (CheckpointDamaged,),
        manifest_holds,
        "json",
    ),
    Target(
        "packed-list",
        "checkpoints.manifest_parser.unpack",
        _packed,
        (CheckpointDamaged,),
        _packed_holds,
    ),
    Target(
        "name",
        "stores.keys.check_key, check_prefix; checkpoints.store_names",
        _name,
        (ValueError,),
        _name_holds,
        longest=700,
    ),
)
