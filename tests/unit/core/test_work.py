"""From what runs to what should: every goal against every run, and when it is tried again."""

from __future__ import annotations

from typing import Literal

import pytest

from sessionlib.core import work
from sessionlib.core.messages import WorkState
from sessionlib.core.work import (
    ActivateRun,
    Aim,
    Failures,
    Goal,
    Halt,
    Mode,
    Move,
    Run,
    Start,
    WorkloadSpec,
    backoff_s,
    converge,
    state_of,
)

REST, DEAD, WARM, HOLD = Goal(Aim.REST), Goal(Aim.DEAD), Goal(Aim.WARM), Goal(Aim.HOLD)
SERVE = Goal(Aim.SERVE, 5)
ACTIVE = Run(Mode.ACTIVE, 5, ready=True)
OLDER = Run(Mode.ACTIVE, 4, ready=True)
STANDBY = Run(Mode.STANDBY, ready=True)
STARTING = Run(Mode.STANDBY)
FROZEN = Run(Mode.ACTIVE, 5, ready=True, frozen_why="the deadline")
STOPPING = Run(Mode.ACTIVE, 5, halted="term")
KILLED = Run(Mode.ACTIVE, 5, halted="kill")
EXITED = Run(Mode.ACTIVE, 5, exited=True)
TERM, KILL = Halt(kill=False), Halt(kill=True)

TABLE: list[tuple[Goal, Run | None, Move | None]] = [
    (REST, None, None),
    (REST, ACTIVE, TERM),
    (REST, STANDBY, TERM),
    (REST, FROZEN, TERM),
    (REST, STOPPING, None),
    (REST, EXITED, None),
    (DEAD, None, None),
    (DEAD, ACTIVE, KILL),
    (DEAD, STANDBY, KILL),
    (DEAD, STOPPING, KILL),
    (DEAD, EXITED, KILL),
    (DEAD, KILLED, None),
    (WARM, None, Start(Mode.STANDBY)),
    (WARM, STANDBY, None),
    (WARM, STARTING, None),
    (WARM, ACTIVE, TERM),
    (WARM, STOPPING, None),
    (SERVE, None, Start(Mode.ACTIVE, 5)),
    (SERVE, ACTIVE, None),
    (SERVE, FROZEN, None),
    (SERVE, OLDER, KILL),
    (SERVE, STANDBY, ActivateRun(5)),
    (SERVE, STARTING, TERM),
    (SERVE, STOPPING, None),
    (SERVE, EXITED, None),
    *((HOLD, run, None) for run in (None, ACTIVE, STANDBY, FROZEN, STOPPING, EXITED)),
]


@pytest.mark.parametrize(("goal", "run", "move"), TABLE)
def test_one_step_towards_the_goal(goal: Goal, run: Run | None, move: Move | None) -> None:
    assert converge(goal, run, "warm", granted=True, rested=True) == move


@pytest.mark.parametrize(("run", "move"), [(None, None), (STANDBY, TERM), (ACTIVE, TERM)])
def test_a_cold_standby_rests(run: Run | None, move: Move | None) -> None:
    assert converge(WARM, run, "cold", granted=True, rested=True) == move


@pytest.mark.parametrize("standby", ["cold", "warm"])
@pytest.mark.parametrize("goal", [SERVE, WARM, REST, DEAD, HOLD])
def test_nothing_starts_before_its_time(goal: Goal, standby: Literal["cold", "warm"]) -> None:
    assert converge(goal, None, standby, granted=True, rested=False) is None


@pytest.mark.parametrize(("granted", "rested"), [(False, True), (True, False)])
@pytest.mark.parametrize("run", [None, STANDBY])
def test_nothing_serves_without_a_lease(run: Run | None, granted: bool, rested: bool) -> None:
    assert converge(SERVE, run, "warm", granted=granted, rested=rested) is None


def test_a_stop_waits_for_no_backoff() -> None:
    assert converge(REST, ACTIVE, "cold", granted=False, rested=False) == TERM
    assert converge(SERVE, OLDER, "cold", granted=False, rested=False) == KILL


@pytest.mark.parametrize(
    ("failures", "wait_s"),
    [
        (0, 0.0),
        (1, 0.5),
        (2, 1.0),
        (3, 2.0),
        (4, 4.0),
        (7, 32.0),
        (8, 60.0),
        (9, 60.0),
        (9999, 60.0),
    ],
)
def test_the_waits_double_up_to_a_minute(failures: int, wait_s: float) -> None:
    assert backoff_s(failures) == wait_s


def test_failures_add_up_but_not_those_that_are_not_its_own() -> None:
    failures = Failures().and_another("one", 100.0).and_another("two", 101.0)
    assert failures == Failures(2, 102.0, "two")
    assert failures.put_off("refused", 200.0) == Failures(2, 200.5, "refused")


@pytest.mark.parametrize(
    ("run", "waiting", "state"),
    [
        (None, False, WorkState.NONE),
        (None, True, WorkState.BACKOFF),
        (Run(Mode.ACTIVE, 5), False, WorkState.STARTING),
        (ACTIVE, False, WorkState.SERVING),
        (FROZEN, False, WorkState.FROZEN),
        (STARTING, False, WorkState.WARM),
        (STANDBY, False, WorkState.WARM),
        (STOPPING, False, WorkState.STOPPING),
        (EXITED, False, WorkState.STOPPING),
        (Run(Mode.ACTIVE, 5, halted="kill", frozen_why="x"), False, WorkState.STOPPING),
    ],
)
def test_the_word_for_it(run: Run | None, waiting: bool, state: WorkState) -> None:
    assert state_of(run, waiting) is state


def test_an_ending_in_words() -> None:
    assert work.ending_of(3) == "it exited with 3"
    assert work.ending_of(-9) == "it was ended by signal 9"


@pytest.mark.parametrize("command", [(), ("",)])
def test_a_workload_needs_a_command(command: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="command"):
        WorkloadSpec(command)


def test_a_grace_is_a_time() -> None:
    for grace_s in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="grace"):
            WorkloadSpec(("a",), grace_s=grace_s)


def test_the_environment_is_not_printed() -> None:
    assert "hush" not in repr(WorkloadSpec(("a",), env={"SECRET": "hush"}))
