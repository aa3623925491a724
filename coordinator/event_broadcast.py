"""The stream of events for everyone who listens, and what of the log a listener has missed.

A stream costs one place in the log and no queue of its own. Whoever is too slow is told to look
at everything.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from coordinator.settings import ServiceSettings
from coordinator.state import BellEvent, State
from coordinator.token_index import TokenGrant
from coordinator.writer import StateWriter

_ALIVE = b": alive\n\n"
_RESYNC = "resync"
RETRY_MS = 2_000


def missed_events(state: State, last_id: int) -> list[BellEvent] | None:
    """The events after `last_id`; None where that isn't known any more, or never was."""
    if last_id > state.last_event_id:
        return None
    found: deque[BellEvent] = deque()
    for event in reversed(state.events):
        if event.id <= last_id:
            break
        found.appendleft(event)
    return list(found) if len(found) == state.last_event_id - last_id else None


def start_event_id(state: State, last_event_id: str | None) -> int:
    """The last id that a listener has heard; what no event has had asks for a resync."""
    if last_event_id is None:
        return state.last_event_id
    is_number = last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 19
    return int(last_event_id) if is_number else -1


def event_lines(event: BellEvent) -> bytes:
    """An event as the stream has it."""
    return f"id: {event.id}\nevent: {event.kind}\ndata: {event.data}\n\n".encode()


class EventBroadcast:
    """All streams of one process."""

    def __init__(self, writer: StateWriter, settings: ServiceSettings) -> None:
        self._writer = writer
        self._settings = settings
        self._changed = asyncio.Event()
        self._open: Counter[str] = Counter()
        self._ended = False
        writer.subscribe(lambda _moves: self._wake_streams())

    def open_count(self) -> int:
        """How many are open."""
        return self._open.total()

    def has_room(self, grant: TokenGrant) -> bool:
        """Whether one more stream may be opened with this token."""
        settings = self._settings
        is_full = self.open_count() >= settings.max_streams
        return not is_full and self._open[grant.hash] < settings.streams_per_token

    @contextmanager
    def stream_slot(self, grant: TokenGrant) -> Iterator[None]:
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
        self._wake_streams()

    async def stream(self, grant: TokenGrant, last_event_id: str | None) -> AsyncIterator[bytes]:
        """What is sent to one listener, until it goes, its token is revoked, or all ends."""
        last_id = start_event_id(self._writer.state, last_event_id)
        yield f"retry: {RETRY_MS}\nid: {max(0, last_id)}\n\n".encode()
        while not self._ended and self._writer.token_index.is_valid(grant):
            rung = self._changed
            state = self._writer.state
            if last_id != state.last_event_id:
                found = missed_events(state, last_id)
                last_id = state.last_event_id
                events = [BellEvent(last_id, _RESYNC, "{}")] if found is None else found
                yield b"".join(event_lines(event) for event in events)
                continue
            try:
                async with asyncio.timeout(self._settings.alive_s):
                    await rung.wait()
            except TimeoutError:
                yield _ALIVE

    def _wake_streams(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
