"""The bell: a stream of events for everyone who listens.

Decided here: what of the log a listener has missed, and that a stream costs one place in the
log and no queue of its own: whoever is too slow is told to look at everything. Not decided
here: what rings (`decisions`).
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from coordinator.access.keys import Grant
from coordinator.settings import Settings
from coordinator.state import Event, Picture
from coordinator.writer import Clerk

_ALIVE = b": alive\n\n"
_RESYNC = "resync"
RETRY_MS = 2_000


def missed(picture: Picture, last_id: int) -> list[Event] | None:
    """The events after `last_id`; None where that isn't known any more, or never was."""
    if last_id > picture.last_event_id:
        return None
    found: deque[Event] = deque()
    for event in reversed(picture.events):
        if event.id <= last_id:
            break
        found.appendleft(event)
    return list(found) if len(found) == picture.last_event_id - last_id else None


def begin_after(picture: Picture, last_event_id: str | None) -> int:
    """The last id that a listener has heard; what no event has had asks for a resync."""
    if last_event_id is None:
        return picture.last_event_id
    is_number = last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 19
    return int(last_event_id) if is_number else -1


def lines(event: Event) -> bytes:
    """An event as the stream has it."""
    return f"id: {event.id}\nevent: {event.kind}\ndata: {event.data}\n\n".encode()


class Bell:
    """All streams of one process."""

    def __init__(self, clerk: Clerk, settings: Settings) -> None:
        self._clerk = clerk
        self._settings = settings
        self._rung = asyncio.Event()
        self._open: Counter[str] = Counter()
        self._ended = False
        clerk.when_published(lambda _moves: self._ring())

    def streams(self) -> int:
        """How many are open."""
        return self._open.total()

    def has_room(self, grant: Grant) -> bool:
        """Whether one more stream may be opened with this token."""
        settings = self._settings
        is_full = self.streams() >= settings.max_streams
        return not is_full and self._open[grant.hash] < settings.streams_per_token

    @contextmanager
    def place(self, grant: Grant) -> Iterator[None]:
        """Take up one of the places that there is room for."""
        self._open[grant.hash] += 1
        try:
            yield
        finally:
            self._open[grant.hash] -= 1
            if not self._open[grant.hash]:
                del self._open[grant.hash]

    def close(self) -> None:
        """End all streams."""
        self._ended = True
        self._ring()

    async def stream(self, grant: Grant, last_event_id: str | None) -> AsyncIterator[bytes]:
        """What is sent to one listener, until it goes, its token is revoked, or all ends."""
        last_id = begin_after(self._clerk.picture, last_event_id)
        yield f"retry: {RETRY_MS}\nid: {max(0, last_id)}\n\n".encode()
        while not self._ended and self._clerk.keys.is_valid(grant):
            rung = self._rung
            picture = self._clerk.picture
            if last_id != picture.last_event_id:
                found = missed(picture, last_id)
                last_id = picture.last_event_id
                events = [Event(last_id, _RESYNC, "{}")] if found is None else found
                yield b"".join(lines(event) for event in events)
                continue
            try:
                async with asyncio.timeout(self._settings.alive_s):
                    await rung.wait()
            except TimeoutError:
                yield _ALIVE

    def _ring(self) -> None:
        self._rung.set()
        self._rung = asyncio.Event()
