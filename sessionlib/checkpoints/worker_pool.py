"""A few threads that read, hash and write, while one goes through the list of what to do."""

# No more is under way than the threads can hold in memory. The first failure ends the rest. A
# stop takes effect between two jobs, or in the midst of one that hangs: its thread is then left
# behind. Threads do, because all that takes time here lets go of the interpreter.

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, Full, Queue
from types import TracebackType
from typing import Any, TypeVar

from sessionlib.checkpoints.errors import CheckpointCancelled, CheckpointError

THREADS = 4
"""More than there are cores on a small machine: half of them wait for a disk or a network."""
LAST_JOBS_S = 30.0
"""How long a crew that has failed, or was told to stop, waits for what is under way."""
LOOK_S = 0.2
"""How often somebody who waits looks whether there is still something to wait for."""

T = TypeVar("T")


class JobFuture(Future[T]):
    """What becomes of a job; to wait for it ends once its crew has failed or is to stop."""

    def __init__(self, check: Callable[[], None]) -> None:
        super().__init__()
        self._check = check

    def result(self, timeout: float | None = None) -> T:
        while timeout is None and not self.done():
            with suppress(TimeoutError):
                self.exception(LOOK_S)
            if not self.done():
                self._check()
        return super().result(timeout)


class WorkerPool:
    """Runs jobs; `is_cancelled` is asked before each. To be used with `with`.

    Raises CheckpointError where the threads for it can't be had.
    """

    def __init__(self, is_cancelled: Callable[[], bool], threads: int = THREADS) -> None:
        self._is_cancelled = is_cancelled
        self._jobs: Queue[tuple[Callable[[], Any], Future[Any]] | None] = Queue(threads)
        self._is_over = False
        self._failed: BaseException | None = None
        # Daemons: a thread that hangs in the kernel must not keep a program from ending.
        self._threads = [
            threading.Thread(target=self._work, name="checkpoint", daemon=True)
            for _ in range(threads)
        ]
        for started, thread in enumerate(self._threads):
            try:
                thread.start()
            except RuntimeError as error:
                for _ in range(started):
                    self._jobs.put(None)
                raise CheckpointError(
                    "no more threads can be started on this machine: "
                    "end what else runs on it, or allow more (ulimit -u)"
                ) from error

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over = kind is not None
        if self._is_over:
            self._drop_waiting()
        for _ in self._threads:
            self._jobs.put(None)
        patience_s = LAST_JOBS_S if self._is_over else None
        for thread in self._threads:
            # After a failure one that hangs is left behind; else all have answered already.
            thread.join(patience_s)
            if thread.is_alive():
                patience_s = 0.0

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Have `job` done. Waits for a free place; raises what an earlier job has raised."""
        future = JobFuture[T](self.check)
        while True:
            self.check()
            with suppress(Full):
                self._jobs.put((job, future), timeout=LOOK_S)
                return future

    def check(self) -> None:
        """Raises Cancelled, or what a job has raised."""
        if self._is_over:
            raise CheckpointCancelled("another part of it failed first")
        if self._is_cancelled():
            raise CheckpointCancelled("stopped before it was complete, as it was told to")
        if self._failed is not None:
            raise self._failed

    def _drop_waiting(self) -> None:
        """Make room for the word to end: threads that hang take nothing any more."""
        with suppress(Empty):
            while True:
                item = self._jobs.get_nowait()
                if item is not None:
                    item[1].set_exception(CheckpointCancelled("another part of it failed first"))

    def _work(self) -> None:
        while (item := self._jobs.get()) is not None:
            job, future = item
            try:
                self.check()
                future.set_result(job())
            except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
                self._failed = self._failed or error
                future.set_exception(error)
