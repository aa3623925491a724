"""Goal: whatever goes wrong behind an action, its answer comes, and the log says what it was.

Method: the hands of an agent as it is built, whose parts raise what nobody foresaw, or for whom
no thread can be started.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sessionlib.agent import executor as hands_module
from sessionlib.agent import lease_io
from sessionlib.agent.checkpoint_jobs import CheckpointJobs
from sessionlib.agent.executor import Executor
from sessionlib.agent.lane import NO_THREAD
from sessionlib.agent.loop import Agent
from sessionlib.agent.mailbox import Mailbox
from sessionlib.agent.provisioning import Provisioner
from sessionlib.core.actions import (
    CollectGarbage,
    Copy,
    FetchAhead,
    ReadLease,
    ReadMailbox,
    RecordHistory,
    Restore,
    Seal,
    WriteLease,
)
from sessionlib.core.events import (
    CopyEnded,
    Event,
    Fetched,
    HistoryRecorded,
    LeaseRead,
    MailboxRead,
    ProgramPrepared,
    Restored,
    Sealed,
    WriteAnswered,
    WriteVerdict,
)
from sessionlib.core.messages import History, MoveKind
from sessionlib.core.values import Pointer
from sessionlib.core.view import LeaseReadStatus, Write, WriteKind
from tests.unit.agent.agents import agent
from tests.unit.core.views import ME, at, held_by
from tests.unit.thread_limit import no_more_threads

POINTER = Pointer(2, 9, "2-9-p", 1_000)
WRITE = Write(WriteKind.RENEW, held_by(ME), "1", at(0))
HISTORY = History(3, MoveKind.PLANNED, "b", "a", 0.0, 0.5, "ordered")
FAULT = "a fault in this program (KeyError: 'planted')"

Ask = Callable[[Executor], None]
Answered = Callable[[str], Event | None]
ACTIONS: list[tuple[str, Ask, Answered]] = [
    (
        "lease",
        lambda hands: hands.read_lease(ReadLease(), 0),
        lambda why: LeaseRead(LeaseReadStatus.UNREACHABLE, why=why),
    ),
    (
        "lease",
        lambda hands: hands.write_lease(WriteLease(WRITE), 0),
        lambda why: WriteAnswered("nonce", WriteVerdict.UNKNOWN, why=why),
    ),
    ("peek", lambda hands: hands.read_mailbox(ReadMailbox(), 0), lambda why: MailboxRead({})),
    (
        "peek",
        lambda hands: hands.record_history(RecordHistory(HISTORY), 0),
        lambda why: HistoryRecorded(3, why),
    ),
    (
        "data",
        lambda hands: hands.restore(Restore(3, POINTER), 0),
        lambda why: Restored(3, f"the data couldn't be restored: {why}"),
    ),
    (
        "data",
        lambda hands: hands.seal(Seal(3, "t1"), 0),
        lambda why: Sealed("t1", None, f"the data couldn't be sealed: {why}"),
    ),
    (
        "data",
        lambda hands: hands.copy(Copy(3, None, "t1"), 0),
        lambda why: CopyEnded("t1", None, f"no checkpoint was made: {why}"),
    ),
    (
        "data",
        lambda hands: hands.fetch(FetchAhead(POINTER), 0),
        lambda why: Fetched("2-9-p", f"checkpoint 2-9-p couldn't be fetched: {why}"),
    ),
    ("data", lambda hands: hands.collect_garbage(CollectGarbage(POINTER, 3), 0), lambda why: None),
    ("kit", lambda hands: hands.prepare(0), lambda why: ProgramPrepared("", why)),
]


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Agent]:
    """An agent that was built, and doesn't run."""
    idle = agent(tmp_path)
    yield idle
    idle.log.close()


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing behind the hands does what it should."""

    def fault(*_: object) -> None:
        raise KeyError("planted")

    for where, name in ((hands_module, "read_lease"), (lease_io, "write_lease")):
        monkeypatch.setattr(where, name, fault)
    for name in ("restore", "seal", "copy", "fetch", "collect"):
        monkeypatch.setattr(CheckpointJobs, name, fault)
    for name in ("read", "write_history", "write_report"):
        monkeypatch.setattr(Mailbox, name, fault)
    monkeypatch.setattr(Provisioner, "prepare", fault)


def said(agent: Agent) -> list[tuple[str, str, str]]:
    lines = [json.loads(line) for line in agent.log.path.read_text().splitlines()]
    told = [(line["level"], line["event"], line["text"]) for line in lines]
    # An agent that hears of nobody says so too, whatever the reason.
    return [line for line in told if line[1] != "deaf"]


@pytest.mark.parametrize(("lane", "ask", "answered"), ACTIONS)
@pytest.mark.usefixtures("broken")
def test_a_fault_behind_an_action_is_its_answer_and_is_logged_once(
    idle: Agent, lane: str, ask: Ask, answered: Answered
) -> None:
    for _ in range(2):
        ask(idle.executor)
        assert idle.inbox.get(timeout=10) == answered(FAULT)
    assert said(idle) == [("error", "fault", f"{lane}: {FAULT}")]


@pytest.mark.parametrize(("lane", "ask", "answered"), ACTIONS)
def test_without_a_thread_an_action_has_failed_and_is_not_done_in_the_loop(
    idle: Agent, lane: str, ask: Ask, answered: Answered
) -> None:
    with no_more_threads(lane):
        ask(idle.executor)
        assert idle.inbox.get(timeout=10) == answered(NO_THREAD)
    assert said(idle) == [("error", "fault", f"{lane}: {NO_THREAD}")]
