"""Locks that say who is in a home. A lock ends with its processes, so a kill leaves nothing behind.

Looking at one disturbs nobody for longer than a moment.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sessionlib.clock import Clock, sleep

LAUNCH_LOCK = "launch.lock"
"""Taken by a launcher before it starts an agent, and inherited by that agent: so from before
the agent exists until after its end there is no moment at which it is free."""
_PATIENCE_S = 1.0
_PAUSE_S = 0.01


@contextmanager
def locked(path: Path, clock: Clock) -> Iterator[int | None]:
    """The open lock, or None if somebody else has it. A look at it is waited for."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        until_mono = clock.now().mono + _PATIENCE_S
        while not _take(handle, fcntl.LOCK_EX):
            if clock.now().mono >= until_mono:
                yield None
                return
            sleep(_PAUSE_S)
        yield handle
    finally:
        # Closed and not unlocked: a child that has inherited it goes on holding it.
        os.close(handle)


def is_taken(path: Path) -> bool:
    """Whether somebody holds this lock. Raises OSError where that can't be told."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _take(handle, fcntl.LOCK_SH)
    finally:
        os.close(handle)


def _take(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EAGAIN, errno.EACCES}:
            return False
        raise
    return True
