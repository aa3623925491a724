"""What can go wrong with a checkpoint, and how a failing file is put into a sentence.

A file's name is shown without what could harm a terminal or a record. The store's own errors
pass through unchanged.
"""

from __future__ import annotations

import errno
from pathlib import Path

from sessionlib.errors import ColabvpsError, RecordUnreadable

_FIXES = {
    errno.ENOSPC: "free some space on that disk, and it is tried again",
    errno.EDQUOT: "free some space under that quota, and it is tried again",
    errno.EACCES: "give the agent's user the right to read and write it",
    errno.EPERM: "give the agent's user the right to read and write it",
    errno.EIO: "that disk fails, see what the system's log says of it",
    errno.EROFS: "mount that file system for writing",
    errno.EBUSY: "a folder that is a mount point can't be switched: use one below it",
    errno.EXDEV: "a folder that is a mount point can't be switched: use one below it",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.EMFILE: "allow the agent more open files (ulimit -n)",
}
_MAX_SHOWN = 160


class CheckpointError(ColabvpsError):
    """A checkpoint that couldn't be made, fetched or restored; its text says what to do."""


class CheckpointCancelled(CheckpointError):
    """It was told to stop, and stopped between two pieces."""


class KeepsChanging(CheckpointError):
    """A file that changed each time it was read, so that no state of it can be published."""


class Unsuitable(CheckpointError):
    """A data directory that holds what no checkpoint can, such as a link that leads out."""


class FileError(CheckpointError):
    """The operating system refused something with a file of this machine."""


class UploadNotProven(CheckpointError):
    """The store doesn't report what it was given: such a checkpoint isn't published."""


class CheckpointMissing(CheckpointError):
    """A checkpoint, or a blob of one, that the store doesn't hold."""


class CheckpointDamaged(CheckpointError, RecordUnreadable):
    """A manifest, or a blob, that isn't what was published under its name."""


def quote_path(path: str | Path) -> str:
    """A file's name, fit for a sentence."""
    text = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    text = "".join(char if char.isprintable() else "?" for char in text)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"


def file_error(path: str | Path, error: OSError) -> FileError:
    """A failed call on a file as a sentence that names the file and the fix."""
    fix = _FIXES.get(error.errno or 0)
    return FileError(f"{quote_path(path)}: {error.strerror or error}" + (f"; {fix}" if fix else ""))
