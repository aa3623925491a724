"""What is known of the files in a tree, so that they needn't be read again."""

# A file counts as unchanged if its size, both times and inode are as they were, and if it was at
# rest when it was read. A change within the clock tick of the reading leaves no trace in any
# time. Nor does a write through a memory map while the page is dirty already. So `write_back`
# writes a file's pages out before it is read: the next write to each page then shows in the times.

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from sessionlib.checkpoints.errors import KeepsChanging, file_error, quote_path
from sessionlib.checkpoints.fsync import write_back
from sessionlib.checkpoints.scan import FileFingerprint, fingerprint_of

FINE_TICK_NS = 100_000_000
"""Above the tick of any system that counts in parts of a second."""
COARSE_TICK_NS = 2_000_000_000
"""For file systems that count in seconds, or in two of them."""

TRIES = 6
PAUSE_S = 0.05

_SECOND_NS = 1_000_000_000


class FileRecord(NamedTuple):
    """A file as it was read: the hashes of its pieces, and whether it was at rest then."""

    fingerprint: FileFingerprint
    hashes: tuple[bytes, ...]
    at_rest: bool


Index = dict[str, FileRecord]
"""By path below the tree's root."""


def known_unchanged(known: FileRecord | None, sig: FileFingerprint) -> bool:
    """Whether a file that looks like `sig` now certainly holds what it held when it was read."""
    return known is not None and known.at_rest and known.fingerprint == sig


def is_at_rest(sig: FileFingerprint, now_ns: int) -> bool:
    """Whether a change made after `now_ns` would show: see `time_there_ns`."""
    tick_ns = FINE_TICK_NS if sig.ctime_ns % _SECOND_NS else COARSE_TICK_NS
    return sig.ctime_ns < now_ns - tick_ns


def with_rest_renewed(index: Index, now_ns: int) -> Index:
    """The index of a tree that may be written to from `now_ns` on."""
    return {
        path: known._replace(at_rest=is_at_rest(known.fingerprint, now_ns))
        for path, known in index.items()
    }


@contextmanager
def open_settled(path: Path) -> Iterator[tuple[int, os.stat_result]]:
    """A regular file, settled, with its status before it is read.

    Raises FileNotFoundError where it is gone, FileTrouble, Unsettled where it has
    become something else.
    """
    try:
        # Non-blocking, or a pipe that took the file's place would hold us for ever.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise file_error(path, error) from None
    try:
        write_back(fd)
        yield fd, os.fstat(fd)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise file_error(path, error) from None
    finally:
        os.close(fd)


def is_same_as_opened(path: Path, fd: int, before: os.stat_result) -> bool:
    """Whether the file is, and is still called, what it was when it was opened."""
    with suppress(FileNotFoundError):
        there = path.stat(follow_symlinks=False)
        return fingerprint_of(before) == fingerprint_of(os.fstat(fd)) == fingerprint_of(there)
    return False


def keeps_changing_error(path: Path) -> KeepsChanging:
    return KeepsChanging(
        f"{quote_path(path)} changed each of the {TRIES} times it was read, so that no state of it "
        "can be kept: let `checkpoint.prepare` bring it to rest, or write it elsewhere"
    )
