"""What checkpoints and their blobs are called in the store.

A blob's name says under which epoch and sequence it was uploaded, and is given once. A
checkpoint's name ends in the hash of its manifest. The package's docstring rests on both.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from sessionlib.layout import DATA

BLOBS = f"{DATA}blobs/"
MANIFESTS = f"{DATA}manifests/"

_NUMBER = "(0|[1-9][0-9]{0,9})"
_BLOB = re.compile(rf"{_NUMBER}-{_NUMBER}-[0-9a-f]{{8}}-{_NUMBER}-[0-9a-f]{{16}}")
_CHECKPOINT = re.compile(rf"{_NUMBER}-{_NUMBER}-[0-9a-f]{{32}}")
MAX_NAME_CHARS = 56
MAX_NUMBER = 9_999_999_999


class CheckpointNumber(NamedTuple):
    """When something was uploaded, as far as it can be ordered: its epoch and sequence."""

    epoch: int
    seq: int


def next_number(
    epoch: int, base: CheckpointNumber | None, last: CheckpointNumber | None
) -> CheckpointNumber:
    """The mark of a copy made under `epoch`, `base` being what the lease is known to point at
    and `last` what this session has made last. Above both: what was made last may be published
    by a write of which nothing is known yet, and no two checkpoints share a mark."""
    seqs = [mark.seq for mark in (base, last) if mark is not None and mark.epoch == epoch]
    return CheckpointNumber(epoch, max(seqs, default=0) + 1)


def blob_name(mark: CheckpointNumber, nonce: str, number: int, sha256: bytes) -> str:
    """A name that no upload but this one has: `nonce` is new for each copy."""
    return f"{mark.epoch}-{mark.seq}-{nonce}-{number}-{sha256.hex()[:16]}"


def checkpoint_name(mark: CheckpointNumber, record: bytes) -> str:
    """The name of the checkpoint whose manifest's record these bytes are."""
    return f"{mark.epoch}-{mark.seq}-{hashlib.sha256(record).hexdigest()[:32]}"


def blob_number(name: str) -> CheckpointNumber | None:
    """When the blob of this name was uploaded; None for a name that isn't a blob's."""
    return _mark(_BLOB.fullmatch(name))


def checkpoint_number(name: str) -> CheckpointNumber | None:
    """Epoch and sequence of the checkpoint of this name; None for another sort of name."""
    return _mark(_CHECKPOINT.fullmatch(name))


def blob_key(name: str) -> str:
    return BLOBS + name


def manifest_key(name: str) -> str:
    return f"{MANIFESTS}{name}.json"


def name_of_manifest(key: str) -> str:
    """The checkpoint that a key below MANIFESTS speaks of; not checked."""
    return key.removeprefix(MANIFESTS).removesuffix(".json")


def _mark(match: re.Match[str] | None) -> CheckpointNumber | None:
    return CheckpointNumber(int(match[1]), int(match[2])) if match else None
