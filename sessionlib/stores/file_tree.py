"""Files below one root, for the folder store: pinned, synced, failures as the port's errors."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from sessionlib.errors import Unknown, Unreachable
from sessionlib.layout import STATE

TEMPS = ".tmp"
DIGEST_PART_BYTES = 1024 * 1024

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_NO_FOLDER = (errno.ELOOP, errno.ENOTDIR)
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)
REFUSED = (
    *_NO_SPACE,
    errno.EACCES,
    errno.EISDIR,
    errno.EMLINK,
    errno.ENAMETOOLONG,
    errno.ENOSYS,
    errno.ENOTDIR,
    errno.EOPNOTSUPP,
    errno.EPERM,
    errno.EROFS,
    errno.EXDEV,
)
"""Answers to a link or rename that mean it wasn't done. ENOENT isn't one of them: a file
server that repeats a rename whose answer was lost finds the old name gone."""


class FolderFile(NamedTuple):
    """What was read from one file; `mtime_s` is by the file server's clock."""

    data: bytes
    mtime_s: float


class TempFile(NamedTuple):
    """A file that nobody else knows of, by its path below the root."""

    path: str
    mtime_s: float


class FileTree:
    """The files below a root that is held open.

    Every path is resolved from the open root. A folder unmounted or moved away
    in the middle of a call therefore can't make a file look missing, and nothing
    is written into the empty folder that a mount leaves behind.
    """

    def __init__(self, root: Path, fd: int) -> None:
        self.root = root
        self._fd = fd

    @contextmanager
    def nothing_happened(self, path: str) -> Iterator[None]:
        """For what only looks or prepares: any failure leaves the record as it was."""
        try:
            yield
        except OSError as error:
            raise self._unreachable(path, error) from error

    @contextmanager
    def may_have_happened(self, path: str, refused: Container[int] = ()) -> Iterator[None]:
        """For the deciding step and all after it: a failure not in `refused` leaves doubt."""
        try:
            yield
        except OSError as error:
            if error.errno in refused:
                raise self._unreachable(path, error) from error
            raise Unknown(
                f"{self.root / path}: {error.strerror}; it may have been written all the same"
            ) from error

    def _unreachable(self, path: str, error: OSError) -> Unreachable:
        if error.errno in _NO_SPACE:
            return Unreachable(f"no space left on {self.root}, nothing was written")
        return Unreachable(f"{self.root / path}: {error.strerror}")

    def names(self, folder: str) -> list[str]:
        """The names in `folder`; none where there is no such folder."""
        try:
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._fd)
        except (FileNotFoundError, NotADirectoryError):
            return []
        try:
            return os.listdir(fd)  # noqa: PTH208 - pathlib can't list an open folder
        finally:
            os.close(fd)

    def status(self, path: str, *, follow: bool = True) -> os.stat_result | None:
        """What is at `path`, None where nothing is."""
        try:
            return os.stat(path, dir_fd=self._fd, follow_symlinks=follow)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def size_bytes(self, path: str) -> int | None:
        """The size of the file at `path`, None where there is none."""
        status = self.status(path)
        if status is None:
            return None
        _require_file(status)
        return status.st_size

    def load(self, path: str, limit_bytes: int = -1) -> FolderFile | None:
        """The first `limit_bytes` of the file at `path`, None where there is none."""
        try:
            # Non-blocking, or a pipe that somebody made there would hold us for ever.
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK, dir_fd=self._fd)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            status = os.fstat(fd)
            _require_file(status)
            with os.fdopen(fd, "rb", closefd=False) as file:
                return FolderFile(file.read(limit_bytes), status.st_mtime)
        finally:
            os.close(fd)

    def digest(self, path: str) -> tuple[int, str] | None:
        """Size and SHA-256 in hex of the file at `path`, read to its end; None where none is."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK, dir_fd=self._fd)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            _require_file(os.fstat(fd))
            size_bytes, digest = 0, hashlib.sha256()
            while part := os.read(fd, DIGEST_PART_BYTES):
                size_bytes += len(part)
                digest.update(part)
            return size_bytes, digest.hexdigest()
        finally:
            os.close(fd)

    def same_file(self, one: str, other: str) -> bool:
        """Whether two paths lead to one file. Raises FileNotFoundError if either is gone."""
        return os.path.samestat(os.stat(one, dir_fd=self._fd), os.stat(other, dir_fd=self._fd))

    def link(self, source: str, target: str) -> None:
        """Give `source` a second name. Raises FileExistsError if that is taken."""
        try:
            with self._above(source) as (here, old), self._above(target) as (there, new):
                os.link(old, new, src_dir_fd=here, dst_dir_fd=there)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            why = f"{error.strerror}: a folder store needs hard links, has this file system any?"
            raise OSError(error.errno, why) from error

    def rename(self, source: str, target: str) -> None:
        with self._above(source) as (here, old), self._above(target) as (there, new):
            os.rename(old, new, src_dir_fd=here, dst_dir_fd=there)

    def unlink(self, path: str) -> None:
        with self._above(path) as (folder, name):
            os.unlink(name, dir_fd=folder)

    def sync(self, folder: str) -> None:
        """Put the names in `folder` onto the disk."""
        with self._open(folder) as fd:
            os.fsync(fd)

    @contextmanager
    def _above(self, path: str) -> Iterator[tuple[int, str]]:
        """The folder that `path` is in, held open, and its name there."""
        folder, _, name = path.rpartition("/")
        with self._open(folder) as fd:
            yield fd, name

    @contextmanager
    def _open(self, folder: str) -> Iterator[int]:
        """A folder that something is written in. Every step to it is a real folder: through a
        link, which anybody who shares the store could put there, we would write elsewhere."""
        fd = os.dup(self._fd)
        try:
            for name in filter(None, folder.split("/")):
                below = _step(fd, name)
                os.close(fd)
                fd = below
            yield fd
        finally:
            os.close(fd)

    def make_folder(self, folder: str) -> None:
        """Make `folder` and those above it, durably; no error where they exist."""
        if not folder or self.status(folder) is not None:
            return
        above = folder.rpartition("/")[0]
        self.make_folder(above)
        with suppress(FileExistsError), self._above(folder) as (fd, name):
            os.mkdir(name, dir_fd=fd)
        self.sync(above)

    @contextmanager
    def temp(self, data: bytes, *, synced: bool = True) -> Iterator[TempFile]:
        """A file holding `data` whole, removed afterwards unless it was renamed."""
        path = f"{TEMPS}/{os.getpid()}-{secrets.token_hex(8)}"
        try:
            with self.nothing_happened(path):
                mtime_s = self._write_new(path, data, synced)
            yield TempFile(path, mtime_s)
        finally:
            with suppress(OSError):
                self.unlink(path)

    def _write_new(self, path: str, data: bytes, synced: bool) -> float:
        self.make_folder(TEMPS)
        # Readable by everybody whom the umask allows: accounts share the folder.
        with self._above(path) as (folder, name):
            fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=folder)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(fd, rest) :]
            if synced:
                os.fsync(fd)
            return os.fstat(fd).st_mtime
        finally:
            os.close(fd)


@contextmanager
def open_tree(root: Path) -> Iterator[FileTree]:
    """The tree at `root`, for one call. Raises Unreachable unless a store is there."""
    fd = _open_root(root)
    try:
        yield FileTree(root, fd)
    finally:
        os.close(fd)


def _open_root(root: Path) -> int:
    """A missing root and one without `state/` are the same thing: a folder not mounted."""
    try:
        fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        raise _not_there(root) from None
    except NotADirectoryError:
        raise _in_the_way(root) from None
    except OSError as error:
        raise Unreachable(f"{root}: {error.strerror}") from error
    try:
        # Its name ends in a slash, so anything else than a folder is refused.
        os.stat(STATE, dir_fd=fd)
    except FileNotFoundError:
        os.close(fd)
        raise _not_there(root / STATE) from None
    except NotADirectoryError:
        os.close(fd)
        raise _in_the_way(root / STATE) from None
    except OSError as error:
        os.close(fd)
        raise Unreachable(f"{root / STATE}: {error.strerror}") from error
    return fd


def _step(fd: int, name: str) -> int:
    """The real folder `name` in an open one."""
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
    except OSError as error:
        if error.errno not in _NO_FOLDER:
            raise
        why = f"{name} is a link or a file, not a folder: nothing is written through it"
        raise OSError(errno.ENOTDIR, why) from error


def _not_there(path: Path) -> Unreachable:
    # Whoever runs `init` while the folder is only unmounted begins a second fleet.
    return Unreachable(
        f"{path} is not there: is the folder mounted? Only where no fleet was ever set up, "
        "`colabvps-console init` makes it"
    )


def _in_the_way(path: Path) -> Unreachable:
    return Unreachable(f"a file is in the way of the folder {path}: see what it is, and move it")


def _require_file(status: os.stat_result) -> None:
    """Something else at a file's place is no proof that the file is missing."""
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
