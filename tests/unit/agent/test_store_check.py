"""How a session comes to know whether it may take over by itself.

Goal: an agent on Drive begins as one that has to ask, hears of doctor's finding with its looks at
the notes, reads it rarely, and believes what it last read. Method: an agent as it is started,
over a store in memory that counts what is read.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sessionlib.agent import provisioning, start
from sessionlib.agent.loop import Agent
from sessionlib.agent.provisioning import STORE_CHECK_EVERY_S, Provisioner
from sessionlib.clock import SystemClock
from sessionlib.config import Config
from sessionlib.config_loading import parse
from sessionlib.core.learn import learn
from sessionlib.core.values import Instant
from sessionlib.core.view import View
from sessionlib.errors import Unreachable
from sessionlib.layout import DRIVE_PATHS, LEASE, STORE_CHECK
from sessionlib.ports import Found
from sessionlib.signed.doctor_result import STORE_CHECKS, StoreCheck
from sessionlib.signing import new_seed, public_of
from sessionlib.stores.memory import MemoryStore

SEED = new_seed()
IDS = {path: f"id-of-{number:02}-of-all" for number, path in enumerate(DRIVE_PATHS)}
DRIVE = {"kind": "drive", "folder_id": "id-of-the-folder", "ids": IDS}
PASSED = StoreCheck("f", "id-of-the-folder", IDS[LEASE], 1.8e9, True, (), 200, "op")


class Counting(MemoryStore):
    """Counts the reads of each key; `away` are those that can't be read."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.reads: Counter[str] = Counter()
        self.away: set[str] = set()

    def read(self, key: str) -> Found | None:
        self.reads[key] += 1
        if key in self.away:
            raise Unreachable(key)
        return super().read(key)

    def leave(self, found: StoreCheck) -> None:
        """As doctor does, over what stands there."""
        data, before = (
            STORE_CHECKS.encode(STORE_CHECKS.sign(found, SEED)),
            super().read(STORE_CHECK),
        )
        if before is None:
            self.create(STORE_CHECK, data)
        else:
            self.replace(STORE_CHECK, data, before.version)


@dataclass
class Hand:
    """A clock that a test sets."""

    at_s: float = 1_000.0

    def now(self) -> Instant:
        return Instant(self.at_s, self.at_s, self.at_s)


def config(folder: Path, store: object) -> Config:
    account = {"email": "a@example.com", "role": "hot_standby", "priority": 1}
    body = {
        "fleet": "f",
        "fleet_key": public_of(SEED),
        "store": store,
        "accounts": {"a": account},
        "workload": {"command": ["true"]},
    }
    return parse(json.dumps(body), folder / "accounts.yaml")


@contextmanager
def agent_of(settings: Config, store: Counting, home: Path) -> Iterator[Agent]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(start, "_store", lambda *words: store)
        patch.setattr(provisioning, "STORE_CHECK_EVERY_S", 0.0)
        agent = start.build(settings, "a", home, terminal=False)
        try:
            yield agent
        finally:
            agent.home.unlock()


def peeked(agent: Agent, view: View) -> View:
    return learn(view, agent.executor._mailbox.read(), agent.clock.now(), "")


def test_a_session_on_drive_asks_until_it_has_read_of_a_pass(tmp_path: Path) -> None:
    store = Counting()
    with agent_of(config(tmp_path, DRIVE), store, tmp_path / "home") as agent:
        view = agent.view
        assert view.needs_takeover_approval
        store.away = {STORE_CHECK}
        view = peeked(agent, view)
        assert view.store_unproven == start.NOT_READ_YET
        store.away = set()
        view = peeked(agent, view)
        assert "never run" in (view.store_unproven or "")
        store.leave(PASSED)
        view = peeked(agent, view)
        assert not view.needs_takeover_approval
        store.away = {STORE_CHECK}
        assert not peeked(agent, view).needs_takeover_approval
        store.away = set()
        store.leave(replace(PASSED, passed=False, failed=("race",)))
        assert "race" in (peeked(agent, view).store_unproven or "")


def test_one_on_a_folder_asks_nobody_and_reads_nothing_of_it(tmp_path: Path) -> None:
    store = Counting()
    settings = config(tmp_path, {"kind": "folder", "path": "shared"})
    with agent_of(settings, store, tmp_path / "home") as agent:
        assert not agent.view.needs_takeover_approval
        assert not peeked(agent, agent.view).needs_takeover_approval
        assert store.reads[STORE_CHECK] == 0


def test_it_is_read_at_once_and_then_rarely(tmp_path: Path) -> None:
    store, clock = Counting(), Hand()
    papers = Provisioner(
        store=store,
        config=config(tmp_path, DRIVE),
        home=tmp_path,
        public_key=public_of(SEED),
        secrets={},
        clock=clock,
    )
    looks: list[int] = []
    for later_s in (0.0, 1.0, STORE_CHECK_EVERY_S - 2, 1.0, 1.0):
        clock.at_s += later_s
        papers.read_store_check()
        looks.append(store.reads[STORE_CHECK])
    assert looks == [1, 1, 1, 2, 2]


def test_a_look_that_fails_is_made_again_at_the_next_occasion(tmp_path: Path) -> None:
    store = Counting()
    papers = Provisioner(
        store=store,
        config=config(tmp_path, DRIVE),
        home=tmp_path,
        public_key=public_of(SEED),
        secrets={},
        clock=Hand(),
    )
    store.away = {STORE_CHECK}
    with pytest.raises(Unreachable):
        papers.read_store_check()
    store.away = set()
    store.leave(PASSED)
    found = papers.read_store_check()
    assert found is not None
    assert found.why is None
