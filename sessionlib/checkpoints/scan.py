"""What a directory holds, without reading a file."""

# Folders, files and links that stay inside belong into a checkpoint. Sockets, pipes and devices
# are left out and named. A link that leads out is refused: neither it nor what it points at
# would be the same on another machine. Hard links become files of their own.

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sessionlib.checkpoints.errors import FileError, Unsuitable, file_error, quote_path
from sessionlib.checkpoints.manifest import MAX_ENTRIES, MODE_BITS, FolderEntry, LinkEntry
from sessionlib.checkpoints.safe_paths import ROOT, problem_with_path, stays_inside

_IN_MEMORY = {"tmpfs", "ramfs", "hugetlbfs"}


class FileFingerprint(NamedTuple):
    """By what a file is known to be as it was: if it has changed, one of these has."""

    bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class ScannedFile(NamedTuple):
    """A file, with its rights and what it was known by when it was looked at."""

    path: str
    mode: int
    fingerprint: FileFingerprint


@dataclass(slots=True)
class DirectoryScan:
    """The tree at `root` as it was found; parents before what is in them, else by name.

    `now_ns` is the time by its file system from before it was looked at.
    """

    root: Path
    now_ns: int = 0
    folders: list[FolderEntry] = field(default_factory=list)
    files: list[ScannedFile] = field(default_factory=list)
    links: list[LinkEntry] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def scan(root: Path) -> DirectoryScan:
    """Look at all that is below `root`. Raises Unfit, or FileTrouble."""
    found = DirectoryScan(root, file_system_time_ns(root.parent))
    for path, status in _walk(root):
        problem = None if path == ROOT else problem_with_path(path)
        if problem is not None:
            raise Unsuitable(f"{quote_path(root / path)} {problem}")
        if stat.S_ISDIR(status.st_mode):
            found.folders.append(FolderEntry(path, status.st_mode & MODE_BITS, status.st_mtime_ns))
        elif stat.S_ISREG(status.st_mode):
            found.files.append(
                ScannedFile(path, status.st_mode & MODE_BITS, fingerprint_of(status))
            )
        elif stat.S_ISLNK(status.st_mode):
            found.links.append(LinkEntry(path, _target(root, path)))
        else:
            found.skipped.append(path)
    if len(found.files) + len(found.folders) + len(found.links) > MAX_ENTRIES:
        raise Unsuitable(
            f"{quote_path(root)} holds more than {MAX_ENTRIES} files and folders, which is more "
            "than a checkpoint can list: pack some of them into one"
        )
    return found


def file_system_time_ns(folder: Path) -> int:
    """What time the file system at `folder` says it is. Raises FileTrouble.

    0 where its times don't tell of writes through a memory map: so that no file
    there is ever taken for at rest, and all are read. They are in memory anyway.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            status = os.fstat(file.fileno())
    except OSError as error:
        raise file_error(folder, error) from None
    return 0 if _kind_of(status.st_dev) in _IN_MEMORY else status.st_mtime_ns


def fingerprint_of(status: os.stat_result) -> FileFingerprint:
    return FileFingerprint(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def _kind_of(device: int) -> str:
    """The kind of the file system with this number; empty where that can't be seen."""
    number = f"{os.major(device)}:{os.minor(device)}"
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/self/mountinfo").read_text(errors="replace").splitlines():
            fields = line.split()
            if fields[2] == number:
                return fields[fields.index("-") + 1]
    return ""


def _walk(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Each path with its status; what goes away in the meantime isn't there."""
    try:
        yield ROOT, root.stat()
    except OSError as error:
        raise file_error(root, error) from None
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        below = []
        for name, status in _entries(root, folder):
            path = f"{folder}{name}"
            yield path, status
            if stat.S_ISDIR(status.st_mode):
                below.append(f"{path}/")
        waiting += reversed(below)


def _entries(root: Path, folder: str) -> Iterator[tuple[str, os.stat_result]]:
    try:
        with os.scandir(root / folder) as entries:
            names = sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    except OSError as error:
        raise file_error(root / folder, error) from None
    for entry in names:
        try:
            yield entry.name, entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise file_error(root / folder / entry.name, error) from None


def _target(root: Path, path: str) -> str:
    try:
        target = os.readlink(root / path)  # noqa: PTH115 - pathlib tidies what it returns
    except OSError as error:
        raise FileError(f"{quote_path(root / path)} can't be read: {error.strerror}") from None
    if not stays_inside(path, target):
        raise Unsuitable(
            f"{quote_path(root / path)} is a link that leads, or may lead, out of the data "
            f"directory ({quote_path(target)}): put what it points at in its place, "
            "or move it elsewhere"
        )
    return target
