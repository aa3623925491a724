"""What an agent knows of the copies that it makes and fetches, and of the program that it runs.

It also says when a round of copying has left so little that the work may be stopped.
"""

from __future__ import annotations

from dataclasses import dataclass

from sessionlib.core.values import Pointer

SMALL_BYTES = 4 * 1024 * 1024
SMALL_S = 0.5
"""A round that moved or took no more than this leaves a last delta that is as quickly done."""

ROUNDS_MOST = 8
"""A workload that changes its data faster than it can be copied is stopped all the same."""

FAILURES_MOST = 3
"""Nor does a move wait for data that doesn't settle: once the work has stopped, it will."""


@dataclass(frozen=True, slots=True)
class Made:
    """A checkpoint whose blobs are all proven to be in the store.

    It counts once the lease points at it. `moved_bytes` were uploaded in `took_s`;
    `receipt` says in words what the store has confirmed.
    """

    pointer: Pointer
    moved_bytes: int
    took_s: float
    receipt: str

    @property
    def is_small(self) -> bool:
        return self.moved_bytes <= SMALL_BYTES or self.took_s <= SMALL_S


@dataclass(frozen=True, slots=True)
class Copies:
    """The checkpoints of one tenure, made while the workload runs.

    `under_way` is the token of the one being made, `made` the one that waits to be
    published, `order` the operator's order that either answers. `rounds` counts those
    published for the plan `round_plan`. `is_empty` says that there was nothing to copy.
    """

    under_way: str | None = None
    made: Made | None = None
    order: str | None = None
    published: Made | None = None
    published_mono: float = float("-inf")
    since_mono: float = float("-inf")
    retry_mono: float = float("-inf")
    failures: int = 0
    is_empty: bool = False
    round_plan: str | None = None
    rounds: int = 0
    collected: str | None = None

    @property
    def is_busy(self) -> bool:
        return self.under_way is not None or self.made is not None

    def settled_for(self, plan: str, fetched: str | None) -> bool:
        """Whether little has changed since what the successor has `fetched`, as far as the
        rounds for `plan` tell; or copying on would change nothing about that."""
        if self.round_plan != plan or self.is_busy:
            return False
        if self.is_empty or self.failures >= FAILURES_MOST:
            return True
        last = self.published
        if last is None or self.rounds == 0 or fetched != last.pointer.name:
            return False
        return last.is_small or self.rounds >= ROUNDS_MOST


@dataclass(frozen=True, slots=True)
class Fetch:
    """The checkpoint that a standby keeps ready: `have` is here and verified."""

    under_way: str | None = None
    have: str | None = None
    retry_mono: float = float("-inf")


@dataclass(frozen=True, slots=True)
class ProgramState:
    """The workload's program on this machine: `wanted` is the newest that was published,
    `ready` the one that is unpacked and set up. Both are words, compared for equality."""

    under_way: bool = False
    wanted: str | None = None
    ready: str | None = None
    retry_mono: float = float("-inf")
    why: str | None = None
