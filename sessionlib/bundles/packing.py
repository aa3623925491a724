"""A folder as one archive, the same to the byte for the same content.

Names, content and the right to execute go in; owners and times don't. Links that leave the
folder, devices, pipes, names that aren't UTF-8, and anything above the bounds are refused.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import stat
import tarfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from sessionlib.bundles.ignore_rules import IGNORE_FILE, IsIgnored, load_ignore_rules
from sessionlib.bundles.records import MAX_CONTENT_BYTES, MAX_FILES, MIB, Archive
from sessionlib.bundles.safe_links import stays_inside
from sessionlib.errors import ProgramError

Progress = Callable[[int], None]
"""Told how many bytes have been read so far."""

_READ_BYTES = MIB


@dataclass(frozen=True, slots=True)
class PackedArchive:
    """What an archive holds; the fields are those of `bundle.Published`."""

    archive: Archive
    content: str
    content_bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class PackEntry:
    """One thing in the folder, by its path relative to it."""

    path: str
    status: os.stat_result
    target: str = ""


def list_entries(folder: Path, skip: Collection[Path] = ()) -> list[PackEntry]:
    """Everything that belongs into the archive, sorted by path. Raises KitError.

    `skip` are places that are left out, wherever they are: the store itself, the
    accounts' work folders.
    """
    if not folder.is_dir():
        raise ProgramError(f"{folder} is not a folder: correct workload.code")
    skipped = frozenset(os.path.realpath(path) for path in skip)
    try:
        found = list(_walk(folder, "", load_ignore_rules(folder), skipped))
    except OSError as error:
        raise _unreadable(error) from None
    files = sum(not stat.S_ISDIR(entry.status.st_mode) for entry in found)
    if not files:
        raise ProgramError(f"there is nothing in {folder} that could be published")
    if files > MAX_FILES:
        raise ProgramError(f"{folder} has {files} files, more than {MAX_FILES}: {_LEAVE_OUT}")
    total = sum(entry.status.st_size for entry in found)
    if total > MAX_CONTENT_BYTES:
        raise ProgramError(
            f"{folder} has {total / MIB:.0f} MB, more than {MAX_CONTENT_BYTES // MIB}: {_LEAVE_OUT}"
        )
    return sorted(found, key=lambda entry: entry.path)


_LEAVE_OUT = (
    f"leave out what isn't the program, by a pattern in {IGNORE_FILE}, and let the program "
    "fetch or restore large data itself"
)


def pack(
    folder: Path, entries: list[PackEntry], into: IO[bytes], progress: Progress
) -> PackedArchive:
    """Write the archive of these entries. Raises KitError where one can't be read as it was, or
    there is no room."""
    try:
        return _pack(folder, entries, into, progress)
    except OSError as error:
        raise ProgramError(f"{folder} can't be packed: {error.strerror}") from None


def _pack(
    folder: Path, entries: list[PackEntry], into: IO[bytes], progress: Progress
) -> PackedArchive:
    stored = _Meter(into)
    file = cast("IO[bytes]", stored)
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as zipped:
        plain = _Meter(zipped)
        inner = cast("IO[bytes]", plain)
        with tarfile.open(fileobj=inner, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            for entry in entries:
                _add(archive, folder, entry)
                progress(plain.bytes)
    if plain.bytes > MAX_CONTENT_BYTES:
        raise ProgramError(f"{folder} is larger than {MAX_CONTENT_BYTES // MIB} MB: {_LEAVE_OUT}")
    files = sum(not stat.S_ISDIR(entry.status.st_mode) for entry in entries)
    return PackedArchive(Archive(stored.digest, stored.bytes), plain.digest, plain.bytes, files)


class _Meter:
    """Counts and hashes what is written through it."""

    def __init__(self, into: IO[bytes] | gzip.GzipFile) -> None:
        self._into = into
        self._hash = hashlib.sha256()
        self.bytes = 0

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def write(self, data: bytes) -> int:
        self._into.write(data)
        self._hash.update(data)
        self.bytes += len(data)
        return len(data)

    def flush(self) -> None:
        self._into.flush()


def _walk(
    folder: Path, below: str, ignored: IsIgnored, skipped: frozenset[str]
) -> Iterator[PackEntry]:
    with os.scandir(folder / below) as found:
        items = list(found)
    for item in items:
        path = f"{below}{item.name}"
        status = item.stat(follow_symlinks=False)
        is_folder = stat.S_ISDIR(status.st_mode)
        if ignored(path, is_folder) or os.path.realpath(item.path) in skipped:
            continue
        _require_name(path)
        if is_folder:
            yield PackEntry(path, status)
            yield from _walk(folder, f"{path}/", ignored, skipped)
        elif stat.S_ISLNK(status.st_mode):
            yield PackEntry(path, status, _target(folder, path))
        elif stat.S_ISREG(status.st_mode):
            yield PackEntry(path, status)
        else:
            raise ProgramError(
                f"{folder / path} is neither a file, a folder nor a link: {_LEAVE_OUT}"
            )


def _target(folder: Path, path: str) -> str:
    target = str((folder / path).readlink())
    if not stays_inside(path, target):
        raise ProgramError(
            f"the link {folder / path} leads to {target!r:.80}, which may be outside the folder: "
            f"put a copy in its place, or leave it out by a pattern in {IGNORE_FILE}"
        )
    return target


def _require_name(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ProgramError(f"the name {path!a:.200} isn't UTF-8: rename it") from None


def _add(archive: tarfile.TarFile, folder: Path, entry: PackEntry) -> None:
    member = tarfile.TarInfo(entry.path)
    mode = entry.status.st_mode
    if stat.S_ISDIR(mode):
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(member)
    elif stat.S_ISLNK(mode):
        member.type, member.mode, member.linkname = tarfile.SYMTYPE, 0o777, entry.target
        archive.addfile(member)
    else:
        member.mode = 0o755 if mode & stat.S_IXUSR else 0o644
        _add_file(archive, member, folder / entry.path)


def _add_file(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    try:
        # Whatever has come into its place since: no link is followed, no pipe waited for.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            member.size = status.st_size
            archive.addfile(member, file)
            changed = file.read(1) or os.fstat(handle).st_mtime_ns != status.st_mtime_ns
    except OSError as error:
        if error.errno is None or error.errno == errno.ELOOP:
            raise _changed(path) from None
        if error.filename is None:
            raise  # not the file's, but the archive's
        raise _unreadable(error) from None
    if changed or not stat.S_ISREG(status.st_mode):
        raise _changed(path)


def _changed(path: Path) -> ProgramError:
    return ProgramError(f"{path} changed while it was read: publish again when it stands still")


def _unreadable(error: OSError) -> ProgramError:
    return ProgramError(f"{error.filename}: {error.strerror}: make it readable, or leave it out")
