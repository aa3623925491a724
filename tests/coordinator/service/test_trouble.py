"""Goal: what goes wrong under the writer's hands leaves nobody waiting, and no token too long.

Method: a writer over a real database whose database is broken, or interfered with, at the very
moment that counts.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from coordinator import writer as writer_module
from coordinator.admin import create_token, revoke_tokens
from coordinator.database.database import Database
from coordinator.errors import DatabaseUnusable
from coordinator.transitions import HeartbeatMessage, StateDraft
from coordinator.writer import StateWriter
from sessionlib.clock import SystemClock

WITHIN_S = 20.0
BEAT = HeartbeatMessage("backup1-1", "backup1", 1, "standby", 60.0)


class Interfered(Database):
    """A database in which something happens when it is least convenient."""

    between: Callable[[], object] | None = None
    """What somebody does by hand between two readings of one change."""
    broken: Exception | None = None
    """What every write ends with."""
    at_commit = False

    def token_hashes(self) -> dict[str, str | None]:
        hashes = super().token_hashes()
        if self.between is not None:
            between, self.between = self.between, None
            between()
        return hashes

    def commit(self, draft: StateDraft) -> bool:
        self.at_commit = True
        self._fail()
        return super().commit(draft)

    def prove_writable(self) -> None:
        self._fail()
        super().prove_writable()

    def _fail(self) -> None:
        if self.broken is not None:
            raise self.broken


@asynccontextmanager
async def at_work(database: Database) -> AsyncIterator[StateWriter]:
    writer = StateWriter(database, SystemClock())
    working = asyncio.create_task(writer.run())
    try:
        async with asyncio.timeout(WITHIN_S):
            yield writer
    finally:
        writer.stop()
        await working
        database.close()


async def looked(writer: StateWriter, times: int = 2) -> None:
    """Wait until it has begun to look again, for a change by hand or for the trouble's end."""
    database = writer._database
    look = database.prove_writable if writer.trouble is not None else database.read_revision
    left = times
    seen = asyncio.Event()
    loop = asyncio.get_running_loop()

    def counted() -> object:
        nonlocal left
        left -= 1
        if left == 0:
            loop.call_soon_threadsafe(seen.set)
        return look()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, look.__name__, counted)
        await seen.wait()


@pytest.fixture(autouse=True)
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "REVISION_CHECK_S", 0.01)


def test_a_token_revoked_while_another_change_is_read_is_revoked(tmp_path: Path) -> None:
    db = str(tmp_path / "c.db")
    header = f"Bearer {create_token(db, 'primary')}".encode()

    async def play() -> None:
        database = Interfered(db)
        async with at_work(database) as writer:
            assert writer.token_index.authenticate(header) is not None
            database.between = lambda: revoke_tokens(db, "primary")
            create_token(db, "backup1")
            while database.between is not None:
                await looked(writer, 1)
            await looked(writer)
            assert writer.token_index.authenticate(header) is None

    asyncio.run(play())


@pytest.mark.parametrize("broken", [DatabaseUnusable("no space left"), ValueError("torn")])
def test_every_request_is_answered_when_nothing_can_be_kept(
    tmp_path: Path, broken: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def play() -> None:
        database = Interfered(str(tmp_path / "c.db"))
        async with at_work(database) as writer:
            database.broken = broken
            for _ in range(3):
                with pytest.raises(DatabaseUnusable):
                    await writer.submit(BEAT)
            assert not writer.state.sessions
            database.broken = None
            assert (await writer.submit(BEAT)).epoch == 1
            assert writer.trouble is None

    with caplog.at_level(logging.WARNING, "coordinator.writer"):
        asyncio.run(play())
    # Its operator hears of it once, not for every request.
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_it_is_in_trouble_until_something_can_be_written(tmp_path: Path) -> None:
    async def play() -> None:
        database = Interfered(str(tmp_path / "c.db"))
        async with at_work(database) as writer:
            database.broken = DatabaseUnusable("no space left")
            with pytest.raises(DatabaseUnusable):
                await writer.submit(BEAT)
            await looked(writer)
            assert writer.trouble == "no space left"
            well = asyncio.Event()
            writer.subscribe(lambda _moves: well.set())
            database.broken = None
            await well.wait()
            await looked(writer, 1)
            assert writer.trouble is None

    asyncio.run(play())


def test_a_log_that_cant_be_brought_in_is_told_as_such(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "c.db"))
    for number in range(200):
        database.add_token(f"{number:064}", "backup1", SystemClock().now())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, hard))
    try:
        with pytest.raises(DatabaseUnusable):
            database.checkpoint_wal()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        database.close()


def test_a_look_waits_for_one_commit_and_not_for_a_pause(tmp_path: Path) -> None:
    async def play() -> None:
        database = Interfered(str(tmp_path / "c.db"))
        async with at_work(database) as writer:
            ending = False

            async def load() -> None:
                while not ending:
                    await writer.submit(BEAT)

            # The second comes while the first is kept, and so on: something always waits.
            first = asyncio.create_task(load())
            while not database.at_commit:
                await asyncio.sleep(0)
            second = asyncio.create_task(load())
            try:
                for _ in range(10):
                    await writer.refresh()
            finally:
                ending = True
                await asyncio.gather(first, second)

    asyncio.run(play())
