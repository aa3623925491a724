"""What is shown of the facts at a moment.

Goal: a primary is shown exactly while its own word and its age say so, and a downtime is what
nobody served. Method: the pure decisions and the pure view, with time passed in.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from coordinator.state import State
from coordinator.transitions import (
    HeartbeatMessage,
    PhaseMessage,
    RegistrationMessage,
    StateDraft,
    WorkerMessage,
    apply_message,
)
from coordinator.view import (
    SystemHealth,
    ViewContext,
    health_of,
    next_handover,
    primary_of,
    status_document,
)
from sessionlib.core.values import Instant

SILENCE_S = 45.0
FIRST = RegistrationMessage("a-1", "a", 1, "https://a", {}, takeover=False, previous=None)
SECOND = replace(FIRST, worker_id="b-1", account="b", epoch=2, url="https://b")


def at(seconds: float) -> Instant:
    return Instant(boot=seconds, mono=seconds, wall=1_700_000_000.0 + seconds)


def moment(seconds: float) -> ViewContext:
    return ViewContext(at(seconds), SILENCE_S)


def told(*said: tuple[float, WorkerMessage]) -> State:
    state = State()
    for seconds, message in said:
        draft = StateDraft(state)
        apply_message(draft, message, at(seconds))
        draft.apply()
    return state


def beat(account: str, word: str, epoch: int = 1) -> HeartbeatMessage:
    return HeartbeatMessage(f"{account}-1", account, epoch, word, 3_600.0)


def phase(name: str, left_s: float | None = None) -> PhaseMessage:
    return PhaseMessage("a", 1, "p", "a", "b", name, left_s)


@pytest.mark.parametrize(
    ("word", "is_primary"),
    [("active", True), ("starting", True), ("standby", False), ("fenced", False), ("ended", False)],
)
def test_a_primary_is_one_by_its_own_word(word: str, is_primary: bool) -> None:
    state = told((0.0, FIRST), (1.0, beat("a", word)))
    assert (primary_of(state, moment(2.0)) is not None) is is_primary


def test_a_primary_that_is_silent_for_too_long_is_none() -> None:
    state = told((0.0, FIRST))
    assert primary_of(state, moment(SILENCE_S)) is not None
    assert primary_of(state, moment(SILENCE_S + 0.1)) is None
    assert next_handover(state, moment(SILENCE_S + 0.1)) is None


def test_a_primary_whose_session_is_another_is_none() -> None:
    state = told((0.0, FIRST), (1.0, replace(beat("a", "active"), worker_id="a-2")))
    assert primary_of(state, moment(2.0)) is None


def test_a_primary_that_is_known_to_be_superseded_is_none() -> None:
    state = told((0.0, FIRST), (1.0, beat("b", "starting", epoch=2)))
    assert primary_of(state, moment(2.0)) is None
    assert status_document(state, moment(2.0))["system_health"] == "down"


def test_the_health_of_the_whole() -> None:
    assert health_of(State(), moment(0.0)) is SystemHealth.DOWN
    assert health_of(told((0.0, FIRST)), moment(1.0)) is SystemHealth.DEGRADED
    for word, health in (("standby", SystemHealth.HEALTHY), ("ended", SystemHealth.DEGRADED)):
        assert health_of(told((0.0, FIRST), (0.0, beat("b", word))), moment(1.0)) is health
    lost = told((0.0, beat("b", "standby")), (40.0, FIRST))
    assert health_of(lost, moment(50.0)) is SystemHealth.DEGRADED


def test_a_move_comes_nearer() -> None:
    state = told((0.0, FIRST), (10.0, phase("warming", 600.0)))
    shown = next_handover(state, moment(30.0))
    assert shown is not None
    assert (shown["in_s"], shown["phase"], shown["to"]) == (580.0, "warming", "b")
    assert next_handover(state, moment(5_000.0)) == {
        **shown,
        "in_s": 0.0,
        "at": "2023-11-14T23:36:40+00:00",
    }


def test_a_move_ends_with_its_epoch() -> None:
    state = told((0.0, FIRST), (10.0, phase("offered")), (12.0, SECOND))
    shown = next_handover(state, moment(13.0))
    assert shown is not None
    assert (shown["plan"], shown["from"], shown["phase"]) == (None, "b", "expected")


@pytest.mark.parametrize(
    ("between", "downtime_s"),
    [
        # From the first moment in which the work stood still for this very move.
        (((10.0, phase("quiescing")), (12.0, phase("offered"))), 10.0),
        # From the last sign of life, where nothing was planned.
        (((13.0, beat("a", "active")),), 7.0),
        # A plan that was called off says nothing of when it ended.
        (((10.0, phase("quiescing")), (11.0, phase("aborted")), (15.0, beat("a", "active"))), 5.0),
        # Stopped without a word of when.
        (((14.0, beat("a", "standby")),), None),
    ],
)
def test_how_long_nobody_served(
    between: tuple[tuple[float, WorkerMessage], ...], downtime_s: float | None
) -> None:
    state = told((0.0, FIRST), *between, (20.0, SECOND))
    assert state.moves[-1].downtime_s == downtime_s
    assert state.moves[-1].from_ == "a"


def test_a_registration_said_again_is_no_move() -> None:
    state = told((0.0, FIRST), (5.0, replace(FIRST, url="https://elsewhere")))
    assert len(state.moves) == 1
    found = primary_of(state, moment(6.0))
    assert found is not None
    assert (found.url, found.since) == ("https://elsewhere", at(0.0))
