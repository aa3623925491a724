"""Values read from files, each of one moment: a content counts with the checksum beside its ETag.

A content read before under the same checksum isn't downloaded again: that costs forty reads.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from sessionlib.stores.drive import content
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.files import DriveFile
from sessionlib.stores.drive.responses import NoResponse

TRIES = 4
MAX_KEPT_BYTES = 64 * 1024
MAX_KEPT = 128


class FileReader:
    """Reads files by id. Safe to share between threads."""

    def __init__(self, client: DriveClient) -> None:
        self._client = client
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def read_metadata(self, file_id: str) -> DriveFile:
        """A file's metadata. Raises as the client does."""
        return self._client.with_retries(lambda: self._client.get(file_id))

    def read_file(self, file_id: str) -> tuple[DriveFile, bytes]:
        """A file and its value, of one moment. Raises as the client does."""
        for _ in range(TRIES):
            file = self.read_metadata(file_id)
            value = self._value(file)
            if value is not None:
                return file, value
        raise NoResponse("it changes faster than it can be read")

    def _value(self, file: DriveFile) -> bytes | None:
        """None where the content isn't the one that the metadata speaks of."""
        inline = content.inline_value(file)
        if inline is not None or file.is_trashed:
            return inline or b""
        place = (file.id, file.md5)
        with self._lock:
            if place in self._kept:
                self._kept.move_to_end(place)
                return self._kept[place]
        data = self._client.with_retries(lambda: self._client.download(file.id))
        if content.md5(data) != file.md5:
            return None
        self.keep(file.id, data)
        return data

    def keep(self, file_id: str, data: bytes) -> None:
        """Remember a content that was read or written."""
        if len(data) > MAX_KEPT_BYTES:
            return
        with self._lock:
            self._kept[file_id, content.md5(data)] = data
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
