"""The store's port over Google Drive.

A record that the configuration names by id (the lease) is a conditional file from the start.
Its first writer makes any other, and the index finds it. Names may repeat in Drive, so this is
how one `create` wins alone:

  The file gets an id of ours, so that a repeated insert makes one file. Then a conditional
  write rings it on the doorbell. The first id rung under a key is the record. Whoever comes
  second takes its own file away and has lost. A writer that dies between the two leaves a
  file that isn't announced. A listing will show it, so its caller would have heard Unknown. A
  writer that lives and tries again goes on with the file that it has made.

One account alone writes over a report or a log, and all read it. A listing may show its writer
another file than the one that others know: so what a listing found is rung once.

Only an account itself may delete what it owns. Another's file is moved aside
(`foreign_discards`).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from sessionlib.layout import BELL, DATA, HISTORY, LOGS, ORDERS, STATE
from sessionlib.ports import Conflict, Found, Proof, Unknown, Version
from sessionlib.stores.drive import content
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.conditional_write import NOT_FOUND, ConditionalFile, body_of, is_blank
from sessionlib.stores.drive.consistent_reads import FileReader
from sessionlib.stores.drive.doorbell_file import BellFile
from sessionlib.stores.drive.files import DriveFile
from sessionlib.stores.drive.foreign_discards import ForeignDiscards
from sessionlib.stores.drive.key_index import KeyIndex
from sessionlib.stores.drive.key_locations import FolderTree
from sessionlib.stores.drive.responses import (
    NotSent,
    RequestRefused,
    Trouble,
    read_error,
    write_error,
)
from sessionlib.stores.drive.unannounced import UnannouncedFiles, What
from sessionlib.stores.keys import check_key, check_prefix

FORBIDDEN = 403
BLOB_S = 180.0
"""How long a call on a blob may go on trying. Calls on records end within the time-out."""
MAX_WRITTEN_ONCE = 4_000
TOLD_BESIDE = 4
"""So many blobs are told with the record that names them. More would drive others off the bell."""

_WRITTEN_ONCE = (ORDERS, HISTORY)
"""Records that a fleet never replaces nor removes: read once, known for good."""
_RUNG = (STATE, LOGS)
"""Blobs whose first writing others have to hear of."""


class DriveStore:
    """The port over one folder. Safe to share between threads: each has its connections."""

    kind = "drive"

    def __init__(  # noqa: PLR0913, PLR0917 - one parameter for each part
        self,
        tree: FolderTree,
        client: DriveClient,
        index: KeyIndex,
        ringer: BellFile,
        discards: ForeignDiscards,
        call_s: float,
    ):
        self._tree = tree
        self._client = client
        self._index = index
        self._ringer = ringer
        self._discards = discards
        self._call_s = call_s
        self._reader = FileReader(client)
        self._register = ConditionalFile(client)
        self._known: dict[str, tuple[DriveFile, bytes]] = {}
        self._rewritten: set[str] = set()
        self._unrung: deque[tuple[str, str]] = deque(maxlen=TOLD_BESIDE + 1)
        self._begun = UnannouncedFiles()
        self._lock = threading.Lock()

    def clock_ahead_s(self) -> float | None:
        """How far Drive's clock is ahead of this machine's, as `ServerTime` says it."""
        return self._client.time.ahead_s()

    def read(self, key: str) -> Found | None:
        check_key(key)
        with self._reading(key, self._call_s):
            known = self._written_once(key) or self._whole(key)
        if known is None:
            return None
        file, data = known
        return Found(data, file.etag, self._client.time.age_s(file.modified_s))

    def create(self, key: str, data: bytes) -> Version:
        check_key(key)
        register_id = self._tree.file_id(key)
        with self._client.time_limit(self._call_s):
            if register_id is not None:
                return self._fill(key, register_id, data)
            with self._nothing_happened(key):
                # A checkpoint's name is its content: nobody else makes the same.
                known = self._index.find(key, named_once=key.startswith(DATA))
                if known is not None and self._find_file(key) is not None:
                    raise Conflict(f"{key} exists already")
                begun = (key, content.md5(data))
                file_id, _ = self._begun.pop(begun, self._client.new_id)
            with self._writing(key):
                self._insert(key, file_id, data)
            return self._announce_new(key, file_id, begun)

    def replace(self, key: str, data: bytes, expected: Version) -> Version:
        check_key(key)
        with self._client.time_limit(self._call_s):
            with self._nothing_happened(key):
                file_id = self._id_of(key)
            if file_id is None:
                raise Conflict(f"{key} doesn't exist")
            title = self._tree.locate(key).title
            with self._lock:
                self._rewritten.add(key)
            return self._register.replace(key, file_id, title, data, expected)

    def list(self, prefix: str) -> list[str]:
        """The keys at any depth below `prefix`; titles that are no keys are passed over."""
        check_prefix(prefix)
        with self._reading(prefix, self._call_s):
            return [key for key in self._index.keys(prefix) if self._is_key(key)]

    def put(self, key: str, data: bytes) -> None:
        check_key(key)
        with self._client.time_limit(self._blob_s(key)):
            with self._nothing_happened(key):
                file_id = self._index.find(key, named_once=True)
            with self._writing(key):
                if file_id is None or not self._overwritten(key, file_id, data):
                    self._put_new(key, data)
                elif key.startswith(_RUNG) and not self._index.is_announced(key, file_id):
                    self._announce(key, file_id, data)

    def get(self, key: str) -> bytes | None:
        check_key(key)
        with self._reading(key, self._blob_s(key)):
            found = self._whole(key)
            return None if found is None else found[1]

    def has(self, key: str) -> int | None:
        check_key(key)
        with self._reading(key, self._call_s):
            file = self._find_file(key)
            return None if file is None else content.size_bytes(file)

    def proof(self, key: str) -> Proof | None:
        """Size and MD5 as Drive reports them of a file's content."""
        check_key(key)
        with self._reading(key, self._call_s):
            file = self._find_file(key)
            if file is None:
                return None
            return Proof(content.size_bytes(file), "md5", content.digest(file))

    def delete(self, key: str) -> None:
        check_key(key)
        with self._client.time_limit(self._call_s):
            with self._nothing_happened(key):
                file_id = self._id_of(key)
            if file_id is None:
                return
            with self._lock:
                self._rewritten.add(key)
            with self._writing(key):
                self._remove(key, file_id)
            self._discards.empty()

    def _put_new(self, key: str, data: bytes) -> None:
        file_id, is_again = self._begun.pop((key, ""), self._client.new_id)
        self._insert(key, file_id, data)
        # What an earlier try may have made holds what was to be written then.
        if is_again and not self._overwritten(key, file_id, data):
            self._begun.discard((key, ""))
            return self._put_new(key, data)
        if key.startswith(_RUNG):
            self._announce(key, file_id, data)
        else:
            with self._lock:
                self._unrung.append((key, file_id))
            self._index.add(key, file_id)
        self._begun.discard((key, ""))
        return None

    def _announce(self, key: str, file_id: str, data: bytes) -> None:
        """Have everybody know where a report or a log is, which another process of this account
        may have told before."""
        counts, bell = self._ringer.ring(key, file_id, only_ours=True)
        if counts != file_id and not self._overwritten(key, counts, data):
            # Somebody has taken it out of its folder: ours takes its place.
            self._ringer.remove_ring(key, counts)
            counts, bell = self._ringer.ring(key, file_id, only_ours=True)
        self._index.note_bell(bell)
        if counts != file_id:
            with suppress(*Trouble):
                self._client.delete(file_id)
        self._index.add(key, counts)

    def _whole(self, key: str) -> tuple[DriveFile, bytes] | None:
        file_id = self._id_of(key)
        while file_id is not None:
            try:
                file, data = self._reader.read_file(file_id)
            except RequestRefused as error:
                self._missing(key, file_id, error)
            else:
                if self._is_in_place(key, file):
                    return self._is_kept(key, file, data)
                self._binned(key, file_id)
            # Gone; perhaps another has taken its place since.
            file_id = self._index.find(key)
        return None

    def _find_file(self, key: str) -> DriveFile | None:
        file_id = self._id_of(key)
        while file_id is not None:
            try:
                file = self._reader.read_metadata(file_id)
            except RequestRefused as error:
                self._missing(key, file_id, error)
            else:
                if self._is_in_place(key, file):
                    return None if self._is_unused(key, file) else file
                self._binned(key, file_id)
            file_id = self._index.find(key)
        return None

    def _is_kept(self, key: str, file: DriveFile, data: bytes) -> tuple[DriveFile, bytes] | None:
        if self._is_unused(key, file):
            return None
        if self._stays(key):
            with self._lock:
                if len(self._known) >= MAX_WRITTEN_ONCE:
                    self._known.clear()
                self._known[key] = (file, data)
        return file, data

    def _written_once(self, key: str) -> tuple[DriveFile, bytes] | None:
        """A record that never changes, as it was read or listed before: no request of its own."""
        if not self._stays(key):
            return None
        if key in self._known:
            return self._known[key]
        file = self._index.listed(key)
        inline = None if file is None else content.inline_value(file)
        if file is None or inline is None or self._index.find(key) != file.id:
            return None
        return self._is_kept(key, file, inline)

    def _stays(self, key: str) -> bool:
        return key.startswith(_WRITTEN_ONCE) and key not in self._rewritten

    def _missing(self, key: str, file_id: str, error: RequestRefused) -> None:
        """Drive knows no such file, or not for us. Raises what else it was."""
        if error.answer.status != NOT_FOUND:
            raise error
        if self._tree.file_id(key) is not None:
            raise NotSent("its file isn't there, or not shared with this account") from error
        self._index.note_missing(key, file_id)

    def _binned(self, key: str, file_id: str) -> None:
        if self._tree.file_id(key) is not None:
            raise NotSent("its file is in its owner's bin: it has to be put back")
        # Somebody may put it back, and work may be waiting for it.
        self._index.note_missing(key, file_id)

    def _is_in_place(self, key: str, file: DriveFile) -> bool:
        """Whether others find it where we know it: not in the bin, nor taken out of its folder."""
        folder_id = self._tree.folder_id(self._tree.locate(key).folder)
        taken_out = bool(file.parents) and folder_id not in file.parents
        return not file.is_trashed and not (taken_out and self._tree.file_id(key) is None)

    def _is_unused(self, key: str, file: DriveFile) -> bool:
        return self._tree.file_id(key) is not None and is_blank(file)

    def _id_of(self, key: str) -> str | None:
        return self._tree.file_id(key) or self._index.find(key)

    def _is_key(self, key: str) -> bool:
        if key == BELL:
            return False
        try:
            check_key(key)
        except ValueError:
            return False
        return self._tree.file_id(key) is None or self._find_file(key) is not None

    def _fill(self, key: str, file_id: str, data: bytes) -> Version:
        """Create a record whose file is there from the start: over its blank version."""
        with self._nothing_happened(key):
            file = self._reader.read_metadata(file_id)
            if file.is_trashed:
                self._binned(key, file_id)
        if not is_blank(file):
            raise Conflict(f"{key} exists already")
        return self._register.replace(key, file_id, file.title, data, file.etag)

    def _insert(self, key: str, file_id: str, data: bytes) -> None:
        place = self._tree.locate(key)
        body = {
            **body_of(place.title, data),
            "id": file_id,
            "parents": [{"id": self._tree.folder_id(place.folder)}],
        }
        self._client.insert(body, None if content.is_inline(data) else data)
        self._reader.keep(file_id, data)

    def _announce_new(self, key: str, file_id: str, begun: What) -> Version:
        """Ring for a file that was made; its version, if it is the one that counts."""
        try:
            counts, bell = self._ringer.ring(key, file_id, self._announced_by_another())
            self._index.add(key, counts)
            self._index.note_bell(bell)
            self._begun.discard(begun)
            if counts == file_id:
                return self._reader.read_metadata(file_id).etag
        except Trouble as error:
            raise Unknown(f"{key}: it was written, and then: {error}") from error
        with suppress(*Trouble):
            self._client.delete(file_id)
        raise Conflict(f"{key} was written by another one at the same time")

    def _announced_by_another(self) -> Sequence[tuple[str, str]]:
        """The blobs made since the last ring, where they are few: a small checkpoint is then
        found without a listing."""
        with self._lock:
            unrung = tuple(self._unrung)
            self._unrung.clear()
        return unrung if len(unrung) <= TOLD_BESIDE else ()

    def _overwritten(self, key: str, file_id: str, data: bytes) -> bool:
        """Whether a blob's file could be written over. It is its writer's own: tries may repeat."""
        media = None if content.is_inline(data) else data
        body = body_of(self._tree.locate(key).title, data)
        try:
            file = self._client.with_retries(lambda: self._client.update(file_id, body, media))
        except RequestRefused as error:
            if error.answer.status != NOT_FOUND:
                raise
            self._index.forget(key, file_id)
            return False
        is_in_place = self._is_in_place(key, file)
        if not is_in_place:
            self._index.forget(key, file_id)
        return is_in_place

    def _remove(self, key: str, file_id: str) -> None:
        folder_id = self._tree.folder_id(self._tree.locate(key).folder)
        try:
            self._client.with_retries(lambda: self._client.delete(file_id))
        except RequestRefused as error:
            if error.answer.status == FORBIDDEN and not error.answer.is_passing:
                self._discards.add(file_id, folder_id)
            elif error.answer.status != NOT_FOUND:
                raise
        self._index.forget(key, file_id)
        if not key.startswith(DATA):
            # Where this fails nobody makes that key anew before its ring is forgotten.
            with suppress(*Trouble):
                self._ringer.remove_ring(key, file_id)

    def _blob_s(self, key: str) -> float:
        """Reports and logs are told within the time-out as records are."""
        return self._call_s if key.startswith(_RUNG) else BLOB_S

    @contextmanager
    def _reading(self, key: str, seconds: float) -> Iterator[None]:
        with self._client.time_limit(seconds), self._nothing_happened(key):
            yield

    @contextmanager
    def _nothing_happened(self, key: str) -> Iterator[None]:
        """Before anything is written every failure is Unreachable."""
        try:
            yield
        except Trouble as error:
            raise read_error(error, key) from error

    @contextmanager
    def _writing(self, key: str) -> Iterator[None]:
        try:
            yield
        except Trouble as error:
            raise write_error(error, key) from error
