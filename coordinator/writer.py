"""The one writer: applies what was sent, commits it, and only then lets anybody see it."""

# Whatever arrives while a commit is under way shares the next one. Changes by hand are read
# before anything is decided. Nobody waits for an answer that won't come.

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from coordinator.database.database import Database
from coordinator.errors import DatabaseUnusable
from coordinator.state import EndedMove, State
from coordinator.token_index import TokenIndex
from coordinator.transitions import StateDraft, TransitionOutcome, WorkerMessage, apply_message
from sessionlib.clock import Clock

MAX_BATCH = 1_000
MAX_WAITING = 20_000
REVISION_CHECK_S = 1.0
"""How often it is looked whether something was changed by hand."""
WAL_CHECKPOINT_S = 1.0
_LOG = logging.getLogger(__name__)
T = TypeVar("T")
_Waiting = tuple[WorkerMessage, "asyncio.Future[TransitionOutcome]"]


class Overloaded(Exception):
    """More waits to be kept than can be."""


class StateWriter:
    """All that is known, and the only one who changes it. Lives in one event loop."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Read all that is kept. Raises DatabaseUnusable."""
        self._database = database
        self._clock = clock
        self.state: State = database.load_state(clock.now())
        self.token_index = TokenIndex(database.token_hashes())
        self.trouble: str | None = None
        """Why the database can't be used just now; None while all is well."""
        self._reported_trouble: str | None = None
        self._subscribers: list[Callable[[list[EndedMove]], None]] = []
        self._waiting: list[_Waiting] = []
        self._refresh_waiters: list[asyncio.Future[None]] = []
        self._wake = asyncio.Event()
        self._ended = False
        # One thread: SQLite has one writer anyhow, and order is kept.
        self._thread = ThreadPoolExecutor(1, "database")
        self._wal_thread = ThreadPoolExecutor(1, "relief")

    def subscribe(self, call: Callable[[list[EndedMove]], None]) -> None:
        """Have `call` called, with the moves that have just ended, when anything has changed."""
        self._subscribers.append(call)

    async def submit(self, message: WorkerMessage) -> TransitionOutcome:
        """What becomes of a message, once that is durable. Raises Overloaded, DatabaseUnusable."""
        if len(self._waiting) >= MAX_WAITING:
            raise Overloaded
        future: asyncio.Future[TransitionOutcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, future))
        self._wake.set()
        return await future

    async def refresh(self) -> None:
        """Return once whatever was changed by hand until now is known."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._refresh_waiters.append(future)
        self._wake.set()
        await future

    async def run(self) -> None:
        """Work until `end`, and then until nothing waits."""
        relief = asyncio.create_task(self._checkpoint_wal_often())
        while self._waiting or self._refresh_waiters or not self._ended:
            with suppress(TimeoutError):
                async with asyncio.timeout(REVISION_CHECK_S):
                    await self._wake.wait()
            self._wake.clear()
            if self._refresh_waiters or not self._waiting:
                await self._refresh()
            while self._waiting:
                batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
                await self._commit_batch(batch)
                if self._refresh_waiters:  # under load there is no other time for it
                    await self._refresh()
        relief.cancel()
        self._wal_thread.shutdown()
        self._thread.shutdown()

    def stop(self) -> None:
        """Let `run` return soon."""
        self._ended = True
        self._wake.set()

    async def _commit_batch(self, batch: list[_Waiting]) -> None:
        try:
            if self.trouble is not None:
                await self._recover()
            outcomes = await self._decide_and_commit([message for message, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
            trouble = self._note_failure(error)
            for _, future in batch:
                if not future.done():
                    future.set_exception(DatabaseUnusable(trouble))
            return
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if not future.done():  # its client may have gone
                future.set_result(outcome)

    async def _decide_and_commit(self, messages: list[WorkerMessage]) -> list[TransitionOutcome]:
        while True:
            now = self._clock.now()
            draft = StateDraft(self.state)
            outcomes = [apply_message(draft, message, now) for message in messages]
            if not draft.has_changes():
                # All were refused, and on what is known by now.
                if await self._in_thread(self._database.read_revision) == draft.base.revision:
                    return outcomes
            elif await self._in_thread(partial(self._database.commit, draft)):
                draft.apply()
                self._publish(draft.moves)
                self._note_success()
                return outcomes
            await self._reload()

    async def _refresh(self) -> None:
        lookers, self._refresh_waiters = self._refresh_waiters, []
        try:
            if self.trouble is not None:
                await self._recover()
            elif await self._in_thread(self._database.read_revision) != self.state.revision:
                await self._reload()
        except Exception as error:  # noqa: BLE001 - as above
            self._note_failure(error)
        for future in lookers:
            if not future.done():
                future.set_result(None)

    def _note_failure(self, error: Exception) -> str:
        """Why nothing can be kept just now. Its operator is told once, not for every request."""
        known = isinstance(error, DatabaseUnusable)
        trouble = str(error) if known else f"a fault of this program ({type(error).__name__})"
        if trouble != self._reported_trouble:
            _LOG.error("Nothing can be kept, so requests are answered 503: %s", trouble)
        self.trouble = self._reported_trouble = trouble
        return trouble

    def _note_success(self) -> None:
        if self._reported_trouble is not None:
            self._reported_trouble = None
            _LOG.warning("What is sent is kept again.")

    async def _recover(self) -> None:
        """Go on if the database can be written again. Raises DatabaseUnusable."""
        await self._in_thread(self._database.prove_writable)
        await self._reload()
        self.trouble = None

    async def _checkpoint_wal_often(self) -> None:
        """Beside the commits, and where that isn't enough, between two of them."""
        while True:
            await asyncio.sleep(WAL_CHECKPOINT_S)
            with suppress(DatabaseUnusable):  # the next commit says so too
                if await self._in_thread(self._database.checkpoint_wal, self._wal_thread):
                    await self._in_thread(self._database.checkpoint_wal)

    async def _reload(self) -> None:
        """After a commit of unknown outcome, or a change by hand. Raises DatabaseUnusable."""
        now = self._clock.now()
        # In this order: keys that are newer than the state's revision are only read once more.
        self.state = await self._in_thread(lambda: self._database.load_state(now))
        self.token_index = TokenIndex(await self._in_thread(self._database.token_hashes))
        self._publish([])

    def _publish(self, moves: list[EndedMove]) -> None:
        for call in self._subscribers:
            call(moves)

    async def _in_thread(self, call: Callable[[], T], thread: Executor | None = None) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(thread or self._thread, call)
