"""What a key may look like, the same for every adapter.

An adapter that could take more checks it too: a key that works in a test works in every store.
"""

from __future__ import annotations

import re

MAX_KEY_CHARS = 512
MAX_PART_CHARS = 200

_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
# Eighteen digits fit a 64-bit integer; a content hash made of digits alone is longer.
_NUMBER = re.compile(r"[0-9]{1,18}")


def check_key(key: str) -> None:
    """Raises ValueError for a key that the port doesn't allow.

    A last part that is only a number is refused as well: the folder store keeps
    the versions of a record under such names.
    """
    if not is_key(key):
        raise ValueError(f"not a key: {key!r:.80}")


def is_key(key: str) -> bool:
    """Whether `key` is one that the port allows."""
    return _well_formed(key) and not is_number(key.rpartition("/")[2])


def check_prefix(prefix: str) -> None:
    """Raises ValueError for anything but the start of a key up to and including a `/`."""
    if not prefix.endswith("/") or not _well_formed(prefix[:-1]):
        raise ValueError(f"not a prefix: {prefix!r:.80}")


def is_part(name: str) -> bool:
    """Whether `name` can stand between two slashes of a key."""
    return len(name) <= MAX_PART_CHARS and _PART.fullmatch(name) is not None


def is_number(name: str) -> bool:
    """Whether `name` is a version's name rather than a key's last part."""
    return _NUMBER.fullmatch(name) is not None


def _well_formed(path: str) -> bool:
    return len(path) <= MAX_KEY_CHARS and all(map(is_part, path.split("/")))
