"""The thread that tells the coordinator of a session. The agent's loop never waits for it.

A coordinator that is dead, slow or lying costs this thread its time, and nobody else.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable

from sessionlib.clock import Clock
from sessionlib.coordinator.client import CoordinatorClient
from sessionlib.coordinator.protocol import (
    SentState,
    SessionNews,
    after_answer,
    next_message,
    wait_s,
)

LAST_WORD_S = 2.0


class CoordinatorReporter:
    """Tells one coordinator of one session."""

    def __init__(
        self,
        client: CoordinatorClient,
        clock: Clock,
        every_s: float,
        complain: Callable[[str | None], None] = lambda why: None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._every_s = every_s
        self._complain = complain
        self._changed = threading.Condition()
        self._news: SessionNews | None = None
        self._state = SentState()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="herald", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def update(self, news: SessionNews) -> None:
        """The newest state; returns at once."""
        if news == self._news:
            return
        with self._changed:
            self._news = news
            self._changed.notify()

    def close(self) -> None:
        """Say the last word, and wait for that a moment."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(LAST_WORD_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                news = self._news
                rest_s = self._rest_s(news)
                if rest_s > 0:
                    if self._ended:
                        return
                    self._changed.wait(rest_s)
            if news is not None and rest_s <= 0:
                self._send_next(news)

    def _rest_s(self, news: SessionNews | None) -> float:
        if news is None:
            return self._every_s
        return wait_s(news, self._state, self._clock.now().mono, self._every_s)

    def _send_next(self, news: SessionNews) -> None:
        now = self._clock.now()
        message = next_message(news, self._state, now.mono, now.wall, self._every_s)
        if message is None:
            return
        answer = self._client.send(message)
        before = self._state.why
        chance = secrets.randbelow(1_000) / 1_000
        self._state = after_answer(self._state, message, answer, self._clock.now().mono, chance)
        if self._state.why != before:
            self._complain(self._state.why)
