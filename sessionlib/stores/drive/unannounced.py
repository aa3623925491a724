"""Files that were begun and aren't announced yet.

A try that failed goes on with the id of the one before: so a value never lies in two files of
one name.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

MAX_BEGUN = 64

What = tuple[str, str]
"""A key and, where only the very same value may follow, the checksum of it."""


class UnannouncedFiles:
    """One process's begun files. Safe to share between threads."""

    def __init__(self) -> None:
        self._ids: OrderedDict[What, str] = OrderedDict()
        self._lock = threading.Lock()

    def pop(self, what: What, new_id: Callable[[], str]) -> tuple[str, bool]:
        """The id for a file to be made, and whether an earlier try has begun with it.

        Raises as `new_id` does.
        """
        with self._lock:
            begun = self._ids.get(what)
        if begun is not None:
            return begun, True
        file_id = new_id()
        with self._lock:
            self._ids[what] = file_id
            while len(self._ids) > MAX_BEGUN:
                self._ids.popitem(last=False)
        return file_id, False

    def discard(self, what: What) -> None:
        """It is told of, or given up."""
        with self._lock:
            self._ids.pop(what, None)
