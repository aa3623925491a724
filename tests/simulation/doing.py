"""Carrying out what a simulated agent has decided.

Method: each action is a request to the store, or a job on the machine's disk that takes
its time and then has an answer, as `agent.executor` and `agent.checkpoint_jobs` give them. One job
at a time for the data, as there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlib.core.actions import (
    Action,
    CollectGarbage,
    Copy,
    Depart,
    FetchAhead,
    PrepareProgram,
    ReadLease,
    ReadMailbox,
    RecordHistory,
    Restore,
    Seal,
    WriteLease,
)
from sessionlib.core.copies import Made
from sessionlib.core.events import (
    CopyEnded,
    Fetched,
    HistoryRecorded,
    ProgramPrepared,
    Restored,
    Sealed,
)
from sessionlib.core.values import Pointer
from sessionlib.errors import StoreError
from tests.simulation.disks import CheckpointError
from tests.simulation.faults import Kind

if TYPE_CHECKING:
    from tests.simulation.node import Node


def do(node: Node, action: Action) -> None:
    """Begin it; the answer comes as an event."""
    fleet = node.fleet
    match action:
        case ReadLease():
            fleet.register.request(node, None)
        case WriteLease(write):
            fleet.register.request(node, write)
        case ReadMailbox():
            fleet.notes.peek(node)
        case RecordHistory(history):
            fleet.notes.history.append(history)
            node.later(HistoryRecorded(history.epoch), 0.2)
        case PrepareProgram():
            node.later(ProgramPrepared("v1"), 5.0)
        case Depart():
            pass
        case _:
            _on_data(node, action)


def _on_data(node: Node, action: Action) -> None:
    match action:
        case Restore(epoch, pointer):
            node.on_data(lambda: restored(node, epoch, pointer), 0.5)
        case Copy():
            node.on_data(lambda: copied(node, action), 1.0)
        case Seal():
            node.on_data(lambda: sealed(node, action), 0.5)
        case FetchAhead(ahead):
            node.on_data(lambda: fetched(node, ahead), 0.5)
        case CollectGarbage(published, epoch):
            node.on_data(lambda: _collect(node, published, epoch), 0.3)
        case _:
            # Answer, HoldOff, Fence and StopCopying change what is known, and nothing else.
            pass


def restored(node: Node, epoch: int, pointer: Pointer | None) -> Restored:
    """What comes of a restore. Whoever holds the lease by now may have removed what one
    that lost it would restore."""
    assert node.process is None or node.process.epoch is None, "restored under the work's feet"
    before = dict(node.disk.content())
    try:
        went_on = node.disk.restore(epoch, pointer)
    except (CheckpointError, StoreError) as error:
        node.fleet.truth.unrestored(epoch, pointer, str(error))
        return Restored(epoch, str(error))
    node.fleet.truth.restored(node, epoch, pointer, before)
    said = "goes on with its data" if went_on else "restores"
    node.fleet.tell(node.name, lambda: f"{said} for epoch {epoch}: {dict(node.disk.content())}")
    made = None if pointer is None else Made(pointer, 0, 0.0, "")
    return Restored(epoch, made=made)


def copied(node: Node, action: Copy) -> CopyEnded:
    """What comes of a checkpoint made while the workload runs."""
    pointer = _copy(node, action.epoch, action.base, node.fleet.odds.copy_fails, Kind.COPY_FAILS)
    if isinstance(pointer, str):
        return CopyEnded(action.token, None, pointer)
    if pointer is None:
        return CopyEnded(action.token, None)
    moved_bytes = node.chance.choice([0, 0, 10**6, 10**8])
    return CopyEnded(action.token, Made(pointer, moved_bytes, moved_bytes / 1e8, "all of it"))


def sealed(node: Node, action: Seal) -> Sealed:
    """What comes of the last copy, of a workload that has stopped."""
    at_work = node.process is not None and node.process.works
    pointer = _copy(node, action.epoch, action.base, node.fleet.odds.seal_fails, Kind.SEAL_FAILS)
    if isinstance(pointer, str):
        return Sealed(action.token, None, pointer)
    if at_work:
        # It was asked for before the work went on again, and must not pass for the last copy.
        node.fleet.tell(node.name, lambda: "has sealed what is being worked on again")
    return Sealed(action.token, pointer)


def _copy(
    node: Node, epoch: int, base: Pointer | None, fails: float, kind: Kind
) -> Pointer | str | None:
    """The copy, why there is none, or None where there is nothing to copy."""
    if node.fleet.is_cut_off(node) or node.chance.random() < fails:
        node.fleet.count(kind)
        return "the store doesn't take it"
    if node.process is not None:
        node.process.settle()
    try:
        pointer = node.disk.copy(epoch, base)
    except (CheckpointError, StoreError) as error:
        return str(error)
    return pointer


def fetched(node: Node, pointer: Pointer) -> Fetched:
    """What comes of bringing a checkpoint here ahead of its use."""
    fleet = node.fleet
    if fleet.is_cut_off(node) or node.chance.random() < fleet.odds.copy_fails:
        fleet.count(Kind.FETCH_FAILS)
        return Fetched(pointer.name, "the store doesn't answer")
    try:
        node.disk.fetch(pointer)
    except (CheckpointError, StoreError) as error:
        return Fetched(pointer.name, str(error))
    return Fetched(pointer.name)


def _collect(node: Node, pointer: Pointer, epoch: int) -> None:
    if not node.fleet.is_cut_off(node):
        node.disk.collect(pointer, epoch)
        node.fleet.truth.collected()
