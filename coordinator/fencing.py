"""The fencing rule: whose word counts; pure.

A lower epoch than the highest known never counts, and an epoch has one holder. Whatever counts
raises what is known. Only an operator lowers an epoch (`admin`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Ruling(StrEnum):
    """What is to be done with a word."""

    ACCEPTED = "taken"
    OUTDATED = "outdated"
    HELD_BY_ANOTHER = "held"
    """Another account is known to hold this very epoch."""


@dataclass(frozen=True, slots=True)
class EpochFence:
    """The highest epoch known, and who is known to hold it."""

    epoch: int = 0
    holder: str | None = None


def judge_epoch(
    fence: EpochFence, account: str, epoch: int, *, as_holder: bool
) -> tuple[Ruling, EpochFence]:
    """What to do with `account`'s word under `epoch`, and what is known after it.

    `as_holder` says that it speaks as the one that holds the epoch: a registration and a
    move's phase do, a heartbeat doesn't.
    """
    if epoch < fence.epoch:
        return Ruling.OUTDATED, fence
    holder = fence.holder if epoch == fence.epoch else None
    if as_holder:
        if holder not in {None, account}:
            return Ruling.HELD_BY_ANOTHER, fence
        holder = account
    if (epoch, holder) == (fence.epoch, fence.holder):
        return Ruling.ACCEPTED, fence
    return Ruling.ACCEPTED, EpochFence(epoch, holder)
