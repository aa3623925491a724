"""What a session tells the coordinator when.

Goal: everything is told once, in order, and a coordinator that fails is asked more and more
rarely. Method: the pure decision, with time passed in.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessionlib.coordinator.protocol import (
    ABORTED,
    MAX_RETRY_S,
    AnswerVerdict,
    CoordinatorAnswer,
    MessageKind,
    PlannedMove,
    SentState,
    SessionNews,
    after_answer,
    next_message,
    wait_s,
)

EVERY_S = 15.0
STANDBY = SessionNews("b", "b-1", 3, "standby", 7_200.0)
MOVE = PlannedMove("plan-1", "a", "b", "warming")
PRIMARY = SessionNews(
    "a", "a-1", 3, "active", 3_600.0, has_lease=True, is_serving=True, url="http://a"
)


def told_all(
    news: SessionNews, now_mono: float, told: SentState | None = None
) -> tuple[SentState, list[MessageKind]]:
    """All that is due is said and taken, at one moment."""
    told = told or SentState()
    kinds = []
    while (message := next_message(news, told, now_mono, 0.0, EVERY_S)) is not None:
        kinds.append(message.kind)
        told = after_answer(told, message, CoordinatorAnswer(AnswerVerdict.TAKEN), now_mono, 0.0)
    return told, kinds


def test_a_standby_has_its_heartbeat_alone_and_again_in_time() -> None:
    told, kinds = told_all(STANDBY, 0.0)
    assert kinds == [MessageKind.HEARTBEAT]
    assert told_all(STANDBY, EVERY_S - 0.1, told)[1] == []
    assert wait_s(STANDBY, told, 5.0, EVERY_S) == EVERY_S - 5.0
    assert told_all(STANDBY, EVERY_S, told)[1] == [MessageKind.HEARTBEAT]


@pytest.mark.parametrize("change", [{"status": "active"}, {"epoch": 4}])
def test_a_change_of_state_waits_for_no_interval(change: dict[str, str | int]) -> None:
    told, _ = told_all(STANDBY, 0.0)
    news = replace(STANDBY, **change)  # type: ignore[arg-type]  # one field of each type
    assert told_all(news, 1.0, told)[1] == [MessageKind.HEARTBEAT]


def test_a_move_is_told_before_the_rest_and_phase_by_phase() -> None:
    told, kinds = told_all(replace(PRIMARY, move=MOVE), 0.0)
    assert kinds == [MessageKind.HANDOVER, MessageKind.REGISTER, MessageKind.HEARTBEAT]
    told, kinds = told_all(replace(PRIMARY, move=replace(MOVE, phase="offered")), 1.0, told)
    assert kinds == [MessageKind.HANDOVER]
    assert told_all(replace(PRIMARY, move=replace(MOVE, phase="offered")), 2.0, told)[1] == []


def test_a_move_that_was_called_off_is_told_of_once() -> None:
    told, _ = told_all(replace(PRIMARY, move=MOVE), 0.0)
    message = next_message(PRIMARY, told, 1.0, 0.0, EVERY_S)
    assert message is not None
    assert (message.body["plan"], message.body["phase"]) == ("plan-1", ABORTED)
    told, _ = told_all(PRIMARY, 1.0, told)
    assert told_all(PRIMARY, 2.0, told)[1] == []
    later = replace(PRIMARY, epoch=5)
    assert MessageKind.HANDOVER not in told_all(later, 3.0, told)[1], "that was another tenure's"


def test_only_who_holds_the_lease_speaks_of_a_move() -> None:
    assert told_all(replace(STANDBY, move=MOVE), 0.0)[1] == [MessageKind.HEARTBEAT]


def test_a_new_address_is_registered_anew() -> None:
    told, _ = told_all(PRIMARY, 0.0)
    assert told_all(replace(PRIMARY, url="http://b"), 1.0, told)[1] == [MessageKind.REGISTER]


def test_failures_are_waited_out_longer_each_time_and_differently() -> None:
    told, waits, now_mono = SentState(), [], 0.0
    for _ in range(12):
        message = next_message(STANDBY, told, now_mono, 0.0, EVERY_S)
        assert message is not None
        told = after_answer(
            told, message, CoordinatorAnswer(AnswerVerdict.FAILED, "gone"), now_mono, 0.999
        )
        assert next_message(STANDBY, told, now_mono, 0.0, EVERY_S) is None
        waits.append(told.wait_until_mono - now_mono)
        now_mono = told.wait_until_mono
    assert waits == sorted(waits)
    assert waits[0] < waits[-1] <= MAX_RETRY_S
    assert told.why == "gone"
    first = next_message(STANDBY, SentState(), 0.0, 0.0, EVERY_S)
    assert first is not None
    other = after_answer(
        SentState(), first, CoordinatorAnswer(AnswerVerdict.FAILED, "gone"), 0.0, 0.0
    )
    assert other.wait_until_mono < waits[0]
    well, _ = told_all(STANDBY, now_mono, told)
    assert (well.failures, well.why) == (0, None)


@pytest.mark.parametrize("verdict", [AnswerVerdict.REFUSED, AnswerVerdict.OUTDATED])
def test_what_was_refused_isnt_said_again_before_its_time(verdict: AnswerVerdict) -> None:
    message = next_message(PRIMARY, SentState(), 0.0, 0.0, EVERY_S)
    assert message is not None
    told = after_answer(SentState(), message, CoordinatorAnswer(verdict, "no"), 0.0, 0.0)
    told, kinds = told_all(PRIMARY, 0.0, told)
    assert message.kind not in kinds
    assert wait_s(PRIMARY, told, 0.0, EVERY_S) == EVERY_S


def test_a_coordinator_that_has_forgotten_the_primary_is_told_anew() -> None:
    told, _ = told_all(PRIMARY, 0.0)
    beat = next_message(PRIMARY, told, EVERY_S, 0.0, EVERY_S)
    assert beat is not None
    forgot = after_answer(
        told, beat, CoordinatorAnswer(AnswerVerdict.TAKEN, unregistered=True), EVERY_S, 0.0
    )
    assert told_all(PRIMARY, EVERY_S, forgot)[1] == [MessageKind.REGISTER]


def test_a_heartbeat_says_what_the_origin_says() -> None:
    message = next_message(STANDBY, SentState(), 0.0, 1_800_000_000.0, EVERY_S)
    assert message is not None
    assert message.body == {
        "worker_id": "b-1",
        "account": "b",
        "epoch": 3,
        "status": "standby",
        "session_remaining": 2.0,
        "timestamp": "2027-01-15T08:00:00.000+00:00",
    }
