"""What was answered is kept.

Goal: whatever happens to the process, nothing that it acknowledged is lost, no epoch is lower
than one that it acknowledged, and it serves at once. Method: kill -9 in the middle of load,
start again over the same database, and compare with what the clients were told. Besides:
what a database may go through, over the database alone.
"""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, inspect

from coordinator.database import tables
from coordinator.database.database import Database
from coordinator.database.engine import open_engine, server_lock
from coordinator.database.migrations import STEPS
from coordinator.errors import DatabaseUnusable
from coordinator.state import MAX_EVENTS, MAX_MOVES
from coordinator.transitions import (
    HeartbeatMessage,
    PhaseMessage,
    RegistrationMessage,
    StateDraft,
    apply_message,
)
from sessionlib.core.values import Instant
from tests.coordinator.service.kit import Served, beat, registration, serving

KILLS = 3
SPEAKERS = 6
MESSAGES = 10
"""Of each that are taken before the process is killed."""
FAST = ("--token-rate", "100000")


@dataclass(eq=False)
class Sender(threading.Thread):
    """Says one thing after the other until the connection breaks; knows what was taken."""

    served: Served
    account: str
    number: int = 0
    taken: int = 0
    epoch: int = 0
    times: int = 0
    said: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def run(self) -> None:
        try:
            with self.served.client(self.account) as client:
                while True:
                    self._say(client)
        except httpx.TransportError:
            return

    def _say(self, client: httpx.Client) -> None:
        self.number += 1
        epoch = self.epoch + (self.number % 5 == 0)
        told = beat(self.account, epoch, worker_id=f"{self.account}-{self.number}")
        path = "/api/worker/heartbeat"
        if self.number % 5 == 0:
            path = "/api/worker/register"
            told = registration(self.account, epoch, worker_id=told["worker_id"])
        answer = client.post(path, json=told)
        assert answer.status_code in {200, 409}, answer.text
        self.epoch = max(self.epoch, answer.json()["epoch"])
        if answer.status_code == 200:
            self.taken = self.number
            self.times += 1
        if self.times >= MESSAGES:
            self.said.set()


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    with serving(tmp_path / "coordinator.db", *FAST) as served:
        accounts = [f"account{number}" for number in range(SPEAKERS)]
        for account in accounts:
            served.token(account)
        epoch = 0
        counts = dict.fromkeys(accounts, 0)
        for _ in range(KILLS):
            senders = [Sender(served, name, counts[name], epoch=epoch) for name in accounts]
            for sender in senders:
                sender.start()
            for sender in senders:
                assert sender.said.wait(30)
            served.kill()
            for sender in senders:
                sender.join(30)
            served.start()
            known = shown(served)
            for sender in senders:
                kept = int(known[sender.account]["worker_id"].rpartition("-")[2])
                assert sender.taken <= kept <= sender.number
                assert served.get("/readyz").json()["epoch"] >= sender.epoch
            counts = {sender.account: sender.number for sender in senders}
            epoch = served.get("/readyz").json()["epoch"]
        assert min(counts.values()) > 0
        assert epoch > 0


def shown(served: Served) -> dict[str, Any]:
    status = served.get("/api/sessions/status").json()
    sessions = [*status["backup_sessions"], status["primary_session"]]
    return {session["account"]: session for session in sessions if session is not None}


def test_a_primary_is_known_after_a_restart_and_its_age_goes_on(served: Served) -> None:
    served.post("primary", "/api/worker/register", registration("primary", 3))
    served.post("backup1", "/api/worker/heartbeat", beat("backup1", 3))
    before = served.get("/api/primary").json()
    assert served.stop() == 0
    served.start()
    assert served.get("/api/primary").json() == before
    after = served.get("/api/sessions/status").json()
    assert after["backup_sessions"][0]["heartbeat_age_s"] > 0


NOW = Instant(1_000.0, 1_000.0, 1_700_000_000.0)


def at(seconds: float) -> Instant:
    return Instant(NOW.boot + seconds, NOW.mono + seconds, NOW.wall + seconds)


def test_all_facts_come_back_as_they_were(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "c.db"))
    state = database.load_state(NOW)
    draft = StateDraft(state)
    for told in (
        RegistrationMessage("a-1", "a", 1, "https://a", {"cpu_cores": 2}, False, None),
        HeartbeatMessage("b-1", "b", 1, "standby", 500.0),
        PhaseMessage("a", 1, "p", "a", "b", "warming", 60.0),
        PhaseMessage("a", 1, "p", "a", "b", "quiescing", None),
        RegistrationMessage("b-1", "b", 2, None, {}, True, "a"),
    ):
        apply_message(draft, told, NOW)
    assert database.commit(draft)
    draft.apply()
    again = Database(str(tmp_path / "c.db")).load_state(NOW)
    assert again == state
    assert [move.kind.value for move in again.moves] == ["first", "takeover"]


def test_what_grows_is_bounded(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "c.db"))
    state = database.load_state(NOW)
    for first in range(0, MAX_EVENTS, 500):
        draft = StateDraft(state)
        for epoch in range(first + 1, first + 501):
            apply_message(
                draft, RegistrationMessage("a-1", "a", epoch, None, {}, False, None), at(epoch)
            )
        assert database.commit(draft)
        draft.apply()
    with sqlite3.connect(tmp_path / "c.db") as found:
        for table, most in (("events", MAX_EVENTS), ("moves", MAX_MOVES)):
            rows = found.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - as above
            assert len(rows) == most
    # The id of each is the one after the last, whatever was let go.
    assert state.last_event_id == database.load_state(NOW).last_event_id == 2 * MAX_EVENTS


def test_a_draft_over_what_was_changed_by_hand_is_not_kept(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "c.db"))
    draft = StateDraft(database.load_state(NOW))
    apply_message(draft, HeartbeatMessage("a-1", "a", 900, "active", 1.0), NOW)
    Database(str(tmp_path / "c.db")).set_epoch(5)
    assert not database.commit(draft)
    assert database.load_state(NOW).fence.epoch == 5
    assert database.load_state(NOW).sessions == {}


def test_the_steps_lead_to_the_tables(tmp_path: Path) -> None:
    Database(str(tmp_path / "c.db"))
    found = inspect(create_engine(f"sqlite:///{tmp_path / 'c.db'}"))
    for table in tables.metadata.sorted_tables:
        columns = {column["name"]: column for column in found.get_columns(table.name)}
        assert list(columns) == [column.name for column in table.columns]
        for column in table.columns:
            assert columns[column.name]["nullable"] is bool(column.nullable)
            assert columns[column.name]["type"].python_type is column.type.python_type


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    Database(str(tmp_path / "c.db")).close()
    with sqlite3.connect(tmp_path / "c.db") as found:
        found.execute("UPDATE schema_version SET version = ?", (len(STEPS) + 1,))
    with pytest.raises(DatabaseUnusable, match="newer"):
        Database(str(tmp_path / "c.db"))


def test_one_process_serves_from_a_database(tmp_path: Path) -> None:
    db = str(tmp_path / "c.db")
    with (
        server_lock(db),
        pytest.raises(DatabaseUnusable, match="another coordinator"),
        server_lock(db),
    ):
        pass
    with server_lock(db):
        pass


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "c.db").write_text("something else, and long enough to be looked at" * 100)
    with pytest.raises(DatabaseUnusable, match="can't be used"):
        Database(str(tmp_path / "c.db"))


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    Database(str(tmp_path / "deep" / "c.db"))
    files = list((tmp_path / "deep").iterdir())
    assert {file.stat().st_mode & 0o077 for file in files} == {0}


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    with open_engine(str(tmp_path / "c.db")).connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2}  # FULL
