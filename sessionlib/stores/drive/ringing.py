"""Reading and ringing the bell.

Decided here: that a ring is a conditional write, tried again while others ring, that the
first file rung under a key is the record, and that it stays so though Drive doesn't show
it to us: it may be new. So who removes a record takes its ring away as well. Not decided
here: the bell's form (`bell`), and what hears it (`index`).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from sessionlib.layout import BELL
from sessionlib.stores.drive import bell as bells
from sessionlib.stores.drive.bell import BLANK, Bell
from sessionlib.stores.drive.client import Client
from sessionlib.stores.drive.reading import Reader
from sessionlib.stores.drive.register import CHANGED, NOT_FOUND, body_of, pause
from sessionlib.stores.drive.verdicts import Lost, NotSent, Refused

TRIES = 12


class Ringer:
    """The bell of one store."""

    def __init__(self, client: Client, reader: Reader, bell_id: str) -> None:
        self._client = client
        self._reader = reader
        self._bell_id = bell_id

    def read(self) -> Bell:
        """The bell; one with nothing on it where it is blank or can't be made out."""
        return self._look()[0]

    def ring(
        self,
        key: str,
        file_id: str,
        also: Sequence[tuple[str, str]] = (),
        *,
        only_ours: bool = False,
    ) -> tuple[str, Bell]:
        """Announce a file; the id that counts for `key`, and the bell. Raises as the client does.

        Another id counts where another file was rung before, and isn't in the bin. `also` are
        keys and ids of what nobody else could have made, told with the same ring. `only_ours`
        is for a key that no other account writes: what Drive doesn't show is gone.
        """
        for _ in range(TRIES):
            bell, etag = self._look()
            other = bell.id_of(key)
            if other == file_id or (other and self._is_there(other, only_ours=only_ours)):
                return other, bell
            if other is not None:
                bell = _without(bell, key)
            written = self._written(bell.rung(*also, (key, file_id)), etag)
            if written is not None:
                return file_id, written
            pause()
        raise Lost("the bell is rung by others without end")

    def unring(self, key: str, file_id: str) -> None:
        """Take back what was told of a file that is removed. Raises as the client does."""
        for _ in range(TRIES):
            bell, etag = self._look()
            if bell.id_of(key) != file_id:
                return
            if self._written(_without(bell, key), etag) is not None:
                return
            pause()
        raise Lost("the bell is rung by others without end")

    def _written(self, bell: Bell, etag: str) -> Bell | None:
        """The bell as it is written; None where it isn't, or one has to look to know."""
        # Who has heard the one before must not take the numbers of this one for its own.
        bell = replace(bell, cast=bell.cast or secrets.token_hex(4))
        try:
            self._client.update(self._bell_id, body_of(_title(), bells.encode(bell)), None, etag)
        except Refused as error:
            if error.answer.status != CHANGED and not error.answer.is_passing:
                raise
            return None
        except (Lost, NotSent):
            return None
        return bell

    def _look(self) -> tuple[Bell, str]:
        try:
            file = self._reader.look(self._bell_id)
        except Refused as error:
            if error.answer.status == NOT_FOUND:
                raise NotSent(f"{BELL} isn't there or not shared with this account") from error
            raise
        found = bells.decode(file.description)
        return found or BLANK, file.etag

    def _is_there(self, file_id: str, *, only_ours: bool) -> bool:
        try:
            return not self._reader.look(file_id).is_trashed
        except Refused as error:
            if error.answer.status == NOT_FOUND:
                return not only_ours
            raise


def _without(bell: Bell, key: str) -> Bell:
    """The bell as if `key` was never rung, under a cast of its own."""
    rings = tuple(ring for ring in bell.rings if ring.key != key)
    return replace(bell, rings=rings, cast=BLANK.cast)


def _title() -> str:
    return BELL.rpartition("/")[2]
