"""What should become of the workload, and what is known of it.

Decided here: the goals that `decide` sets, the facts that come back, and when a
workload that exited is started again. Not decided here: how a goal is reached
(`agent.workload`, through the guard).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sessionlib.core.notes import WorkState


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
class Facts:
    """What is known of the workload now.

    `state` SERVING means ready by the workload's own probe; `epoch` is the one
    it was started or activated under, None unless it runs for effect. `empty`
    is True when no process of it is left, the guard's word for quiesced.
    `restarts` counts the exits in a row that nobody asked for; `ready` is
    for WARM: the standby's own probe has passed.
    """

    state: WorkState = WorkState.NONE
    epoch: int | None = None
    empty: bool = True
    ready: bool = False
    restarts: int = 0
    guarded: bool = True
    error: str | None = None
