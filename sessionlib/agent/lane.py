"""Calls that may hang, kept out of the loop's way.

Decided here: one call at a time in each lane, every call is answered within its
time-out, and a thread that doesn't come back is left behind (a folder on a dead
network mount can't be interrupted). Not decided here: what is called.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

MAX_STUCK = 8
"""So many threads may hang in one lane; after that calls are answered at once as timed out."""

A = TypeVar("A")


class Lane(Generic[A]):
    """Runs jobs one after the other on a thread; answers reach `deliver` in any thread.

    A job that takes longer than `timeout_s` is answered by its `on_timeout`
    instead, and whatever it returns later is dropped.
    """

    def __init__(self, name: str, deliver: Callable[[A], None], timeout_s: float) -> None:
        self._name = name
        self._deliver = deliver
        self._timeout_s = timeout_s
        self._stuck = 0
        self._waiting: deque[tuple[Callable[[], A], Callable[[], A]]] = deque()
        self._current: tuple[int, float, Callable[[], A]] | None = None
        self._ticket = 0
        self._lock = threading.Lock()
        self._worker: SimpleQueue[tuple[int, Callable[[], A]] | None] | None = None

    def submit(self, job: Callable[[], A], on_timeout: Callable[[], A], now_mono: float) -> None:
        """Run `job` as soon as the lane is free. `job` must turn its errors into answers."""
        with self._lock:
            self._waiting.append((job, on_timeout))
        self._start_next(now_mono)

    def tick(self, now_mono: float) -> None:
        """Answer for a job that has taken too long. To be called often."""
        with self._lock:
            current = self._current
            if current is None or now_mono - current[1] < self._timeout_s:
                overdue = None
            else:
                overdue = current[2]
                self._current = None
                self._stuck += 1
                self._worker = None
        if overdue is not None:
            self._deliver(overdue())
        self._start_next(now_mono)

    def is_idle(self) -> bool:
        """Whether nothing runs or waits."""
        with self._lock:
            return self._current is None and not self._waiting

    def _start_next(self, now_mono: float) -> None:
        with self._lock:
            if self._current is not None or not self._waiting:
                return
            job, on_timeout = self._waiting.popleft()
            if self._stuck >= MAX_STUCK:
                answer = on_timeout
            else:
                self._ticket += 1
                self._current = (self._ticket, now_mono, on_timeout)
                self._thread().put((self._ticket, job))
                return
        self._deliver(answer())

    def _thread(self) -> SimpleQueue[tuple[int, Callable[[], A]] | None]:
        if self._worker is None:
            self._worker = SimpleQueue()
            threading.Thread(
                target=self._work, args=(self._worker,), name=self._name, daemon=True
            ).start()
        return self._worker

    def _work(self, jobs: SimpleQueue[tuple[int, Callable[[], A]] | None]) -> None:
        while (item := jobs.get()) is not None:
            ticket, job = item
            answer = job()
            with self._lock:
                in_time = self._current is not None and self._current[0] == ticket
                if in_time:
                    self._current = None
                else:
                    # The hanging call came back after all: this thread is spare now.
                    self._stuck -= 1
            if not in_time:
                return
            self._deliver(answer)

    def close(self) -> None:
        """Let the thread go, once it has nothing to do."""
        with self._lock:
            if self._worker is not None:
                self._worker.put(None)
                self._worker = None
