"""The coordinator's stream of events: every event is a ring, whatever it says.

A stream that ends or falls silent is followed anew, from the last event on, and more rarely
while that fails.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator

from sessionlib.coordinator.client import CoordinatorClient, CoordinatorUnavailable
from sessionlib.crash_text import redacted

FIRST_PAUSE_S = 1.0
MAX_PAUSE_S = 60.0
MAX_ID = 200


class EventListener:
    """Follows one coordinator in a thread of its own. `ring` is called in that thread, and
    `complain` with each new fault of this program in following it."""

    def __init__(
        self,
        client: CoordinatorClient,
        ring: Callable[[], None],
        complain: Callable[[str], None] = lambda why: None,
    ) -> None:
        self._client = client
        self._ring = ring
        self._complain = complain
        self._complained: str | None = None
        self._ended = threading.Event()
        self.is_connected = False
        """Whether the stream is open."""

    def start(self) -> None:
        threading.Thread(target=self._follow, name="doorbell", daemon=True).start()

    def close(self) -> None:
        """Ring no more. A thread that waits for the coordinator is left behind."""
        self._ended.set()

    def _follow(self) -> None:
        last_id: str | None = None
        failures = 0
        while not self._ended.is_set():
            try:
                with self._client.events(last_id) as lines:
                    self.is_connected = True
                    # Whatever rang in between may have been missed.
                    self._ring()
                    for heard_id in event_ids(lines, last_id):
                        if self._ended.is_set():
                            return
                        last_id, failures = heard_id, 0
                        self._ring()
            except CoordinatorUnavailable:
                failures += 1
            except Exception as error:  # noqa: BLE001 - nobody would follow it any more
                failures += 1
                # It may be what we were told last; each new stream begins with a ring anyway.
                last_id = None
                self._report_fault(f"{type(error).__name__}: {redacted(str(error))}")
            finally:
                self.is_connected = False
            self._ended.wait(pause_s(failures, secrets.randbelow(1_000) / 1_000))

    def _report_fault(self, what: str) -> None:
        if what != self._complained:
            self._complained = what
            self._complain(f"the bell can't be followed: a fault in this program ({what})")


def pause_s(failures: int, chance: float) -> float:
    """How long to wait before the stream is asked for again; `chance` is in [0, 1)."""
    full_s = min(MAX_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures, 10))
    return full_s * (0.5 + 0.5 * chance)


def event_ids(lines: Iterable[str], last_id: str | None) -> Iterator[str | None]:
    """The id to go on from, once for each event of a stream: the last that was given.

    As the HTML standard has it: fields up to a blank line are an event, one that begins
    with a colon is a comment, and an id stands until there is another. One that couldn't be
    said in a header is passed over.
    """
    has_data = False
    for line in lines:
        if not line:
            if has_data:
                yield last_id
            has_data = False
            continue
        name, _, value = line.partition(":")
        if name == "id" and _fits_a_header(given := value.removeprefix(" ")):
            last_id = given
        has_data = has_data or name == "data"


def _fits_a_header(text: str) -> bool:
    is_plain = text.isascii() and text.isprintable() and text == text.strip()
    return is_plain and len(text) <= MAX_ID
