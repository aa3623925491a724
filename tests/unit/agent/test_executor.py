"""Goal: whatever goes wrong behind an action, its answer comes, and the log says what it was.

Method: the executor of an agent as it is built, whose parts raise what nobody foresaw, or for whom
no thread can be started.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sessionlib.agent import executor as executor_module
from sessionlib.agent import lease_io
from sessionlib.agent.checkpoint_jobs import CheckpointJobs
from sessionlib.agent.lane import NO_THREAD
from sessionlib.agent.loop import Agent
from sessionlib.agent.mailbox_io import Mailbox
from sessionlib.agent.provisioning import Provisioner
from sessionlib.core.actions import (
    Action,
    CollectGarbage,
    Copy,
    FetchAhead,
    PrepareProgram,
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
from tests.unit.agent.agents import agent, begin
from tests.unit.core.views import ME, at, held_by
from tests.unit.thread_limit import no_more_threads

POINTER = Pointer(2, 9, "2-9-p", 1_000)
WRITE = Write(WriteKind.RENEW, held_by(ME), "1", at(0))
HISTORY = History(3, MoveKind.PLANNED, "b", "a", 0.0, 0.5, "ordered")
FAULT = "a fault in this program (KeyError: 'planted')"

Answered = Callable[[str], Event | None]
ACTIONS: list[tuple[str, Action, Answered]] = [
    (
        "lease",
        ReadLease(),
        lambda why: LeaseRead(LeaseReadStatus.UNREACHABLE, why=why),
    ),
    (
        "lease",
        WriteLease(WRITE),
        lambda why: WriteAnswered("nonce", WriteVerdict.UNKNOWN, why=why),
    ),
    ("peek", ReadMailbox(), lambda why: MailboxRead({})),
    (
        "peek",
        RecordHistory(HISTORY),
        lambda why: HistoryRecorded(3, why),
    ),
    (
        "data",
        Restore(3, POINTER),
        lambda why: Restored(3, f"the data couldn't be restored: {why}"),
    ),
    (
        "data",
        Seal(3, "t1"),
        lambda why: Sealed("t1", None, f"the data couldn't be sealed: {why}"),
    ),
    (
        "data",
        Copy(3, None, "t1"),
        lambda why: CopyEnded("t1", None, f"no checkpoint was made: {why}"),
    ),
    (
        "data",
        FetchAhead(POINTER),
        lambda why: Fetched("2-9-p", f"checkpoint 2-9-p couldn't be fetched: {why}"),
    ),
    ("data", CollectGarbage(POINTER, 3), lambda why: None),
    ("kit", PrepareProgram("v1"), lambda why: ProgramPrepared("", why)),
]


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Agent]:
    """An agent that was built, and doesn't run."""
    idle = agent(tmp_path)
    yield idle
    idle.log.close()


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing behind the executor does what it should."""

    def fault(*_: object) -> None:
        raise KeyError("planted")

    for where, name in ((executor_module, "read_lease"), (lease_io, "write_lease")):
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


@pytest.mark.parametrize(("lane", "action", "answered"), ACTIONS)
@pytest.mark.usefixtures("broken")
def test_a_fault_behind_an_action_is_its_answer_and_is_logged_once(
    idle: Agent, lane: str, action: Action, answered: Answered
) -> None:
    for _ in range(2):
        begin(idle, action)
        assert idle.inbox.get(timeout=10) == answered(FAULT)
    assert said(idle) == [("error", "fault", f"{lane}: {FAULT}")]


@pytest.mark.parametrize(("lane", "action", "answered"), ACTIONS)
def test_without_a_thread_an_action_has_failed_and_is_not_done_in_the_loop(
    idle: Agent, lane: str, action: Action, answered: Answered
) -> None:
    with no_more_threads(lane):
        begin(idle, action)
        assert idle.inbox.get(timeout=10) == answered(NO_THREAD)
    assert said(idle) == [("error", "fault", f"{lane}: {NO_THREAD}")]


def test_each_action_has_its_way_to_begin() -> None:
    assert set(executor_module._BEGIN) == set(Action.__args__)
