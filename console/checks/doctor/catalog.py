"""What doctor checks: whether safety rests on it, what a failure means, and what to do then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One of them. `is_safety`: without it automatic takeover stays off."""

    id: str
    is_safety: bool
    says: str
    means: str
    cure: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one came to. `ok` is None where it couldn't be told."""

    id: str
    ok: bool | None
    text: str


_NO_TAKEOVER = "leave automatic takeover off, and approve takeovers by hand"
_REPORT = "run doctor again; if it stays, tell the project, with the output of --json"
_ALL = [
    Check(
        "stale-etag",
        True,
        "a write over a version that was replaced is refused, and changes nothing",
        "two sessions could both take the lease",
        _NO_TAKEOVER,
    ),
    Check(
        "others-etag",
        True,
        "so is one over a version that another account has replaced",
        "two sessions of different accounts could both take the lease",
        _NO_TAKEOVER,
    ),
    Check(
        "etag-moves",
        True,
        "each write makes another ETag, also for the other account, and however fast",
        "a write could be taken for one on a version that is long gone",
        _NO_TAKEOVER,
    ),
    Check(
        "race",
        True,
        "of many conditional writes at once exactly one succeeds, and it is what stands",
        "two sessions could both take the lease",
        _NO_TAKEOVER,
    ),
    Check(
        "size",
        True,
        "a description of the largest size that is used comes back whole",
        "a record could be lost",
        _REPORT,
    ),
    Check(
        "editors",
        True,
        "each account may write what the other has made",
        "a session of that account could neither renew nor claim",
        "run `colabvps-console init`, which shares the folder with every account as editor",
    ),
    Check(
        "freshness",
        False,
        "what one account has written the other reads at once",
        "a takeover or a move may take that much longer; nothing is unsafe",
        "nothing; compare with the ttl (`timings` in the configuration)",
    ),
    Check(
        "own-writes",
        False,
        "an account reads at once what it has written itself",
        "a session may take longer to know whether a write of its own was carried out",
        "nothing; compare with the ttl (`timings` in the configuration)",
    ),
    Check(
        "etag-form",
        False,
        "an ETag tells the time of its version, as was found before",
        "Google has changed how ETags are made; nothing here rests on it",
        "nothing",
    ),
    Check(
        "lost-connection",
        False,
        "a write whose answer was lost is found again by what it wrote",
        "a renewal may be given up that had succeeded",
        _REPORT,
    ),
    Check(
        "ids",
        False,
        "a file is made under an id that was asked for before, and never twice",
        "an upload that is repeated could make a second file",
        "watch the folder for files of one name",
    ),
    Check(
        "gone",
        False,
        "what its owner has put into the bin, or deleted, is said to be so to everybody",
        "a record that was removed by hand may go on being read",
        "remove nothing of the shared folder by hand while agents run",
    ),
    Check(
        "discards",
        False,
        "an account may move another's file aside, which its owner can then delete",
        "checkpoints of a former holder stay in the folder, and fill its owner's Drive",
        "delete old files below data/ by hand, as their owner, once in a while",
    ),
    Check(
        "names",
        False,
        "two files may have one name, as the store expects",
        "nothing here rests on it",
        "nothing",
    ),
    Check(
        "latency",
        False,
        "a call is answered well within the time-out",
        "renewals may fail, and the work be stopped for want of one",
        "raise `timings` (timeout, and ttl with it) in the configuration",
    ),
    Check(
        "owner",
        False,
        "the folder belongs to an account that holds no sessions",
        "if Google closes that account the folder goes with it",
        "sign in another one as operator, and make the folder anew with `init`",
    ),
    Check(
        "exclusive",
        True,
        "of many processes that create one file exactly one succeeds",
        "two sessions could both take the lease",
        "use another file system; one that is synchronised between machines won't do",
    ),
    Check(
        "read-back",
        True,
        "what one process has written another reads whole at once",
        "a session could go by a record that isn't the newest",
        "mount the folder without caching (for NFS: actimeo=0), or use another file system",
    ),
    Check(
        "sync",
        False,
        "a write is on the disk well within the time-out",
        "renewals may fail, and the work be stopped for want of one",
        "use a faster disk, or raise `timings` (timeout, and ttl with it) in the configuration",
    ),
    Check(
        "clock",
        False,
        "the folder's clock and this machine's agree",
        "ages are shown wrongly; nothing is judged by them",
        "set the clocks (NTP)",
    ),
]
CHECKS: Mapping[str, Check] = {check.id: check for check in _ALL}
ON_FOLDER = ("exclusive", "read-back", "sync", "clock")
ON_DRIVE = tuple(check.id for check in _ALL if check.id not in ON_FOLDER)
_AGAIN = "run doctor again, later"


def advice(one: CheckResult) -> tuple[str, str] | None:
    """What it means and what to do; None where all is well. What isn't known hasn't failed."""
    check = CHECKS[one.id]
    if one.ok is None:
        is_safety = check.is_safety
        means = "until it is known it hasn't passed" if is_safety else "nothing safe rests on it"
        return means, _AGAIN
    return None if one.ok else (check.means, check.cure)
