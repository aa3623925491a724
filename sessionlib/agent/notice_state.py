"""What an agent's home remembers of its notices.

It is read and written as a file and as nothing else, whatever a workload has put there. Without
it the worst is a notice sent twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sessionlib.agent.safe_open import open_regular
from sessionlib.notices import retry_queue
from sessionlib.notices.retry_queue import QueuedNotice
from sessionlib.records import read_object

MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class NoticeStateFile:
    """One file, replaced whole."""

    path: Path

    def read(self, receivers: int, now_wall: float) -> tuple[tuple[str, ...], list[QueuedNotice]]:
        """What was delivered, and what waits for one of so many receivers."""
        with suppress(OSError, ValueError):
            with open_regular(self.path) as (fd, _):
                data = os.pread(fd, MAX_BYTES + 1, 0)
            return retry_queue.from_state(read_object(data, MAX_BYTES), receivers, now_wall)
        return (), []

    def write(self, delivered: Sequence[str], queued: Sequence[QueuedNotice]) -> None:
        """On a full disk the old state stays: notices are sent all the same."""
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with suppress(OSError):
            draft.unlink(missing_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="utf-8") as file:
                json.dump(retry_queue.to_state(delivered, queued), file)
            draft.replace(self.path)
