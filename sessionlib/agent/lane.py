"""Calls that may hang, kept out of the loop's way: one at a time, each answered in time."""

# A folder on a dead network mount can't be interrupted: a thread that doesn't come back is left
# behind. A call that fails unforeseen, or that no thread can be started for, is answered as well,
# and logged. The lane is there for the next one.

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Generic, TypeVar

from sessionlib.crash_text import redacted

MAX_STUCK = 8
"""So many threads may hang in one lane; after that calls are answered at once as timed out."""

NO_THREAD = "no more threads can be started on this machine"

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class _Job(Generic[A]):
    run: Callable[[], A]
    on_failure: Callable[[str], A]


class Lane(Generic[A]):
    """Runs jobs one after the other on a thread; answers reach `deliver` in any thread.

    A job that takes longer than `timeout_s`, that raises, or for which there is no
    thread is answered by its `on_failure` instead, which is told why; whatever a late
    one returns is dropped. `complain` hears, in any thread, of what isn't a time-out,
    and of the same only once.
    """

    def __init__(
        self,
        name: str,
        deliver: Callable[[A], None],
        timeout_s: float,
        complain: Callable[[str], None],
    ) -> None:
        self._name = name
        self._deliver = deliver
        self._timeout_s = timeout_s
        self._complain = complain
        self._complained: str | None = None
        self._stuck = 0
        self._waiting: deque[_Job[A]] = deque()
        self._current: tuple[int, float, _Job[A]] | None = None
        self._ticket = 0
        self._lock = threading.Lock()
        self._worker: SimpleQueue[tuple[int, _Job[A]]] | None = None

    def submit(self, job: Callable[[], A], on_failure: Callable[[str], A], now_mono: float) -> None:
        """Run `job` as soon as the lane is free."""
        with self._lock:
            self._waiting.append(_Job(job, on_failure))
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
            self._deliver(overdue.on_failure(self._timed_out()))
        self._start_next(now_mono)

    def is_idle(self) -> bool:
        """Whether nothing runs or waits."""
        with self._lock:
            return self._current is None and not self._waiting

    def _start_next(self, now_mono: float) -> None:
        with self._lock:
            if self._current is not None or not self._waiting:
                return
            job = self._waiting.popleft()
            if self._stuck < MAX_STUCK:
                worker = self._thread()
                if worker is not None:
                    self._ticket += 1
                    self._current = (self._ticket, now_mono, job)
                    worker.put((self._ticket, job))
                    return
                why = NO_THREAD
            else:
                why = self._timed_out()
        if why == NO_THREAD:
            self._complain_once(why)
        self._deliver(job.on_failure(why))

    def _thread(self) -> SimpleQueue[tuple[int, _Job[A]]] | None:
        """Where the lane's thread takes jobs from; None if there is none and none can be had."""
        if self._worker is None:
            jobs: SimpleQueue[tuple[int, _Job[A]]] = SimpleQueue()
            try:
                threading.Thread(
                    target=self._work, args=(jobs,), name=self._name, daemon=True
                ).start()
            except RuntimeError:
                return None
            self._worker = jobs
        return self._worker

    def _work(self, jobs: SimpleQueue[tuple[int, _Job[A]]]) -> None:
        while True:
            ticket, job = jobs.get()
            answer = self._answer(job)
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

    def _answer(self, job: _Job[A]) -> A:
        try:
            return job.run()
        except Exception as error:  # noqa: BLE001 - a missing answer would be waited for for ever
            kind = type(error).__name__
            why = f"a fault in this program ({kind}: {redacted(str(error))})"
        self._complain_once(why)
        return job.on_failure(why)

    def _complain_once(self, why: str) -> None:
        if why != self._complained:
            self._complained = why
            self._complain(f"{self._name}: {why}")

    def _timed_out(self) -> str:
        return f"the store did not answer in {self._timeout_s:g} s"
