"""The table of faults.

Decided here: the name of each, which requests it can befall, and a sentence on what
happens then. Not decided here: how often (`dice`), and how it is done (`course`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


class Sort(Enum):
    """What a request is, as far as faults care."""

    READ = auto()
    """A file's metadata, by its id."""
    LIST = auto()
    DOWNLOAD = auto()
    WRITE = auto()
    CONDITIONAL = auto()
    """A write with `If-Match`."""
    MAKE = auto()
    CONTENT = auto()
    """A write that brings a content, or a piece of one."""
    PIECE = auto()
    TOKEN = auto()
    """The token endpoint of the sign-in."""


DRIVE = frozenset(Sort) - {Sort.TOKEN}
WRITES = frozenset({Sort.WRITE})


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault."""

    name: str
    on: frozenset[Sort]
    says: str


_ANY = frozenset(Sort)
_READS = frozenset({Sort.READ, Sort.DOWNLOAD})
_LISTS = frozenset({Sort.LIST})
_CONDITIONAL = frozenset({Sort.CONDITIONAL})
_MAKES = frozenset({Sort.MAKE})
_GROWS = frozenset({Sort.MAKE, Sort.CONTENT})
_PIECES = frozenset({Sort.PIECE})

_ALL = [
    Kind("stale-get", _READS, "a read by id shows the file as it was some seconds ago"),
    Kind("unseen", _READS, "404: what another account made seconds ago isn't shown yet"),
    Kind("stale-list", _LISTS, "a listing shows its folder as it was half a minute ago"),
    Kind("delayed", _ANY, "carried out and answered seconds late"),
    Kind("lost", _ANY, "not carried out; the connection is closed"),
    Kind("lost-answer", _ANY, "carried out; the connection is closed without an answer"),
    Kind("half-answer", _ANY, "carried out; the connection is closed within the answer"),
    Kind("late", WRITES, "the connection is closed, and the request carried out seconds later"),
    Kind("duplicated", WRITES, "carried out twice; the first answer comes back"),
    Kind("duplicated-second", WRITES, "carried out twice; the second answer comes back"),
    Kind("spurious-412", _CONDITIONAL, "a true `If-Match` is refused"),
    Kind("wrong-etag", WRITES, "the answer to a write has the ETag and date from before it"),
    Kind("coarse-etag", WRITES, "the new ETag counts whole seconds: versions may share one"),
    Kind("rate-limit", DRIVE, "403 userRateLimitExceeded; not carried out"),
    Kind("rate-limit-done", WRITES, "403 userRateLimitExceeded, and carried out all the same"),
    Kind("retry-after", DRIVE, "429 with a Retry-After; not carried out"),
    Kind("html-5xx", _ANY, "a page with 500, 502 or 503; carried out half of the time"),
    Kind("expired-token", DRIVE, "401: the access token has run out before its time"),
    Kind("revoked", DRIVE, "401: the account's sign-in is withdrawn, for good"),
    Kind("full", _GROWS, "403 storageQuotaExceeded: no new file and no content fits"),
    Kind("trashed", _MAKES, "a new file is put into the bin at once"),
    Kind("duplicate-name", _MAKES, "beside a new file appears another of its name"),
    Kind("short-piece", _PIECES, "of a piece of a resumable upload only a part is kept"),
    Kind("non-atomic", _CONDITIONAL, "`If-Match` is checked, and written a moment later"),
]
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
HOPELESS = frozenset({"coarse-etag", "non-atomic", "revoked", "trashed"})
"""What nobody gets over: a Drive that breaks its promises, and an owner who takes things away."""
