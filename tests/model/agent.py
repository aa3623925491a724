"""One step of one agent, by the product's own functions.

Decided here: the order of a turn, as in `sessionlib.agent.loop` and
`sessionlib.agent.workload`: learn, decide until there is nothing left to do but work,
bring the workload a step on through the guard's policy, learn what came of it, and
again until all is at rest. Answers that take no time here are learnt in the same turn.
Nothing is decided that the product decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sessionlib.core import work
from sessionlib.core.actions import (
    Action,
    CollectGarbage,
    Copy,
    Exit,
    Restore,
    Seal,
    SetGoal,
    WriteLease,
)
from sessionlib.core.decide import decide
from sessionlib.core.events import (
    CopyEnded,
    Event,
    Late,
    Restored,
    Sealed,
    WorkChanged,
)
from sessionlib.core.learn import begun, learn
from sessionlib.core.values import Instant, Pointer
from sessionlib.core.view import View, Write
from sessionlib.core.work import Aim, Goal, Mode, Run, WorkloadFacts
from sessionlib.guard import policy
from sessionlib.guard.policy import Custody, GuardVerdict
from sessionlib.guard.wire import LeaseGrant
from tests.model.config import Config
from tests.model.knowing import NOTHING, Known
from tests.model.local import Local
from tests.model.scale import LIMITS, NEVER_S, TICK_S

TURNS_MOST = 12
"""An agent that hasn't come to rest after so many decisions never does."""

NOTICED_TICKS = 2
"""One missed tick is no later than the margin; two are."""


class NoRest(AssertionError):
    """An agent that decides for ever."""


@dataclass
class Turn:
    """The agent in the middle of a step. `effects` is what the world sees of it."""

    config: Config
    view: View
    custody: Custody
    run: Run | None
    sent: list[Write]
    fresh: Pointer | None
    goal: Goal
    now: Instant
    chance: Callable[[], str]
    new_pointer: Callable[[int], Pointer]
    answers: list[Event] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    has_exited: bool = False


@dataclass(frozen=True)
class Started:
    """The workload was started under `epoch`, on data equal to `fresh` (None: changed since)."""

    epoch: int
    fresh: Pointer | None


@dataclass(frozen=True)
class Collected:
    """What the checkpoint `pointer` doesn't need was removed."""

    pointer: Pointer
    epoch: int


@dataclass(frozen=True)
class Broken:
    """A promise that this step alone has broken."""

    why: str


Effect = Started | Collected | Broken


def hear(  # noqa: PLR0917 - all that a step depends on
    local: Local,
    event: Event | None,
    now: Instant,
    chance: Callable[[], str],
    new_pointer: Callable[[int], Pointer],
    config: Config,
    known: Known = NOTHING,
) -> tuple[Local, tuple[Effect, ...]]:
    """The agent hears `event` (None: only time has passed) and does all that it then will.

    `state` is what it has met in the notes. As they may be looked at at any time, it may know
    it or not at any step, and nothing is kept of it from one to the next.
    """
    if local.view is None:
        return local, ()
    turn = Turn(
        config,
        known.to(local.view, now),
        policy.looked(replace(local.custody, looked=now), now, LIMITS),
        local.run,
        list(local.net),
        local.fresh,
        local.view.work.goal,
        now,
        chance,
        new_pointer,
    )
    if local.asleep >= NOTICED_TICKS:
        _learn(turn, Late(local.asleep * TICK_S))
    if event is not None:
        _learn(turn, event)
    _until_at_rest(turn)
    view = None if turn.has_exited else NOTHING.to(turn.view, now)
    after = replace(
        local,
        view=view,
        custody=turn.custody,
        run=turn.run,
        net=tuple(turn.sent),
        fresh=turn.fresh,
        asleep=0,
        answer=local.answer if _still_waits(local.view, view) else None,
    )
    return after, tuple(turn.effects)


def _still_waits(before: View, after: View | None) -> bool:
    """Whether the write that was waited for is the one still waited for."""
    if after is None or before.write is None or after.write is None:
        return False
    return before.write.lease.nonce == after.write.lease.nonce


def _learn(turn: Turn, event: Event) -> None:
    turn.view = learn(turn.view, event, turn.now, turn.chance())


def _until_at_rest(turn: Turn) -> None:
    for _ in range(TURNS_MOST):
        actions = decide(turn.view, turn.now, turn.chance())
        for action in actions:
            turn.view = begun(turn.view, action, turn.now)
            _do(turn, action)
            if turn.has_exited:
                return
        settled = all(isinstance(action, SetGoal) for action in actions)
        _bring_workload_on(turn)
        facts = _facts(turn)
        if facts != turn.view.work:
            turn.answers.append(WorkChanged(facts))
        answers, turn.answers = turn.answers, []
        for answer in answers:
            _learn(turn, answer)
        if settled and not answers:
            return
    raise NoRest("an agent doesn't come to rest")


def _do(turn: Turn, action: Action) -> None:
    match action:
        case SetGoal(goal):
            _pass_grant(turn)
            if goal.aim is Aim.HOLD and turn.goal.aim is not Aim.HOLD:
                turn.custody = policy.held(turn.custody, turn.now)
            turn.goal = goal
        case WriteLease():
            assert turn.view.write is not None
            turn.sent.append(turn.view.write)
        case Exit():
            if turn.run is not None:
                turn.effects.append(Broken("an agent exits with its workload running"))
            turn.has_exited = True
        case Restore() | Seal() | Copy() | CollectGarbage():
            _carry(turn, action)
        case _:
            # Looks and peeks are asked for in the view; the rest changes only the view.
            pass


def _carry(turn: Turn, action: Action) -> None:
    """What concerns data. Where the model has none, it is done at once."""
    match action:
        case Restore(epoch, pointer):
            if turn.run is not None:
                turn.effects.append(Broken("data is restored under the workload's feet"))
            if not turn.config.slow:
                turn.fresh = pointer
                turn.answers.append(Restored(epoch))
        case Seal(epoch, token):
            if turn.run is not None:
                turn.effects.append(Broken("data is sealed while the workload runs (S4)"))
            if not turn.config.slow:
                turn.answers.append(sealed(turn, epoch, token))
        case Copy(_, _, token) if not turn.config.data:
            turn.answers.append(CopyEnded(token, None))
        case CollectGarbage(pointer, epoch):
            turn.effects.append(Collected(pointer, epoch))


def sealed(turn: Turn, epoch: int, token: str) -> Sealed:
    """The last copy has been made: the data is what it holds."""
    if not turn.config.data:
        return Sealed(token, None)
    turn.fresh = turn.new_pointer(epoch)
    return Sealed(token, turn.fresh)


def _pass_grant(turn: Turn) -> None:
    tenure = turn.view.tenure
    if tenure is not None and turn.view.spent is None:
        grant = LeaseGrant(tenure.epoch, tenure.sent, tenure.valid_s)
        turn.custody = policy.granted(turn.custody, grant, turn.now)


def _bring_workload_on(turn: Turn) -> None:
    """One step of `Workload.step`: what the guard says, then a step towards the goal."""
    turn.custody, verdict, _ = policy.judge(turn.custody, turn.now, LIMITS)
    if turn.run is not None:
        frozen = verdict is GuardVerdict.FREEZE or (
            verdict is GuardVerdict.KILL and turn.run.frozen_why
        )
        turn.run = replace(turn.run, frozen_why="frozen" if frozen else None)
    epoch = turn.goal.epoch
    granted = policy.refusal_to_spawn(turn.custody, Mode.ACTIVE, epoch, turn.now) is None
    move = work.converge(turn.goal, turn.run, "cold", granted=granted, rested=True)
    match move:
        case work.Start(mode, started):
            if policy.refusal_to_spawn(turn.custody, mode, started, turn.now) is None:
                turn.custody = policy.begun(turn.custody, mode, started, NEVER_S)
                turn.run = Run(mode, started, ready=True)
                assert started is not None
                turn.effects.append(Started(started, turn.fresh))
                turn.fresh = None
        case work.Halt(kill) if turn.run is not None:
            turn.run = replace(turn.run, halted="kill" if kill else "term")
            turn.custody = policy.stopping(turn.custody, turn.now, kill)
        case _:
            pass


def _facts(turn: Turn) -> WorkloadFacts:
    run = turn.run
    return WorkloadFacts(
        state=work.state_of(run, waiting=False),
        epoch=run.epoch if run is not None else None,
        empty=run is None,
        ready=run is not None and run.ready,
        frozen_why=None if run is None else run.frozen_why,
        goal=turn.goal,
    )
