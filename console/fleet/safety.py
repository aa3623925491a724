"""Whether the work is safe, in a word with its reason; pure.

Safe is a primary that serves under a valid lease, a ready standby, a fresh copy of the data, and a
fresh reading. Whatever isn't known makes it unknown, never safe.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from console.fleet.readmodel import AccountRow, FleetView
from console.text.units import duration
from sessionlib.core.messages import WorkState
from sessionlib.core.session_phases import Phase
from sessionlib.core.values import UNKNOWN_HOLDER, LeaseState, Readiness

OLD_COPIES = 3
"""A copy older than so many intervals is one that should have been replaced by now."""


class SafetyLevel(StrEnum):
    """The verdict."""

    SAFE = "SAFE"
    MOVING = "MOVING"
    PAUSED = "PAUSED"
    NOT_SAFE = "NOT SAFE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Safety:
    """A word, and the gravest reason for it."""

    word: SafetyLevel
    reason: str


def safety(view: FleetView) -> Safety:
    """The verdict on a fleet as it is seen."""
    found = _of_the_look(view) or _of_the_lease(view)
    if found is not None:
        return found
    holder = next((row for row in view.accounts if row.name == view.lease.holder), None)
    found = _of_the_primary(view, holder) or _of_the_move(view)
    return found or _of_the_fallbacks(view) or _safe(view)


def _of_the_look(view: FleetView) -> Safety | None:
    if view.store.reachable:
        return None
    if view.store.answered_s is None:
        return Safety(SafetyLevel.UNKNOWN, f"the store hasn't answered yet ({view.store.error})")
    return Safety(SafetyLevel.UNKNOWN, f"store not reached for {duration(view.store.answered_s)}")


def _of_the_lease(view: FleetView) -> Safety | None:
    lease = view.lease
    if lease.epoch is None:
        return Safety(
            SafetyLevel.UNKNOWN, view.troubles[0] if view.troubles else "there is no lease"
        )
    if lease.holder == UNKNOWN_HOLDER:
        return Safety(
            SafetyLevel.UNKNOWN, "the lease had to be made again: a claim will tell who works"
        )
    if lease.state == LeaseState.FREE:
        return Safety(SafetyLevel.NOT_SAFE, f"nobody works: the lease is free, {_since(view)}")
    if lease.state == LeaseState.OFFERED:
        late = lease.age_s is None or lease.ttl_s is None or lease.age_s > lease.ttl_s
        text = f"offered to {lease.successor}, {_since(view)}"
        return (
            Safety(SafetyLevel.NOT_SAFE, f"{text}, and not claimed")
            if late
            else Safety(SafetyLevel.MOVING, text)
        )
    if not lease.valid:
        return Safety(
            SafetyLevel.NOT_SAFE, f"{lease.holder} hasn't renewed for {duration(lease.age_s)}"
        )
    return None


def _of_the_primary(view: FleetView, holder: AccountRow | None) -> Safety | None:
    name = view.lease.holder
    if holder is None:
        return Safety(
            SafetyLevel.UNKNOWN, f"{name} holds the lease, and isn't in the configuration"
        )
    if holder.phase is None:
        return Safety(SafetyLevel.UNKNOWN, f"{name} holds the lease, but its report can't be read")
    if holder.phase in {Phase.LOST, Phase.COLD, Phase.FENCED}:
        return Safety(
            SafetyLevel.NOT_SAFE, f"{name} holds the lease, but is {holder.phase.lower()}"
        )
    moving = view.handover is not None and holder.workload == WorkState.STOPPING
    if holder.workload != WorkState.SERVING and not moving:
        return Safety(
            SafetyLevel.NOT_SAFE, f"{name} holds the lease; its workload is {holder.workload}"
        )
    return None


def _of_the_move(view: FleetView) -> Safety | None:
    move = view.handover
    if move is None:
        return None
    if move.asked:
        return Safety(
            SafetyLevel.MOVING, f"{move.from_} asks to move to {move.to}: approve or abort"
        )
    return Safety(SafetyLevel.MOVING, f"{move.from_} moves to {move.to}: {move.phase}")


def _of_the_fallbacks(view: FleetView) -> Safety | None:
    if view.lease.paused:
        return Safety(SafetyLevel.PAUSED, f"{view.lease.holder} serves; nobody would take over")
    standbys = [
        row
        for row in view.accounts
        if row.name != view.lease.holder and row.readiness is not None and row.phase != Phase.COLD
    ]
    if not standbys:
        return Safety(SafetyLevel.NOT_SAFE, "no standby runs")
    if not any(row.readiness == Readiness.READY for row in standbys):
        first = standbys[0]
        busy = first.preparing or f"{first.name} is {first.readiness}"
        return Safety(SafetyLevel.NOT_SAFE, f"no standby is ready: {busy}")
    copy = view.checkpoint
    if copy.seq is None:
        return Safety(SafetyLevel.NOT_SAFE, "no checkpoint yet: a crash would lose the data")
    if copy.age_s is not None and copy.every_s and copy.age_s > OLD_COPIES * copy.every_s:
        return Safety(SafetyLevel.NOT_SAFE, f"the last checkpoint is {duration(copy.age_s)} old")
    return None


def _safe(view: FleetView) -> Safety:
    ready = [
        row.name
        for row in view.accounts
        if row.readiness == Readiness.READY and row.name != view.lease.holder
    ]
    more = f" and {len(ready) - 1} more" if len(ready) > 1 else ""
    return Safety(
        SafetyLevel.SAFE,
        f"held by {view.lease.holder}, renewed {duration(view.lease.age_s)} ago; "
        f"{ready[0]}{more} ready",
    )


def _since(view: FleetView) -> str:
    return f"{duration(view.lease.age_s)} ago"
