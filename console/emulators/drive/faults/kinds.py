"""The table of faults: each name, the requests that it can befall, and what happens then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


class RequestKind(Enum):
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


DRIVE = frozenset(RequestKind) - {RequestKind.TOKEN}
WRITES = frozenset({RequestKind.WRITE})


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault."""

    name: str
    on: frozenset[RequestKind]
    says: str


_ANY = frozenset(RequestKind)
_READS = frozenset({RequestKind.READ, RequestKind.DOWNLOAD})
_LISTS = frozenset({RequestKind.LIST})
_CONDITIONAL = frozenset({RequestKind.CONDITIONAL})
_MAKES = frozenset({RequestKind.MAKE})
_GROWS = frozenset({RequestKind.MAKE, RequestKind.CONTENT})
_PIECES = frozenset({RequestKind.PIECE})

_ALL = [
    FaultKind("stale-get", _READS, "a read by id shows the file as it was some seconds ago"),
    FaultKind("unseen", _READS, "404: what another account made seconds ago isn't shown yet"),
    FaultKind("stale-list", _LISTS, "a listing shows its folder as it was half a minute ago"),
    FaultKind("delayed", _ANY, "carried out and answered seconds late"),
    FaultKind("lost", _ANY, "not carried out; the connection is closed"),
    FaultKind("lost-answer", _ANY, "carried out; the connection is closed without an answer"),
    FaultKind("half-answer", _ANY, "carried out; the connection is closed within the answer"),
    FaultKind(
        "late", WRITES, "the connection is closed, and the request carried out seconds later"
    ),
    FaultKind("duplicated", WRITES, "carried out twice; the first answer comes back"),
    FaultKind("duplicated-second", WRITES, "carried out twice; the second answer comes back"),
    FaultKind("spurious-412", _CONDITIONAL, "a true `If-Match` is refused"),
    FaultKind("wrong-etag", WRITES, "the answer to a write has the ETag and date from before it"),
    FaultKind("coarse-etag", WRITES, "the new ETag counts whole seconds: versions may share one"),
    FaultKind("rate-limit", DRIVE, "403 userRateLimitExceeded; not carried out"),
    FaultKind("rate-limit-done", WRITES, "403 userRateLimitExceeded, and carried out all the same"),
    FaultKind("retry-after", DRIVE, "429 with a Retry-After; not carried out"),
    FaultKind("html-5xx", _ANY, "a page with 500, 502 or 503; carried out half of the time"),
    FaultKind("expired-token", DRIVE, "401: the access token has run out before its time"),
    FaultKind("revoked", DRIVE, "401: the account's sign-in is withdrawn, for good"),
    FaultKind("full", _GROWS, "403 storageQuotaExceeded: no new file and no content fits"),
    FaultKind("trashed", _MAKES, "a new file is put into the bin at once"),
    FaultKind("duplicate-name", _MAKES, "beside a new file appears another of its name"),
    FaultKind("short-piece", _PIECES, "of a piece of a resumable upload only a part is kept"),
    FaultKind("non-atomic", _CONDITIONAL, "`If-Match` is checked, and written a moment later"),
]
KINDS: Mapping[str, FaultKind] = {kind.name: kind for kind in _ALL}
HOPELESS = frozenset({"coarse-etag", "non-atomic", "revoked", "trashed"})
"""What nobody gets over: a Drive that breaks its promises, and an owner who takes things away."""
