"""What the agent and the console ask of a store: the calls, and what each promises.

`tests/contract` holds every adapter to this page. Two kinds of value live in a store. *Records*
are small and conditional: `create` and `replace` have exactly one winner however many race, and
the lease is one of them. *Blobs* are whole files that one writer owns, or whose name is their
content: `put` is atomic for readers, and the last one stands. There is deliberately no
unconditional write of a record, and no lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sessionlib.errors import Conflict, Unknown, Unreachable

__all__ = ["Conflict", "Found", "Proof", "Store", "Unknown", "Unreachable", "Version"]

Version = str
"""Opaque: compared for equality only, never ordered, never parsed by a caller."""


@dataclass(frozen=True, slots=True)
class Found:
    """What stood under a key.

    `age_s` is the time since it was written by the *store's* clock. It is for
    showing and for voiding an order; no lease is ever judged by it.
    """

    data: bytes
    version: Version
    age_s: float


@dataclass(frozen=True, slots=True)
class Proof:
    """What the store itself says of a blob that it holds: its size, and a hash of it in hex.

    `kind` is the hash that the store keeps or makes, `sha256` or `md5`: whoever
    wrote the blob computes the same and compares. An answer is about the bytes
    that the store would return now, not about those that it was sent.
    """

    bytes: int
    kind: str
    digest: str


class Store(Protocol):
    """A shared place with conditional writes.

    Keys are relative paths with `/`, of the characters `A-Za-z0-9._-`, no part
    of them starting with a dot, at most 512 characters long and 200 in each
    part. The last part has a character that is no digit, and beside a record
    `x.json` nothing is called `x`: adapters keep versions there. Every call may
    raise `Unreachable`; calls that write may raise `Unknown`. Calls block; the
    caller brings its own time-outs. Those on blobs may be made from several threads
    at once, the others from any one thread at a time.

    What `put` wrote can be read, but its version doesn't tell two puts apart:
    no key is written both ways.
    """

    kind: str

    def read(self, key: str) -> Found | None:
        """What stands under `key`, or None where there is certainly nothing."""

    def create(self, key: str, data: bytes) -> Version:
        """Write a record that must not exist yet. Raises `Conflict` if it does."""

    def replace(self, key: str, data: bytes, expected: Version) -> Version:
        """Write a record over exactly the version `expected`. Raises `Conflict` otherwise."""

    def list(self, prefix: str) -> list[str]:
        """The keys below `prefix` (which ends in `/`), at any depth, sorted."""

    def put(self, key: str, data: bytes) -> None:
        """Write a blob whole. For keys with one writer, or named by their content."""

    def get(self, key: str) -> bytes | None:
        """A blob's bytes, or None."""

    def has(self, key: str) -> int | None:
        """A blob's size in bytes as the store reports it, or None."""

    def proof(self, key: str) -> Proof | None:
        """What the store holds under a blob's key, as it reports it; None where there is nothing.

        One that keeps no hash reads the blob back and makes one.
        """

    def delete(self, key: str) -> None:
        """Remove a blob; no error where there is none.

        Of records only for one that was created, is never replaced, and whose key
        nobody will create again: a manifest, whose name is its content.
        """
