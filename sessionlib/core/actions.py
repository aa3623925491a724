"""What an agent can do: the closed set of outputs of `decide`. The answers come back as events."""

from __future__ import annotations

from dataclasses import dataclass

from sessionlib.core.messages import History, Receipt
from sessionlib.core.values import Pointer
from sessionlib.core.view import Write
from sessionlib.core.work import Goal


@dataclass(frozen=True, slots=True)
class ReadLease:
    """Read the lease record. Answered by LeaseRead within the time-out."""


@dataclass(frozen=True, slots=True)
class ReadMailbox:
    """Read the mailbox: reports and orders. Answered by MailboxRead."""


@dataclass(frozen=True, slots=True)
class WriteLease:
    """Write the lease record conditionally. Answered by WriteAnswered within the time-out."""

    write: Write


@dataclass(frozen=True, slots=True)
class SetGoal:
    """What the workload is to be from now on. Given with every decision; has no answer."""

    goal: Goal


@dataclass(frozen=True, slots=True)
class Restore:
    """Make the data directory stand at `pointer` for `epoch`. Answered by Restored."""

    epoch: int
    pointer: Pointer | None


@dataclass(frozen=True, slots=True)
class Seal:
    """Copy the data of the stopped workload to the store. Answered by Sealed.

    `token` comes back with the answer: one that was asked for before the work went
    on again must not pass for a later one. What `base` names may be reused.
    """

    epoch: int
    token: str
    base: Pointer | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """Make a checkpoint while the workload runs, reusing what `base` names. Answered by
    CopyEnded with the same token."""

    epoch: int
    base: Pointer | None
    token: str
    order: str | None = None


@dataclass(frozen=True, slots=True)
class StopCopying:
    """Have the checkpoint under way end soon: the work has stopped, and waits for its seal."""


@dataclass(frozen=True, slots=True)
class FetchAhead:
    """Bring a checkpoint here and verify it, so that a restore has little left to do.
    Answered by Fetched."""

    pointer: Pointer


@dataclass(frozen=True, slots=True)
class CollectGarbage:
    """Remove what no checkpoint needs any more, `pointer` being the one that is published, and
    `epoch` the one under which it is held."""

    pointer: Pointer
    epoch: int


@dataclass(frozen=True, slots=True)
class PrepareProgram:
    """Fetch the workload's program and set it up. Answered by ProgramPrepared."""

    wanted: str | None


@dataclass(frozen=True, slots=True)
class RecordHistory:
    """Write a history record. Answered by HistoryRecorded."""

    history: History


@dataclass(frozen=True, slots=True)
class AnswerOrder:
    """Tell the operator what became of an order, with the next report."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Depart:
    """Begin to leave: stop, seal, vacate, exit. `order` is the one that asked for it."""

    reason: str
    order: str | None = None


@dataclass(frozen=True, slots=True)
class SuspendAutoMoves:
    """The operator has aborted a move by the clock: none is begun by itself in this tenure."""


@dataclass(frozen=True, slots=True)
class Fence:
    """The lease was lost without having been given up: this incarnation never works again."""

    why: str


@dataclass(frozen=True, slots=True)
class Exit:
    """End this agent. Only ever decided when nothing of the workload runs."""

    code: int
    reason: str


Action = (
    ReadLease
    | ReadMailbox
    | WriteLease
    | SetGoal
    | Restore
    | Seal
    | Copy
    | StopCopying
    | FetchAhead
    | CollectGarbage
    | PrepareProgram
    | RecordHistory
    | AnswerOrder
    | Depart
    | SuspendAutoMoves
    | Fence
    | Exit
)
