"""The thread that sends notices, beside the agent's own work. The agent's loop never waits for it.

A notice is on disk before it is sent: if the agent is killed, its next start sends it. No line
of the log and no file holds an address.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from sessionlib.clock import Clock
from sessionlib.core.narrate import LogLine
from sessionlib.notice_urls import label
from sessionlib.notices import retry_queue
from sessionlib.notices.retry_queue import DeliveryAnswer, DeliveryResult, QueuedNotice
from sessionlib.notices.wording import Notice

LAST_WORD_S = 2.0
"""How long a departing agent waits for what is on its way."""


class NoticeSender(Protocol):
    """What makes one attempt."""

    def send(
        self, notice: Notice, urls: Sequence[str], heard: Callable[[int, DeliveryAnswer], None]
    ) -> list[DeliveryAnswer]: ...

    def stop(self) -> None: ...


class NoticeState(Protocol):
    """What outlives the agent's process. Neither call raises."""

    def read(
        self, receivers: int, now_wall: float
    ) -> tuple[tuple[str, ...], list[QueuedNotice]]: ...

    def write(self, told: Sequence[str], letters: Sequence[QueuedNotice]) -> None: ...


class NoticeDelivery:
    """Sends one agent's notices to all receivers."""

    def __init__(  # noqa: PLR0913, PLR0917 - one parameter for each part
        self,
        urls: Sequence[str],
        sender: NoticeSender,
        memory: NoticeState,
        clock: Clock,
        say: Callable[[LogLine], None],
        last_word_s: float = LAST_WORD_S,
    ) -> None:
        self._urls = tuple(urls)
        self._sender = sender
        self._memory = memory
        self._clock = clock
        self._say = say
        self._last_word_s = last_word_s
        self._changed = threading.Condition()
        self._new: list[Notice] = []
        self._ended = False
        told, self._letters = memory.read(len(self._urls), clock.now().wall)
        self._told = list(told)
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)

    @property
    def delivered(self) -> frozenset[str]:
        """What was told before this start."""
        return frozenset(self._told)

    def start(self) -> None:
        self._thread.start()

    def queue(self, notices: Sequence[Notice]) -> None:
        """Hand notices over; returns at once."""
        if notices:
            with self._changed:
                self._new += notices
                self._changed.notify()

    def close(self) -> None:
        """Wait a moment for what is on its way; what isn't taken then waits in the home."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(self._last_word_s)
            self._sender.stop()

    def _run(self) -> None:
        while True:
            with self._changed:
                rest_s = self._rest_s()
                if rest_s is None or rest_s > 0:
                    if self._ended:
                        return
                    self._changed.wait(rest_s)
                new, self._new = self._new, []
            if new:
                self._accept(new)
            letter = retry_queue.next_due(self._letters, self._clock.now().mono)
            if letter is not None:
                self._attempt(letter)

    def _rest_s(self) -> float | None:
        return 0.0 if self._new else retry_queue.rest_s(self._letters, self._clock.now().mono)

    def _accept(self, notices: Sequence[Notice]) -> None:
        everybody = tuple(range(len(self._urls)))
        now = self._clock.now()
        self._told += [notice.key for notice in notices]
        self._letters += [QueuedNotice(notice, everybody, now.wall) for notice in notices]
        for lost in self._letters[: -retry_queue.MOST_WAITING]:
            self._say(LogLine("warning", "notice", f"notice given up, too many wait: {_of(lost)}"))
        self._letters = self._letters[-retry_queue.MOST_WAITING :]
        self._memory.write(self._told, self._letters)

    def _attempt(self, letter: QueuedNotice) -> None:
        under_way = letter

        def heard(position: int, answer: DeliveryAnswer) -> None:
            # At once: another receiver may hang, and this agent be killed meanwhile.
            nonlocal under_way
            if answer.fate is DeliveryResult.TAKEN:
                before, under_way = (
                    under_way,
                    retry_queue.take_due(under_way, letter.left[position]),
                )
                self._put(before, under_way)

        urls = [self._urls[number] for number in letter.left]
        answers = self._sender.send(letter.notice, urls, heard)
        chance = secrets.randbelow(1_000) / 1_000
        after = retry_queue.record_answer(letter, answers, self._clock.now().mono, chance)
        self._put(under_way, after)
        for number, answer in zip(letter.left, answers, strict=True):
            self._log(letter, number, answer, given_up=after is None)

    def _put(self, before: QueuedNotice, after: QueuedNotice | None) -> None:
        """Another state of a letter in its place, also on disk; None takes it out."""
        changed = ((after if each is before else each) for each in self._letters)
        self._letters = [each for each in changed if each is not None]
        self._memory.write(self._told, self._letters)

    def _log(
        self, letter: QueuedNotice, number: int, answer: DeliveryAnswer, *, given_up: bool
    ) -> None:
        """The first failure and the last: those in between are the same again."""
        to = f"receiver {number + 1}, {label(self._urls[number])}"
        if answer.fate is DeliveryResult.TAKEN:
            self._say(LogLine("info", "notice", f"notice sent to {to}: {_of(letter)}"))
        elif given_up or answer.fate is DeliveryResult.UNUSABLE:
            text = f"notice given up for {to}: {answer.why}: {_of(letter)}"
            self._say(LogLine("warning", "notice", text))
        elif letter.tries == 0:
            text = f"notice not taken by {to}, to be tried again: {answer.why}: {_of(letter)}"
            self._say(LogLine("warning", "notice", text))


def _of(letter: QueuedNotice) -> str:
    return letter.notice.title
