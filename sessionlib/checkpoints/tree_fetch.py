"""Making a directory stand at a checkpoint, with as little fetched as will do."""

# Nobody else has the directory open: it is a shadow, or a fresh folder. What it holds counts for
# nothing until it is hashed, or stands in an index of this process's own. Nothing is written
# before it is hashed, nor through a link, nor into a file with another name elsewhere. Folders
# stay writable until `restore_modes` gives them their own rights and times, at the very end.

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sessionlib.checkpoints.catalog import read_blob
from sessionlib.checkpoints.errors import CheckpointDamaged, FileError, file_error, quote_path
from sessionlib.checkpoints.file_index import FileRecord, Index, known_unchanged, open_settled
from sessionlib.checkpoints.fsync import start_writeback, sync_tree
from sessionlib.checkpoints.manifest import Blob, FileEntry, FilePiece, LinkEntry, Manifest
from sessionlib.checkpoints.safe_paths import ROOT
from sessionlib.checkpoints.scan import fingerprint_of
from sessionlib.checkpoints.worker_pool import WorkerPool
from sessionlib.ports import Store

OWN_MODE = 0o700
WORTH_STARTING_BYTES = 1024 * 1024
SPARE_BYTES = 16 * 1024 * 1024
"""What a disk must have left beyond the files themselves."""


@dataclass(slots=True)
class FetchPlan:
    """The pieces that have to be fetched, by the blob they are in."""

    blobs: dict[Blob, list[tuple[FileEntry, int, FilePiece]]] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    bytes: int = 0
    new_bytes: int = 0

    def add(self, file: FileEntry, begin: int, piece: FilePiece) -> None:
        self.blobs.setdefault(piece.blob, []).append((file, begin, piece))
        self.touched.add(file.path)
        self.bytes += piece.size_bytes


class ShadowTree:
    """A directory, and what this process knows of the files in it."""

    def __init__(self, root: Path, index: Index | None = None) -> None:
        self.root = root
        self.index: Index = index or {}

    def update_to(
        self,
        manifest: Manifest,
        store: Store,
        crew: WorkerPool,
        on_progress: Callable[[int, int], None],
    ) -> int:
        """Make it hold what `manifest` lists, and no more; how many bytes were fetched.

        `tell` is given the bytes done and to be done. Raises CheckpointError, StoreError.
        """
        try:
            self._match_structure(manifest)
            wanted = self._plan_fetch(manifest, crew)
            self._check_space(wanted)
            done = 0
            waiting: deque[Future[int]] = deque()
            for blob, parts in wanted.blobs.items():
                job = lambda blob=blob, parts=parts: self._fetch(store, blob, parts, crew)  # noqa: E731 - binds the loop's values
                waiting.append(crew.submit(job))
                while waiting and waiting[0].done():
                    done += waiting.popleft().result()
                on_progress(done, wanted.bytes)
            while waiting:
                done += waiting.popleft().result()
                on_progress(done, wanted.bytes)
            self._finish(manifest, wanted, crew)
        except OSError as error:
            raise file_error(error.filename or self.root, error) from None
        return wanted.bytes

    def restore_modes(self, manifest: Manifest) -> None:
        """Give the folders their rights and times, the innermost first. Raises FileTrouble."""
        for folder in reversed(manifest.folders):
            path = self.root / folder.path
            try:
                path.chmod(folder.mode)
                os.utime(path, ns=(folder.mtime_ns, folder.mtime_ns))
            except OSError as error:
                raise file_error(path, error) from None

    def _match_structure(self, manifest: Manifest) -> None:
        """Remove what isn't listed, and make the folders and links that are."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(OWN_MODE)
        folders = {folder.path for folder in manifest.folders}
        files = {file.path for file in manifest.files}
        links = {link.path: link.target for link in manifest.links}
        waiting = [ROOT]
        while waiting:
            here = waiting.pop()
            with os.scandir(self.root / here) as entries:
                found = list(entries)
            for entry in found:
                path = entry.name if here == ROOT else f"{here}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    Path(entry.path).chmod(OWN_MODE)
                    if path in folders:
                        waiting.append(path)
                    else:
                        remove_tree(Path(entry.path))
                elif not (
                    (entry.is_file(follow_symlinks=False) and path in files)
                    or (entry.is_symlink() and links.get(path) == os.readlink(entry.path))  # noqa: PTH115 - pathlib tidies it
                ):
                    Path(entry.path).unlink()
                    self.index.pop(path, None)
        for folder in manifest.folders:
            (self.root / folder.path).mkdir(mode=OWN_MODE, exist_ok=True)
        for link in manifest.links:
            self._link(link)

    def _link(self, link: LinkEntry) -> None:
        with suppress(FileExistsError):  # then it leads where it should already
            (self.root / link.path).symlink_to(link.target)

    def _plan_fetch(self, manifest: Manifest, crew: WorkerPool) -> FetchPlan:
        step = manifest.head.piece_bytes
        held = [
            (file, crew.submit(lambda file=file: self._hash_existing(file, step)))  # type: ignore[misc]  # a default binds the loop's value
            for file in manifest.files
        ]
        wanted = FetchPlan()
        for file, future in held:
            size, hashes = future.result()
            wanted.new_bytes += max(0, file.size_bytes - size)
            if size != file.size_bytes:
                wanted.touched.add(file.path)
            for number, piece in enumerate(file.pieces):
                if number >= len(hashes) or hashes[number] != piece.sha256:
                    wanted.add(file, number * step, piece)
            if file.path in wanted.touched:
                self.index.pop(file.path, None)
                with suppress(FileNotFoundError):
                    (self.root / file.path).chmod(0o600)
        return wanted

    def _hash_existing(self, file: FileEntry, step: int) -> tuple[int, tuple[bytes, ...]]:
        """How long the file is now (-1: not there), and the hashes of its pieces."""
        path = self.root / file.path
        try:
            status = path.stat(follow_symlinks=False)
        except FileNotFoundError:
            return -1, ()
        if status.st_nlink > 1:
            path.unlink()  # its other name may be somebody else's
            return -1, ()
        known = self.index.get(file.path)
        if known is not None and known_unchanged(known, fingerprint_of(status)):
            return status.st_size, known.hashes
        with open_settled(path) as (fd, status):
            most = min(status.st_size, file.size_bytes)
            hashes = [
                hashlib.sha256(os.pread(fd, step, begin)).digest() for begin in range(0, most, step)
            ]
        return status.st_size, tuple(hashes)

    def _check_space(self, wanted: FetchPlan) -> None:
        free_bytes = shutil.disk_usage(self.root).free
        if wanted.new_bytes + SPARE_BYTES > free_bytes and wanted.new_bytes:
            raise FileError(
                f"{quote_path(self.root)}: {wanted.new_bytes / 1e6:,.0f} MB are needed there and "
                f"{free_bytes / 1e6:,.0f} are free: free some space on that disk, and it is "
                "tried again"
            )

    def _fetch(
        self,
        store: Store,
        blob: Blob,
        parts: list[tuple[FileEntry, int, FilePiece]],
        crew: WorkerPool,
    ) -> int:
        data = memoryview(read_blob(store, blob))
        # The store may have hung for so long that this is another checkpoint's tree by now.
        crew.check()
        done = 0
        for file, begin, piece in parts:
            content = data[piece.offset : piece.offset + piece.size_bytes]
            if hashlib.sha256(content).digest() != piece.sha256:
                raise CheckpointDamaged(f"the blob {blob.name} isn't what was uploaded")
            self._write(file, begin, content)
            done += piece.size_bytes
        return done

    def _write(self, file: FileEntry, begin: int, content: memoryview) -> None:
        path = self.root / file.path
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                # Each piece of a file does this, whichever comes first.
                if os.fstat(fd).st_size != file.size_bytes:
                    os.ftruncate(fd, file.size_bytes)
                rest, at = content, begin
                while rest:
                    written = os.pwrite(fd, rest, at)
                    rest, at = rest[written:], at + written
                if len(content) >= WORTH_STARTING_BYTES:
                    start_writeback(fd, begin, len(content))
            finally:
                os.close(fd)
        except OSError as error:
            raise file_error(path, error) from None

    def _finish(self, manifest: Manifest, wanted: FetchPlan, crew: WorkerPool) -> None:
        """Lengths, rights and times of the files, and what they are known by from now on."""
        files = {file.path for file in manifest.files}
        self.index = {path: known for path, known in self.index.items() if path in files}
        for file in manifest.files:
            path = self.root / file.path
            if file.path in wanted.touched:
                self._resize(file)
            status = path.stat(follow_symlinks=False)
            if stat.S_IMODE(status.st_mode) != file.mode:
                path.chmod(file.mode)
            if status.st_mtime_ns != file.mtime_ns:
                os.utime(path, ns=(file.mtime_ns, file.mtime_ns))
            hashes = tuple(piece.sha256 for piece in file.pieces)
            self.index[file.path] = FileRecord(
                fingerprint_of(path.stat(follow_symlinks=False)), hashes, True
            )
        crew.check()
        sync_tree(self.root)

    def _resize(self, file: FileEntry) -> None:
        fd = os.open(self.root / file.path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            if os.fstat(fd).st_size != file.size_bytes:
                os.ftruncate(fd, file.size_bytes)
        finally:
            os.close(fd)


def remove_tree(path: Path) -> None:
    """Remove a tree of our own, whatever rights its folders have. Raises OSError."""
    for here, folders, _ in os.walk(path):
        for name in folders:
            folder = Path(here, name)
            if not folder.is_symlink():
                folder.chmod(OWN_MODE)
    shutil.rmtree(path)
