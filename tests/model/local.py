"""Everything of one agent and its workload, as one frozen value.

Decided here: what a local state consists of, and what can be told of it alone. Not
decided here: how it changes (`agent`), and which of them are the same (`normal`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sessionlib.core.values import Instant, Pointer
from sessionlib.core.view import View, Write
from sessionlib.core.work import Mode, Run
from sessionlib.guard import policy
from sessionlib.guard.policy import Custody
from tests.model.scale import DEAD_TICKS, LATE, NOW, TICK_S

DEAD = "dead"
"""The nonce of a write that can't arrive any more, in a normal form."""

K = TypeVar("K")
V = TypeVar("V")


class Fixed(dict[K, V]):
    """A mapping that never changes, so that it can be part of a key."""

    def __hash__(self) -> int:  # type: ignore[override]  # a dict has none, as it may change
        return hash(frozenset(self.items()))


def fixed(mapping: Mapping[str, Any]) -> Fixed[str, Any]:
    return Fixed(mapping)


@dataclass(frozen=True, slots=True)
class Local:
    """An agent (`view` is None while none runs), its guard and its workload.

    `net` are its writes on their way: each has yet to arrive, or never will. `answer` is
    the version under which the write that the agent waits for has succeeded, once it
    has. `landed` is the nonce of that of its writes which is the record, if it remembers
    it. `slip` is when its clock stood still for a tick. `asleep` counts the ticks that
    the agent has missed. `fresh` is the checkpoint that the data is equal to,
    `published` the one that the record points at.
    """

    view: View | None
    custody: Custody
    run: Run | None = None
    net: tuple[Write, ...] = ()
    answer: str | None = None
    landed: str | None = None
    slip: Instant | None = None
    asleep: int = 0
    fresh: Pointer | None = None
    published: Pointer | None = None


def works(local: Local, now: Instant = NOW) -> bool:
    """Whether the workload may be at work for effect, its guard being as late as it may be."""
    run = local.run
    if run is None or run.mode is not Mode.ACTIVE:
        return False
    late = Instant(now.boot + LATE.boot, now.mono + LATE.mono, now.wall + LATE.wall)
    return policy.refusal_to_spawn(local.custody, Mode.ACTIVE, run.epoch, late) is None


def may_come_to_work(local: Local, epoch: int, now: Instant = NOW) -> bool:
    """Whether what this agent holds, or may yet hear, lets its workload be at work under `epoch`
    without another write."""
    if works(local, now):
        return True
    view = local.view
    if view is None or view.fenced or view.spent is not None:
        return False
    oldest = now.boot - DEAD_TICKS * TICK_S
    tenure = view.tenure
    if tenure is not None and tenure.epoch == epoch and tenure.sent.boot > oldest:
        return True
    landed = [write for write in view.unsettled if write.lease.nonce == local.landed]
    if view.write is not None and local.answer is not None:
        landed.append(view.write)
    return any(write.lease.epoch == epoch and write.sent.boot > oldest for write in landed)


def oldest_sent(local: Local) -> float | None:
    """When the oldest of the writes was sent by which this workload works or may come to; None
    if there is none. For a normal form, in which the others are `DEAD`."""
    sents = list(sents_of_tenure(local))
    if local.view is not None:
        writes = [*local.view.unsettled, *([local.view.write] if local.view.write else [])]
        sents += [write.sent.boot for write in writes if write.lease.nonce != DEAD]
    return min(sents, default=None)


def sents_of_tenure(local: Local) -> Iterator[float]:
    """When the writes were sent that are known to have succeeded, and still count."""
    if local.custody.grant is not None:
        yield local.custody.grant.sent.boot
    view = local.view
    if view is not None and view.tenure is not None and view.spent is None:
        yield view.tenure.sent.boot
