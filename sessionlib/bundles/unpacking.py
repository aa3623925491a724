"""An archive as a folder again, trusting nothing in it."""

# Only plain files, folders and links that stay inside come out. Each has a path of its own, below
# folders that were made here. Links are made last, so nothing is written through one. The
# signed record bounds sizes and counts before anything is decompressed beyond them.

from __future__ import annotations

import gzip
import os
import tarfile
import zlib
from pathlib import Path
from typing import IO, cast

from sessionlib.bundles.records import MIB
from sessionlib.bundles.safe_links import stays_inside
from sessionlib.errors import ProgramError

_FILES = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE})
_COPY_BYTES = MIB
_UNREADABLE = (
    tarfile.TarError,
    zlib.error,
    gzip.BadGzipFile,
    EOFError,
    ValueError,
    LookupError,  # the library's own, for a map of holes that is torn
)


def unpack(archive: IO[bytes], into: Path, content_bytes: int, files: int) -> None:
    """Unpack into the empty folder `into`. Raises KitError; what came out till then stays."""
    try:
        with gzip.GzipFile(fileobj=archive, mode="rb") as zipped:
            plain = _BoundedReader(zipped, content_bytes)
            with tarfile.open(fileobj=cast("IO[bytes]", plain), mode="r|") as members:
                _Extractor(into, files).extract_all(members)
            plain.drain()
    except _UNREADABLE as error:
        raise ProgramError(f"the code's archive can't be read: {error}") from None
    except RecursionError:
        # The library calls itself for each of the headers that speak of the next one.
        raise ProgramError("the code's archive can't be read: headers without end") from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise ProgramError(f"the code can't be unpacked: {where}{error.strerror}") from None


class _BoundedReader:
    """Reads no more than it may have."""

    def __init__(self, source: gzip.GzipFile, limit_bytes: int) -> None:
        self._source = source
        self._left = limit_bytes

    def read(self, size: int) -> bytes:
        data = self._source.read(min(size, self._left + 1))
        self._left -= len(data)
        if self._left < 0:
            raise ProgramError("the code's archive unpacks to more than was signed: it is not used")
        return data

    def drain(self) -> None:
        """Read what is behind the archive's end: there must be no more than was signed."""
        while self.read(_COPY_BYTES):
            pass


class _Extractor:
    def __init__(self, into: Path, files: int) -> None:
        self._into = into
        self._files_left = files
        self._seen: set[str] = set()
        self._folders: set[str] = set()
        self._links: list[tuple[str, str]] = []

    def extract_all(self, members: tarfile.TarFile) -> None:
        for member in members:
            path = _path_of(member)
            if path in self._seen:
                raise _refused(path, "it stands twice")
            self._seen.add(path)
            self._make_folders(path.rpartition("/")[0])
            if member.type == tarfile.DIRTYPE:
                self._make_folders(path)
                continue
            self._files_left -= 1
            if self._files_left < 0:
                raise _refused(path, "there are more files than was signed")
            if member.type == tarfile.SYMTYPE:
                self._links.append((path, member.linkname))
            elif member.type in _FILES and not member.issparse():
                self._write(path, member, members)
            else:
                raise _refused(path, "it is neither a file, a folder nor a link")
        self._make_links()

    def _make_folders(self, path: str) -> None:
        """Make a folder and those above it, here and now: a file in its way is an error."""
        parts = path.split("/") if path else []
        for count in range(1, len(parts) + 1):
            folder = "/".join(parts[:count])
            if folder not in self._folders:
                (self._into / folder).mkdir(mode=0o755)
                self._folders.add(folder)

    def _write(self, path: str, member: tarfile.TarInfo, members: tarfile.TarFile) -> None:
        source = members.extractfile(member)
        if source is None:
            raise _refused(path, "it has no content")
        mode = 0o755 if member.mode & 0o100 else 0o644
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(self._into / path, flags, mode), "wb") as file:
            while data := source.read(_COPY_BYTES):
                file.write(data)

    def _make_links(self) -> None:
        for path, target in self._links:
            if not stays_inside(path, target):
                raise _refused(path, "it is a link that may lead out of the folder")
            (self._into / path).symlink_to(target)


def _path_of(member: tarfile.TarInfo) -> str:
    path = member.name
    parts = path.split("/")
    if "\0" in path or any(part in {"", ".", ".."} for part in parts):
        raise _refused(path, "its path leaves the folder, or isn't plain")
    return path


def _refused(path: str, why: str) -> ProgramError:
    return ProgramError(f"the code's archive is not used: {path!r:.200}: {why}")
