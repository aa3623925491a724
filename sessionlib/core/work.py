"""What should become of the workload: goals, facts, and the next step from one towards the other.

It also says when a workload that exited is started again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from sessionlib.core.messages import WorkState

BACKOFF_FIRST_S = 0.5
BACKOFF_LAST_S = 60.0
STEADY_S = 60.0
"""A run this long wipes out the failures before it."""


class Mode(StrEnum):
    """What a workload was told to be, in `SESSION_MODE` and in its control file."""

    STANDBY = "standby"
    ACTIVE = "active"


class Aim(StrEnum):
    """What the workload on this session is to be."""

    REST = "rest"
    """Not running; if it runs, quiesce it: SIGTERM, grace, SIGKILL."""
    DEAD = "dead"
    """Not running, at once: SIGKILL."""
    WARM = "warm"
    """Running as a standby (mode `standby`), where the workload can; else at rest."""
    SERVE = "serve"
    """Running for effect (mode `active`) under `Goal.epoch`."""
    HOLD = "hold"
    """Whatever serves is frozen until a lease write sent later than this has succeeded."""


@dataclass(frozen=True, slots=True)
class Goal:
    """An aim; `epoch` goes with SERVE only."""

    aim: Aim
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class WorkloadFacts:
    """What is known of the workload now.

    `state` SERVING means ready by the workload's own probe; `epoch` is the one
    it was started or activated under, None unless it runs for effect. `empty`
    is True when no process of it is left, the guard's word for quiesced.
    `restarts` counts the exits in a row that nobody asked for; `ready` is
    for WARM: the standby's own probe has passed. `goal` is the one that all this was
    gathered under. `error` is why it last failed or can't be started, gone once it is ready;
    `frozen_why` is set while it is frozen. `guarded` is False while there is no guard, and then
    nothing runs: a change of it brings the loop round, though no rule asks for it.
    """

    state: WorkState = WorkState.NONE
    epoch: int | None = None
    empty: bool = True
    ready: bool = False
    restarts: int = 0
    guarded: bool = True
    error: str | None = None
    frozen_why: str | None = None
    goal: Goal = Goal(Aim.REST)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing of the workload is left *and* nothing is about to be started.

        A start that was decided a moment ago is in the goal before it is in `empty`.
        """
        return self.empty and self.goal.aim in {Aim.REST, Aim.DEAD}


@dataclass(frozen=True, slots=True)
class WorkloadSpec:
    """The user's program, as the configuration describes it.

    `data`, `cwd` and `ready_file` are relative to the agent's home unless they
    are absolute. `env` may hold secrets; it is kept out of every printed form.
    """

    command: tuple[str, ...]
    standby: Literal["cold", "warm"] = "cold"
    ready_http: str | None = None
    ready_file: str | None = None
    grace_s: float = 20.0
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    data: str = "data"
    cwd: str = "."

    def __post_init__(self) -> None:
        if not self.command or not self.command[0]:
            raise ValueError("the workload's command is empty")
        if not self.grace_s >= 0:
            raise ValueError("the workload's grace must not be negative")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the workload: from when its start is asked for until nothing is left of it.

    `halted` is how its end was asked for, `exited` that its main process ended;
    either way it only waits to be empty.
    """

    mode: Mode
    epoch: int | None = None
    ready: bool = False
    halted: Literal["term", "kill"] | None = None
    exited: bool = False
    frozen_why: str | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Start the workload."""

    mode: Mode
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class ActivateRun:
    """Tell the standby that runs to work for effect from now on."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Halt:
    """End the run: with grace, or at once."""

    kill: bool


Move = Start | ActivateRun | Halt


def converge(
    goal: Goal, run: Run | None, standby: Literal["cold", "warm"], granted: bool, rested: bool
) -> Move | None:
    """The one step from what runs to what should, or None: there, or waiting.

    `granted` says that a valid lease write of the goal's epoch is in hand, and
    `rested` that no backoff stands in the way of a start. A frozen run is left
    alone: renewing thaws it, and only the guard may judge that.
    """
    if goal.aim is Aim.HOLD:
        return None
    if goal.aim is Aim.WARM and standby == "cold":
        goal = Goal(Aim.REST)
    if run is None:
        return _start(goal, granted) if rested else None
    if goal.aim is Aim.DEAD:
        return None if run.halted == "kill" else Halt(kill=True)
    ending = run.halted is not None or run.exited
    return None if ending else _steer(goal, run, granted and rested)


def _start(goal: Goal, granted: bool) -> Start | None:
    if goal.aim is Aim.WARM:
        return Start(Mode.STANDBY)
    if goal.aim is Aim.SERVE and granted:
        return Start(Mode.ACTIVE, goal.epoch)
    return None


def _steer(goal: Goal, run: Run, may_start: bool) -> Move | None:
    """From a run that isn't ending towards any goal but HOLD and DEAD."""
    standby = run.mode is Mode.STANDBY
    if goal.aim is Aim.WARM and standby:
        return None
    if goal.aim is not Aim.SERVE:
        return Halt(kill=False)
    if not standby:
        # Another epoch's run has no right to go on, not even for its grace.
        return None if run.epoch == goal.epoch else Halt(kill=True)
    if not run.ready:
        # A standby that isn't ready may not know SIGUSR1 yet, which would end it.
        return Halt(kill=False)
    return ActivateRun(goal.epoch) if may_start and goal.epoch is not None else None


def backoff_s(failures: int) -> float:
    """How long to wait after the `failures`-th exit in a row: doubling, with a ceiling."""
    if failures <= 0:
        return 0.0
    # The exponent is bounded first: a count may grow for days.
    return min(BACKOFF_LAST_S, BACKOFF_FIRST_S * 2.0 ** min(failures - 1, 10))


@dataclass(frozen=True, slots=True)
class Failures:
    """The failures in a row of something that is to run, and from when it may be tried again."""

    count: int = 0
    retry_mono: float = float("-inf")
    error: str | None = None

    def and_another(self, why: str, now_mono: float) -> Failures:
        count = self.count + 1
        return Failures(count, now_mono + backoff_s(count), why)

    def put_off(self, why: str, now_mono: float) -> Failures:
        """Not its own fault: it is tried again soon, and not counted."""
        return Failures(self.count, now_mono + BACKOFF_FIRST_S, why)


def ending_of(code: int) -> str:
    """How a process ended, in words; below 0 the code is a signal's number."""
    return f"it was ended by signal {-code}" if code < 0 else f"it exited with {code}"


def state_of(run: Run | None, waiting: bool) -> WorkState:
    """The one word for a run; `waiting` is a backoff before the next."""
    if run is None:
        return WorkState.BACKOFF if waiting else WorkState.NONE
    if run.halted or run.exited:
        return WorkState.STOPPING
    if run.frozen_why is not None:
        return WorkState.FROZEN
    if run.mode is Mode.STANDBY:
        return WorkState.WARM
    return WorkState.SERVING if run.ready else WorkState.STARTING
