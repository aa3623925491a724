"""What a model explores: how many agents, which faults, and what they are asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sessionlib.core.handover_schedule import Timeline
from sessionlib.core.messages import OrderAction
from sessionlib.core.view import AgentSettings
from tests.model.scale import NEVER_S, TICK_S, timing_of_model


@dataclass(frozen=True)
class Config:
    """One model. Every fault that is switched on may strike at any moment.

    `zombies` is how many writes of one agent may be on their way after it has given
    them up (or died); `orders` are what an operator may ask for, one at a time.
    """

    name: str
    told: str
    agents: int = 2
    zombies: int = 1
    crashes: bool = False
    drifts: bool = False
    freezes: bool = False
    leaves: bool = False
    conflicts: bool = False
    """A store may answer Conflict to a write that has succeeded, or that never arrives."""
    unreadable: bool = False
    stale_reads: bool = False
    data: bool = False
    """Checkpoints are made and published, and the pointer is followed."""
    fails: bool = False
    """Copies, seals and restores fail now and then."""
    slow: bool = False
    """Restores and seals take a while, in which anything may happen."""
    orders: tuple[OrderAction, ...] = ()
    operators: int = 0
    """Each has one order in the store at a time."""
    takeover: str = "auto"
    is_small: bool = False

    def settings(self) -> AgentSettings:
        return AgentSettings(
            timing_of_model(),
            handover="approve",
            on_no_answer="hold",
            takeover=self.takeover,
            timeline=Timeline(),
            copy_every_s=TICK_S if self.data else NEVER_S,
            lead_s=1.0,
            plan_timeout_s=NEVER_S,
        )

    @property
    def has_orders(self) -> bool:
        return self.operators > 0


CONFIGS: Mapping[str, Config] = {
    each.name: each
    for each in (
        Config("two", "two agents, writes that arrive late", is_small=True),
        Config("two-crashes", "and agents that die at any moment", crashes=True, is_small=True),
        Config("two-drift", "and clocks that run apart", drifts=True, is_small=True),
        Config(
            "two-store",
            "and a store that answers wrongly and can't be read",
            conflicts=True,
            unreadable=True,
            is_small=True,
        ),
        Config(
            "two-approve",
            "and takeovers that an operator has to approve",
            crashes=True,
            operators=1,
            orders=(OrderAction.APPROVE,),
            takeover="approve",
            is_small=True,
        ),
        Config("two-data", "and checkpoints, in rounds and sealed", data=True, is_small=True),
        Config(
            "two-pause",
            "and an operator who pauses and resumes",
            zombies=0,
            operators=1,
            orders=(OrderAction.PAUSE, OrderAction.RESUME),
        ),
        Config(
            "two-emergency",
            "and emergencies, where a holder is proven to have ended",
            crashes=True,
            operators=1,
            orders=(OrderAction.EMERGENCY,),
        ),
        Config("two-frozen", "and agents that aren't let run", freezes=True),
        Config("two-leaves", "and sessions that vacate", crashes=True, leaves=True),
        Config("three", "three agents, writes that arrive late", agents=3),
        Config(
            "two-data-crashes",
            "checkpoints, agents that die, and a store that answers wrongly",
            data=True,
            crashes=True,
            conflicts=True,
        ),
        Config(
            "two-leaves-drift",
            "sessions that vacate, agents that die, and clocks that run apart",
            crashes=True,
            leaves=True,
            drifts=True,
        ),
    )
}
