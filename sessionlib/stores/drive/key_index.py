"""Which file is which key. A folder is never listed on a hot path."""

# A key with a known id costs nothing, and the doorbell tells of what others created. A listing
# lags behind: so it neither hides what the doorbell or we have made, nor brings back what is
# gone. Only the holder removes checkpoints, and it publishes before it removes. So what is known
# of them holds until somebody else rings for one.

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

from sessionlib.clock import Clock
from sessionlib.layout import LOGS, SESSIONS
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.doorbell import DriveBell, Ring
from sessionlib.stores.drive.files import DriveFile, newest_by_title
from sessionlib.stores.drive.key_locations import FolderTree, key_of

BELL_FRESH_S = 1.0
"""For so long one look at the bell serves: one round through reports and orders is one look."""
BY_HAND_S = 400.0
"""How often the folder in which people put files by hand is listed without a ring."""
ANYWAY_S = 6 * 3_600.0
"""How often any other is: only a writer that died before it could ring is found so."""
QUIET_S = 2.0
"""How often a folder of blobs, which don't ring, is listed for names that aren't known."""
KEPT_S = 600.0
"""How long what is known to be there counts, though a listing lacks it."""

MISSED_S = 5.0
"""So long a file is left alone that Drive didn't know when it was asked for by its id; twice as
long each time after: it may be gone, or be new and not shown to this account yet."""
MAX_BLOB_MISSED_S = 60.0
"""A blob never longer: work may be waiting for just this one."""

_BY_HAND = "state"
_QUIET = "data"
_WRITTEN_OVER = (SESSIONS.rstrip("/"), LOGS.rstrip("/"))


@dataclass(slots=True)
class _Listing:
    files: dict[str, DriveFile]
    at_mono: float
    step: int


@dataclass(frozen=True, slots=True)
class _Announced:
    """A file that the bell or we ourselves say is there; `step` counts what was learnt before."""

    id: str
    at_mono: float
    step: int


@dataclass(frozen=True, slots=True)
class _ElsewhereUntil:
    """An id that isn't asked for until then, and how long that was to wait."""

    until_mono: float
    wait_s: float


class KeyIndex:
    """The ids behind keys. Its lock is never held while Drive is asked."""

    def __init__(
        self,
        tree: FolderTree,
        client: DriveClient,
        clock: Clock,
        read_bell: Callable[[], DriveBell],
    ) -> None:
        self._tree = tree
        self._client = client
        self._clock = clock
        self._read_bell = read_bell
        self._lock = threading.Lock()
        self._listings: dict[str, _Listing] = {}
        self._told: dict[str, _Announced] = {}
        self._steps = 0
        self._away: dict[str, _ElsewhereUntil] = {}
        self._bell: DriveBell | None = None
        self._bell_mono = float("-inf")

    def find(self, key: str, *, named_once: bool = False) -> str | None:
        """The id of the file that is `key`. Raises as the client does.

        `named_once` is for a key that only we would have made: a listing of any age serves.
        """
        known = self._lookup(key)
        if known is None:
            self._follow()
            known = self._lookup(key)
        if known is None and self._is_old(key, named_once=named_once):
            self._list(self._tree.locate(key).folder)
            known = self._lookup(key)
        return known

    def keys(self, prefix: str) -> list[str]:
        """All titles below `prefix` as keys, whether they are well-formed or not."""
        self._follow()
        folders = self._tree.folders_of(prefix)
        for folder in folders:
            if self._is_due(folder, ANYWAY_S):
                self._list(folder)
        with self._lock:
            found = {key for key in self._told if self._is_still_announced(key, folders)}
            for folder in folders:
                listing = self._listings.get(folder)
                for title, file in listing.files.items() if listing else ():
                    if not self._is_away(file.id) and not file.is_folder:
                        found.add(key_of(folder, title))
        return sorted(key for key in found if key.startswith(prefix))

    def _is_still_announced(self, key: str, folders: list[str]) -> bool:
        """Of blobs a later listing counts for more: the holder may have removed some."""
        folder = self._tree.locate(key).folder
        listing = self._listings.get(folder)
        overruled = folder.startswith(_QUIET) and listing and self._told[key].step < listing.step
        return folder in folders and not overruled

    def listed(self, key: str) -> DriveFile | None:
        """What a listing said of a key's file."""
        place = self._tree.locate(key)
        with self._lock:
            listing = self._listings.get(place.folder)
            return None if listing is None else listing.files.get(place.title)

    def add(self, key: str, file_id: str) -> None:
        """That file is `key`, whatever a listing says."""
        with self._lock:
            self._announce(key, file_id)
            self._away.pop(file_id, None)

    def is_announced(self, key: str, file_id: str) -> bool:
        """Whether the bell or we ourselves have said that this file is `key`."""
        with self._lock:
            return self._announced_id(key) == file_id

    def forget(self, key: str, file_id: str) -> None:
        """That file is gone for good."""
        with self._lock:
            if self._announced_id(key) == file_id:
                del self._told[key]
            self._away[file_id] = _ElsewhereUntil(math.inf, math.inf)

    def note_missing(self, key: str, file_id: str) -> None:
        """Drive doesn't know that file. It may be gone, or be shown to us yet."""
        place = self._tree.locate(key)
        with self._lock:
            before = self._away.get(file_id)
            wait_s = MISSED_S if before is None else 2 * before.wait_s
            if key.startswith(_QUIET):
                wait_s = min(wait_s, MAX_BLOB_MISSED_S)
                listing = self._listings.get(place.folder)
                if listing is not None:
                    # The holder removes some: what it removed comes back by no old listing.
                    listing.files.pop(place.title, None)
            self._away[file_id] = _ElsewhereUntil(self._clock.now().mono + wait_s, wait_s)

    def note_bell(self, bell: DriveBell) -> None:
        """The bell as it was just read or written."""
        with self._lock:
            self._bell_mono = self._clock.now().mono
            before = self._bell
            if before is not None and bell.cast == before.cast and bell.number < before.number:
                return  # a reading from before one that we have had
            self._bell = bell
            news = bell.since(before)
            if news is None:
                self._listings.clear()
            told = [
                ring
                for ring in (bell.rings if news is None else news)
                if self._announced_id(ring.key) != ring.id
                and not self._is_gone(ring.id)
                and _is_sound(ring)
            ]
            if any(ring.key.startswith(_QUIET) for ring in told):
                self._forget_checkpoints()
            for ring in told:
                self._announce(ring.key, ring.id)

    def _announce(self, key: str, file_id: str) -> None:
        self._steps += 1
        self._told[key] = _Announced(file_id, self._clock.now().mono, self._steps)

    def _announced_id(self, key: str) -> str | None:
        told = self._told.get(key)
        return None if told is None or self._is_away(told.id) else told.id

    def _is_away(self, file_id: str) -> bool:
        away = self._away.get(file_id)
        return away is not None and self._clock.now().mono < away.until_mono

    def _is_gone(self, file_id: str) -> bool:
        away = self._away.get(file_id)
        return away is not None and math.isinf(away.until_mono)

    def _forget_checkpoints(self) -> None:
        """Another one publishes checkpoints, so it removes some as well: list them again."""
        for folder in [folder for folder in self._listings if folder.startswith(_QUIET)]:
            del self._listings[folder]
        for key in [key for key in self._told if key.startswith(_QUIET)]:
            del self._told[key]

    def _follow(self) -> None:
        if self._clock.now().mono - self._bell_mono >= BELL_FRESH_S:
            self.note_bell(self._read_bell())

    def _lookup(self, key: str) -> str | None:
        place = self._tree.locate(key)
        with self._lock:
            told = self._announced_id(key)
            if told is not None:
                return told
            listing = self._listings.get(place.folder)
            file = listing.files.get(place.title) if listing else None
            return None if file is None or self._is_away(file.id) else file.id

    def _is_old(self, key: str, *, named_once: bool) -> bool:
        """Whether its folder's listing is too old to say that there is no such file."""
        folder = self._tree.locate(key).folder
        if folder.startswith(_QUIET):
            return self._is_due(folder, ANYWAY_S if named_once else QUIET_S)
        return self._is_due(folder, BY_HAND_S if folder == _BY_HAND else ANYWAY_S)

    def _is_due(self, folder: str, every_s: float) -> bool:
        with self._lock:
            listing = self._listings.get(folder)
        return listing is None or self._clock.now().mono - listing.at_mono >= every_s

    def _list(self, folder: str) -> None:
        with self._lock:
            self._steps += 1
            step, at_mono = self._steps, self._clock.now().mono
        found = self._client.list(self._tree.folder_id(folder))
        files = newest_by_title(found, is_written_over=folder in _WRITTEN_OVER)
        with self._lock:
            self._listings[folder] = _Listing(files, at_mono, step)
            ids = {file.id for file in files.values()}
            for key, told in list(self._told.items()):
                unlisted = self._tree.locate(key).folder == folder and told.id not in ids
                if unlisted and at_mono - told.at_mono >= KEPT_S:
                    del self._told[key]


def _is_sound(ring: Ring) -> bool:
    """Others can write to the bell: what it names has to look like a key and an id."""
    return 0 < len(ring.key) <= 512 and 0 < len(ring.id) <= 200 and ring.id.isascii()
