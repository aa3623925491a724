"""What another account owns and the fleet doesn't need any more: moved into its own folder."""

# Only an owner may delete a file, and only the owner pays for its space. Each account deletes its
# own files there when it next removes something. Without this each move of the work would leave
# a checkpoint in the Drive of the last holder.

from __future__ import annotations

import threading
from contextlib import suppress

from sessionlib.clock import Clock
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.responses import Trouble

EMPTY_EVERY_S = 3_600.0
AT_ONCE = 100
"""So many are deleted in one go; the rest the next time."""


class ForeignDiscards:
    """The folder of what is to be deleted, as one account sees it."""

    def __init__(self, client: DriveClient, folder_id: str, clock: Clock) -> None:
        self._client = client
        self._folder_id = folder_id
        self._clock = clock
        self._lock = threading.Lock()
        self._next_mono = float("-inf")

    def add(self, file_id: str, from_id: str) -> None:
        """Move another account's file here from the folder `from_id`. Raises as the client does."""
        self._client.with_retries(lambda: self._client.move(file_id, from_id, self._folder_id))

    def empty(self) -> None:
        """Delete what is ours, now and then; what fails waits for the next time."""
        now_mono = self._clock.now().mono
        with self._lock:
            if now_mono < self._next_mono:
                return
            self._next_mono = now_mono + EMPTY_EVERY_S
        with suppress(*Trouble):
            ours = [file for file in self._client.list(self._folder_id) if file.is_ours]
            for file in ours[:AT_ONCE]:
                self._client.delete(file.id)
