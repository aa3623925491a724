"""Copying a directory into the store: what changed since the checkpoint before it."""

# Small files share blobs; each piece of a large file is a blob. A file is read whole or not at
# all, and again if it changed meanwhile. A blob of which less than half is still needed isn't
# named again: the rest of it is uploaded anew, and the blob can go.

from __future__ import annotations

import hashlib
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from sessionlib.checkpoints.errors import file_error
from sessionlib.checkpoints.file_index import (
    PAUSE_S,
    TRIES,
    FileRecord,
    Index,
    is_at_rest,
    is_same_as_opened,
    keeps_changing_error,
    known_unchanged,
    open_settled,
)
from sessionlib.checkpoints.manifest import MODE_BITS, FileEntry, FilePiece, Manifest
from sessionlib.checkpoints.save.upload import Uploader
from sessionlib.checkpoints.scan import DirectoryScan, ScannedFile, fingerprint_of
from sessionlib.checkpoints.worker_pool import WorkerPool
from sessionlib.clock import sleep

MAX_PER_PARCEL = 4096
OPEN_FILES = 8


@dataclass(frozen=True, slots=True)
class BlobSizes:
    """Of the pieces of a file, of blobs that small files share, and below what one is small."""

    piece_bytes: int = 8 * 1024 * 1024
    pack_bytes: int = 8 * 1024 * 1024
    small_bytes: int = 1024 * 1024


PiecesByHash = dict[bytes, FilePiece]
"""Where content is that needn't be uploaded, by its SHA-256."""


def reusable_pieces(manifest: Manifest, is_there: Callable[[str, int], bool]) -> PiecesByHash:
    """The pieces of a published checkpoint that the next may name again."""
    needed: Counter[str] = Counter()
    seen: set[tuple[str, int]] = set()
    for file in manifest.files:
        for piece in file.pieces:
            if (piece.blob.name, piece.offset) not in seen:
                seen.add((piece.blob.name, piece.offset))
                needed[piece.blob.name] += piece.size_bytes
    usable = {
        blob.name
        for blob in manifest.blobs
        if 2 * needed[blob.name] >= blob.size_bytes and is_there(blob.name, blob.size_bytes)
    }
    return {
        piece.sha256: piece
        for file in manifest.files
        for piece in file.pieces
        if piece.blob.name in usable
    }


class FileCopier:
    """One copy of one tree; `places` grows with what is uploaded."""

    def __init__(
        self,
        found: DirectoryScan,
        sender: Uploader,
        crew: WorkerPool,
        places: PiecesByHash,
        sizes: BlobSizes,
    ) -> None:
        self.index: Index = {}
        self.read_bytes = 0
        self._found = found
        self._sender = sender
        self._crew = crew
        self._pieces = places
        self._sizes = sizes
        self._files: dict[str, FileEntry] = {}
        self._to_read_bytes = 0

    def copy_files(self, index: Index, on_progress: Callable[[int, int], None]) -> list[FileEntry]:
        """Every file that was found, and is still there, with its pieces in the store.

        `tell` is given the bytes that are read and to be read. Raises CheckpointError, StoreError.
        """
        to_read = []
        for seen in self._found.files:
            known = index.get(seen.path)
            if (
                known is not None
                and known_unchanged(known, seen.fingerprint)
                and self._has(known.hashes)
            ):
                self._add_entry(
                    seen.path, seen.mode, known, [self._pieces[h] for h in known.hashes]
                )
            else:
                to_read.append(seen)
        self._to_read_bytes = sum(seen.fingerprint.bytes for seen in to_read)
        small = [seen for seen in to_read if seen.fingerprint.bytes <= self._sizes.small_bytes]
        large = [seen for seen in to_read if seen.fingerprint.bytes > self._sizes.small_bytes]
        large += self._read_small(small, on_progress)
        self._read_large(large, on_progress)
        return [self._files[seen.path] for seen in self._found.files if seen.path in self._files]

    def _has(self, hashes: Iterable[bytes]) -> bool:
        return all(sha256 in self._pieces for sha256 in hashes)

    def _add_entry(
        self, path: str, mode: int, known: FileRecord, pieces: Iterable[FilePiece]
    ) -> None:
        self.index[path] = known
        sig = known.fingerprint
        self._files[path] = FileEntry(
            path, mode & MODE_BITS, sig.mtime_ns, sig.bytes, tuple(pieces)
        )

    def _record(self, path: str, status: os.stat_result, pieces: list[FilePiece]) -> None:
        sig = fingerprint_of(status)
        hashes = tuple(piece.sha256 for piece in pieces)
        self._add_entry(
            path,
            status.st_mode,
            FileRecord(sig, hashes, is_at_rest(sig, self._found.now_ns)),
            pieces,
        )

    def _read_small(
        self, small: list[ScannedFile], tell: Callable[[int, int], None]
    ) -> list[ScannedFile]:
        """Returns those that turned out to be large."""
        waiting: deque[Future[list[ScannedFile]]] = deque()
        grown: list[ScannedFile] = []
        for parcel in _group_small_files(small, self._sizes.pack_bytes):
            waiting.append(self._crew.submit(lambda parcel=parcel: self._copy_parcel(parcel)))  # type: ignore[misc]  # a default binds the loop's value
            tell(self.read_bytes, self._to_read_bytes)
            while len(waiting) > OPEN_FILES:
                grown += waiting.popleft().result()
        for future in waiting:
            grown += future.result()
            tell(self.read_bytes, self._to_read_bytes)
        return grown

    def _copy_parcel(self, parcel: list[ScannedFile]) -> list[ScannedFile]:
        """Small files that share one blob, as far as they are new to the store."""
        grown: list[ScannedFile] = []
        pack = bytearray()
        begins: dict[bytes, tuple[int, int]] = {}
        read: list[tuple[str, os.stat_result, bytes | None]] = []
        for seen in parcel:
            got = self._read_small_file(self._found.root / seen.path)
            if got is None:
                continue
            data, status = got
            if len(data) > self._sizes.small_bytes:
                grown.append(ScannedFile(seen.path, status.st_mode, fingerprint_of(status)))
                continue
            sha256 = hashlib.sha256(data).digest() if data else None
            read.append((seen.path, status, sha256))
            if sha256 is not None and sha256 not in self._pieces and sha256 not in begins:
                begins[sha256] = (len(pack), len(data))
                pack += data
        if begins:
            blob = self._sender.hash_and_upload(bytes(pack))
            for sha256, (begin, size) in begins.items():
                self._pieces[sha256] = FilePiece(sha256, size, blob, begin)
        for path, status, sha256 in read:
            self.read_bytes += status.st_size
            self._record(path, status, [] if sha256 is None else [self._pieces[sha256]])
        return grown

    def _read_small_file(self, path: Path) -> tuple[bytes, os.stat_result] | None:
        """A file's bytes, read while it stood still; None if it is gone."""
        for number in range(TRIES):
            try:
                with open_settled(path) as (fd, status):
                    # One byte more than a small file has shows one that has grown.
                    data = _read(fd, 0, self._sizes.small_bytes + 1)
                    if is_same_as_opened(path, fd, status):
                        return data, status
            except FileNotFoundError:
                return None
            sleep(PAUSE_S * number)
        raise keeps_changing_error(path)

    def _read_large(self, large: list[ScannedFile], tell: Callable[[int, int], None]) -> None:
        waiting: deque[_LargeFileRead] = deque()
        try:
            for seen in large:
                waiting.append(self._begin(self._found.root / seen.path, seen.path))
                tell(self.read_bytes, self._to_read_bytes)
                if len(waiting) >= OPEN_FILES:
                    self._end(waiting.popleft(), tell)
            while waiting:
                self._end(waiting.popleft(), tell)
        finally:
            for reading in waiting:
                reading.abandon()

    def _begin(self, path: Path, name: str) -> _LargeFileRead:
        reading = _LargeFileRead(path, name)
        if not reading.open():
            return reading
        step, whole = self._sizes.piece_bytes, reading.status.st_size
        try:
            for begin in range(0, whole, step):
                job = self._piece_job(reading, begin, min(step, whole - begin))
                reading.pieces.append(self._crew.submit(job))
        except BaseException:
            reading.abandon()
            raise
        return reading

    def _piece_job(
        self, reading: _LargeFileRead, begin: int, size: int
    ) -> Callable[[], FilePiece | None]:
        def job() -> FilePiece | None:
            data = reading.read(begin, size)
            if len(data) != size:
                return None
            sha256 = hashlib.sha256(data).digest()
            self.read_bytes += size
            known = self._pieces.get(sha256)
            if known is None:
                known = FilePiece(sha256, size, self._sender.send_blob(data, sha256), 0)
                self._pieces[sha256] = known
            return known

        return job

    def _end(self, reading: _LargeFileRead, tell: Callable[[int, int], None]) -> None:
        """Wait for a file's pieces; where it changed meanwhile, read it again."""
        for number in range(TRIES):
            if reading.is_gone:
                return
            pieces = reading.results()
            tell(self.read_bytes, self._to_read_bytes)
            if reading.close_unchanged() and None not in pieces:
                whole = [piece for piece in pieces if piece is not None]
                self._record(reading.name, reading.status, whole)
                return
            if number + 1 < TRIES:
                sleep(PAUSE_S * (number + 1))
                reading = self._begin(reading.path, reading.name)
        raise keeps_changing_error(reading.path)


class _LargeFileRead:
    """A large file that is being read piece by piece."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name
        self.is_gone = False
        self.pieces: list[Future[FilePiece | None]] = []
        self._open = open_settled(path)
        self._fd = -1

    def open(self) -> bool:
        try:
            self._fd, self.status = self._open.__enter__()
        except FileNotFoundError:
            self.is_gone = True
        return not self.is_gone

    def read(self, begin: int, size: int) -> bytes:
        try:
            return _read(self._fd, begin, size)
        except OSError as error:
            raise file_error(self.path, error) from None

    def results(self) -> list[FilePiece | None]:
        """What became of each piece; None for one that the file was too short for."""
        try:
            return [future.result() for future in self.pieces]
        except BaseException:
            self.abandon()
            raise

    def close_unchanged(self) -> bool:
        same = is_same_as_opened(self.path, self._fd, self.status)
        self._open.__exit__(None, None, None)
        return same

    def abandon(self) -> None:
        """Let go of the file, once no job reads it any more: one may hang, and isn't waited for."""
        under_way = next((future for future in self.pieces if not future.done()), None)
        if under_way is not None:
            under_way.add_done_callback(lambda _: self.abandon())
        elif not self.is_gone:
            self._open.__exit__(None, None, None)


def _group_small_files(small: list[ScannedFile], pack_bytes: int) -> Iterable[list[ScannedFile]]:
    parcel: list[ScannedFile] = []
    size = 0
    for seen in small:
        if parcel and (size + seen.fingerprint.bytes > pack_bytes or len(parcel) >= MAX_PER_PARCEL):
            yield parcel
            parcel, size = [], 0
        parcel.append(seen)
        size += seen.fingerprint.bytes
    if parcel:
        yield parcel


def _read(fd: int, begin: int, size: int) -> bytes:
    data = os.pread(fd, size, begin)
    while data and len(data) < size:
        more = os.pread(fd, size - len(data), begin + len(data))
        if not more:
            break
        data += more
    return data
