"""Reading and ringing the doorbell: a ring is a conditional write, tried again while others ring.

The first file rung under a key stays the record, though Drive may not show it to us yet. So
whoever removes a record takes its ring away as well.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from sessionlib.layout import BELL
from sessionlib.stores.drive import doorbell as bells
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.conditional_write import CHANGED, NOT_FOUND, body_of, pause_s
from sessionlib.stores.drive.consistent_reads import FileReader
from sessionlib.stores.drive.doorbell import BLANK, DriveBell
from sessionlib.stores.drive.responses import NoResponse, NotSent, RequestRefused

TRIES = 12


class BellFile:
    """The bell of one store."""

    def __init__(self, client: DriveClient, reader: FileReader, bell_id: str) -> None:
        self._client = client
        self._reader = reader
        self._bell_id = bell_id

    def read(self) -> DriveBell:
        """The bell; one with nothing on it where it is blank or can't be made out."""
        return self._read_file()[0]

    def ring(
        self,
        key: str,
        file_id: str,
        also: Sequence[tuple[str, str]] = (),
        *,
        only_ours: bool = False,
    ) -> tuple[str, DriveBell]:
        """Announce a file; the id that counts for `key`, and the bell. Raises as the client does.

        Another id counts where another file was rung before, and isn't in the bin. `also` are
        keys and ids of what nobody else could have made, told with the same ring. `only_ours`
        is for a key that no other account writes: what Drive doesn't show is gone.
        """
        for _ in range(TRIES):
            bell, etag = self._read_file()
            other = bell.id_of(key)
            if other == file_id or (other and self._is_there(other, only_ours=only_ours)):
                return other, bell
            if other is not None:
                bell = _without(bell, key)
            written = self._written(bell.with_ring(*also, (key, file_id)), etag)
            if written is not None:
                return file_id, written
            pause_s()
        raise NoResponse("the bell is rung by others without end")

    def remove_ring(self, key: str, file_id: str) -> None:
        """Take back what was told of a file that is removed. Raises as the client does."""
        for _ in range(TRIES):
            bell, etag = self._read_file()
            if bell.id_of(key) != file_id:
                return
            if self._written(_without(bell, key), etag) is not None:
                return
            pause_s()
        raise NoResponse("the bell is rung by others without end")

    def _written(self, bell: DriveBell, etag: str) -> DriveBell | None:
        """The bell as it is written; None where it isn't, or one has to look to know."""
        # Who has heard the one before must not take the numbers of this one for its own.
        bell = replace(bell, cast=bell.cast or secrets.token_hex(4))
        try:
            self._client.update(self._bell_id, body_of(_title(), bells.encode(bell)), None, etag)
        except RequestRefused as error:
            if error.answer.status != CHANGED and not error.answer.is_passing:
                raise
            return None
        except (NoResponse, NotSent):
            return None
        return bell

    def _read_file(self) -> tuple[DriveBell, str]:
        try:
            file = self._reader.read_metadata(self._bell_id)
        except RequestRefused as error:
            if error.answer.status == NOT_FOUND:
                raise NotSent(f"{BELL} isn't there or not shared with this account") from error
            raise
        found = bells.decode(file.description)
        return found or BLANK, file.etag

    def _is_there(self, file_id: str, *, only_ours: bool) -> bool:
        try:
            return not self._reader.read_metadata(file_id).is_trashed
        except RequestRefused as error:
            if error.answer.status == NOT_FOUND:
                return not only_ours
            raise


def _without(bell: DriveBell, key: str) -> DriveBell:
    """The bell as if `key` was never rung, under a cast of its own."""
    rings = tuple(ring for ring in bell.rings if ring.key != key)
    return replace(bell, rings=rings, cast=BLANK.cast)


def _title() -> str:
    return BELL.rpartition("/")[2]
