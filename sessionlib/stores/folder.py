"""A store in a folder that several machines share: the conditional write, and why one writer wins.

A record `x.json` is a chain of immutable versions `x/1`, `x/2`, ...; the highest is the record.
`create` makes `x.json` itself, which is version 0. `replace` of version n links a finished file
to the name `x/<n+1>`. The link fails if the name is taken, and that alone decides. There is no
lock, so a frozen or killed writer keeps nothing from the others. From version 1 on `x.json` is
a copy for people, and is never read while the chain is there.

Versions up to H - KEEP are pruned once H is the highest. That is the weak spot: a writer frozen
before its link may wake when its name was pruned, and find it free again. So whoever linked n+1
lists the chain afterwards:

  Only somebody who saw a height of n+1+KEEP or more removes the name n+1. Heights never fall,
  for the highest is never pruned. So a listing after the link that shows n+KEEP or less proves
  that n+1 had not been removed before: ours was its first link. Nobody links n+2 without having
  seen n+1 as the highest. So n, the highest that we had seen, was the record until then.

A higher listing proves nothing, and the answer is Unknown. The late link lies far below the
highest, nobody reads it, and the next pruning takes it.

Assumed of the file system: link is exclusive, and a listing is one moment of the folder. A
chain stays so short that one system call lists it whole.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sessionlib.clock import Clock
from sessionlib.errors import StoreError
from sessionlib.layout import FOLDERS
from sessionlib.ports import Conflict, Found, Proof, Unknown, Unreachable, Version
from sessionlib.stores.file_tree import REFUSED, TEMPS, FileTree, TempFile, open_tree
from sessionlib.stores.keys import (
    MAX_KEY_CHARS,
    check_key,
    check_prefix,
    is_key,
    is_number,
    is_part,
)
from sessionlib.stores.server_clock import ServerClock

KEEP = 16
MAX_READ_BYTES = 1024 * 1024 + 1
"""Where `read` stops: one byte past any record, so that its reader sees that it is too large."""
READ_TRIES = 8
LEFTOVER_S = 3600.0
SWEEP_EVERY_S = 600.0

_RECORD_SUFFIX = ".json"
_CHAIN_SUFFIX = ".versions"


class FolderStore:
    """The port over a POSIX folder that has hard links."""

    kind = "folder"

    def __init__(self, root: Path, clock: Clock) -> None:
        self.root = root.absolute()
        self._time = ServerClock(clock)
        self._swept_boot: float | None = None

    def provision(self) -> None:
        """Make the folders of a new store; what exists already stays. Raises Unreachable."""
        try:
            for folder in (*FOLDERS, TEMPS):
                (self.root / folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unreachable(f"{error.filename}: {error.strerror}") from error

    def clock_ahead_s(self) -> float | None:
        """How far the folder's clock is ahead of this machine's, as `ServerClock` says it."""
        return self._time.ahead_s()

    def read(self, key: str) -> Found | None:
        """The port's promise, cut off at MAX_READ_BYTES. What `put` wrote has version 0."""
        check_key(key)
        with open_tree(self.root) as tree, tree.nothing_happened(key):
            for _ in range(READ_TRIES):
                height = _height(tree, key)
                file = tree.load(_place(key, height), MAX_READ_BYTES)
                if height and file is None:
                    continue  # pruned since it was listed
                if not height and _height(tree, key):
                    continue  # what we read as version 0 may be the copy of a later one
                if file is None:
                    return None
                self._read_server_clock(tree)
                return Found(file.data, str(height), self._time.age_s(file.mtime_s))
        raise Unreachable(f"{self.root / key} changes faster than it can be read")

    def create(self, key: str, data: bytes) -> Version:
        check_key(key)
        with open_tree(self.root) as tree:
            with tree.nothing_happened(key):
                if _height(tree, key) or tree.status(key):
                    raise Conflict(f"{key} exists already")
            with self._temp(tree, data) as temp:
                _link(tree, temp, key)
        return "0"

    def replace(self, key: str, data: bytes, expected: Version) -> Version:
        check_key(key)
        with open_tree(self.root) as tree:
            with tree.nothing_happened(key):
                seen = _current(tree, key, expected)
            with self._temp(tree, data) as temp:
                _link(tree, temp, _place(key, seen + 1))
            with tree.may_have_happened(key):
                height = _height(tree, key)
            _prune(tree, key, height)
            if not seen < height <= seen + KEEP:
                raise Unknown(f"{key}: stood at {height} after {seen + 1} was written")
            if height == seen + 1:
                _copy_for_people(tree, key, data)
        return str(seen + 1)

    def list(self, prefix: str) -> list[str]:
        """The keys at any depth below `prefix`, sorted."""
        check_prefix(prefix)
        with open_tree(self.root) as tree, tree.nothing_happened(prefix):
            found = {key for key in _walk(tree, prefix) if key.startswith(prefix)}
            # Somebody's folders may be deeper than a key is long, or called as no record is.
            return sorted(filter(is_key, found))

    def put(self, key: str, data: bytes) -> None:
        check_key(key)
        folder = key.rpartition("/")[0]
        with open_tree(self.root) as tree, self._temp(tree, data) as temp:
            with tree.nothing_happened(key):
                tree.make_folder(folder)
            with tree.may_have_happened(key, REFUSED):
                tree.rename(temp.path, key)
            with tree.may_have_happened(key):
                tree.sync(folder)

    def get(self, key: str) -> bytes | None:
        check_key(key)
        with open_tree(self.root) as tree, tree.nothing_happened(key):
            file = tree.load(key)
            return None if file is None else file.data

    def has(self, key: str) -> int | None:
        check_key(key)
        with open_tree(self.root) as tree, tree.nothing_happened(key):
            return tree.size_bytes(key)

    def proof(self, key: str) -> Proof | None:
        """Reads the file back; from the system's cache, where it is still there."""
        check_key(key)
        with open_tree(self.root) as tree, tree.nothing_happened(key):
            found = tree.digest(key)
            return None if found is None else Proof(found[0], "sha256", found[1])

    def delete(self, key: str) -> None:
        check_key(key)
        with open_tree(self.root) as tree:
            with tree.nothing_happened(key):
                if tree.status(key) is None:
                    return
            with tree.may_have_happened(key, REFUSED), suppress(FileNotFoundError):
                tree.unlink(key)
            with tree.may_have_happened(key):
                tree.sync(key.rpartition("/")[0])

    @contextmanager
    def _temp(self, tree: FileTree, data: bytes) -> Iterator[TempFile]:
        """A synced temporary file, which also tells the server's time."""
        before_boot = self._time.reading()
        with tree.temp(data) as temp:
            self._time.note_file_time(temp.mtime_s, before_boot)
            self._sweep(tree, before_boot)
            yield temp

    def _read_server_clock(self, tree: FileTree) -> None:
        """A store that only reads writes an empty file once a minute to learn the time.

        Where it can't, the last look counts on, or our own wall clock.
        """
        if self._time.is_fresh():
            return
        before_boot = self._time.reading()
        with suppress(StoreError), tree.temp(b"", synced=False) as temp:
            self._time.note_file_time(temp.mtime_s, before_boot)

    def _sweep(self, tree: FileTree, now_boot: float) -> None:
        """Remove what killed writers left. Best effort: a leftover is in nobody's way.

        A writer that slept for so long loses its file, and its link then fails.
        """
        if self._swept_boot is not None and now_boot - self._swept_boot < SWEEP_EVERY_S:
            return
        self._swept_boot = now_boot
        with suppress(OSError):
            for name in tree.names(TEMPS):
                path = f"{TEMPS}/{name}"
                status = tree.status(path)
                if status is not None and self._time.age_s(status.st_mtime) > LEFTOVER_S:
                    tree.unlink(path)


def _chain(key: str) -> str:
    """The folder that holds a record's versions."""
    if key.endswith(_RECORD_SUFFIX):
        return key.removesuffix(_RECORD_SUFFIX)
    return key + _CHAIN_SUFFIX


def _record(chain: str) -> str:
    """The key whose versions are in `chain`."""
    if chain.endswith(_CHAIN_SUFFIX):
        return chain.removesuffix(_CHAIN_SUFFIX)
    return chain + _RECORD_SUFFIX


def _place(key: str, version: int) -> str:
    return f"{_chain(key)}/{version}" if version else key


def _height(tree: FileTree, key: str) -> int:
    """The highest version in the chain, 0 where there is no chain."""
    return max(map(int, filter(is_number, tree.names(_chain(key)))), default=0)


def _current(tree: FileTree, key: str, expected: Version) -> int:
    """`expected` as the number of the version that stands now. Raises Conflict.

    More than an early way out: without it a version that never was could be
    named, and a link made above a gap, which the proof rules out.
    """
    height = _height(tree, key)
    if str(height) != expected or (height == 0 and tree.status(key) is None):
        raise Conflict(f"{key} is no longer at version {expected!r:.24}")
    return height


def _link(tree: FileTree, temp: TempFile, target: str) -> None:
    """The one step that decides. Raises Conflict if the name is taken by somebody else."""
    folder = target.rpartition("/")[0]
    with tree.nothing_happened(target):
        tree.make_folder(folder)
    with tree.may_have_happened(target, REFUSED):
        try:
            tree.link(temp.path, target)
        except FileExistsError:
            # NFS repeats a link whose answer was lost, and then finds our own file there.
            if not tree.same_file(temp.path, target):
                raise Conflict(f"{target} was written by somebody else") from None
    with tree.may_have_happened(target):
        tree.sync(folder)


def _prune(tree: FileTree, key: str, height: int) -> None:
    """Remove what is KEEP or more below `height`. Best effort: the next writer goes on."""
    chain = _chain(key)
    with suppress(OSError):
        for name in filter(is_number, tree.names(chain)):
            if int(name) <= height - KEEP:
                with suppress(FileNotFoundError):
                    tree.unlink(f"{chain}/{name}")


def _copy_for_people(tree: FileTree, key: str, data: bytes) -> None:
    """Bring `x.json` up to date. Best effort: the record has been written already.

    A file of its own and not one more link, for people edit files in place.
    """
    with suppress(OSError, StoreError), tree.temp(data, synced=False) as temp:
        tree.rename(temp.path, key)


def _walk(tree: FileTree, folder: str) -> Iterator[str]:
    """The keys below `folder`, which ends in `/`; a chain's versions stand for its record."""
    for name in tree.names(folder):
        path = folder + name
        if is_number(name):
            yield _record(folder[:-1])
        elif is_part(name) and len(path) <= MAX_KEY_CHARS:
            # No deeper than keys go, for who reads must end; and not through links to folders,
            # of which one may lead upwards.
            status = tree.status(path, follow=False)
            if status is None:
                continue
            if stat.S_ISDIR(status.st_mode):
                yield from _walk(tree, path + "/")
            elif stat.S_ISREG(status.st_mode):
                yield path
