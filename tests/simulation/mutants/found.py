"""Faults that the product had until the simulation found them, put back."""

from __future__ import annotations

from dataclasses import replace

from sessionlib.checkpoints import checkpoints
from sessionlib.checkpoints.data_directory import StemNote
from sessionlib.checkpoints.store_names import CheckpointNumber
from sessionlib.core import decide as decision
from sessionlib.core.actions import Action
from sessionlib.core.rules import standby, stepping_down
from sessionlib.core.rules.common import (
    RuleContext,
    holder_goal,
    read_lease_if_due,
    read_mailbox_if_due,
    renew_if_due,
)
from sessionlib.core.view import Finding, Member
from tests.simulation import disks
from tests.simulation.faults import BUSY, CALM, LOSSY, SLOW, WORDY
from tests.simulation.mutants.kinds import Mutant, Patch


def stale_data_sealed(patch: Patch) -> None:
    """A session that is told to stop as it claims seals what lies there of an earlier tenure."""
    patch.set(stepping_down, "_has_data", lambda view: True)


def one_mark_for_two_checkpoints(patch: Patch) -> None:
    """A seal doesn't know of the checkpoint whose publication is still under way."""

    def next_mark(
        epoch: int, base: CheckpointNumber | None, last: CheckpointNumber | None
    ) -> CheckpointNumber:
        return CheckpointNumber(
            epoch, base.seq + 1 if base is not None and base.epoch == epoch else 1
        )

    for where in (checkpoints, disks):
        patch.set(where, "next_number", next_mark)


def newest_data_set_aside(patch: Patch) -> None:
    """A directory remembers only the last checkpoint made of it, and the one known before."""

    def stems_after(found: StemNote | None, epoch: int, base: str | None, made: str) -> StemNote:
        return StemNote(epoch, (base, made))

    for where in (checkpoints, disks):
        patch.set(where, "next_stems", stems_after)


def found_claim_not_read_back(patch: Patch) -> None:
    """A session that finds a late claim of its own renews it on and on, and never looks."""
    patch.set(standby, "_is_unsettled", lambda view: False)


def renewals_without_a_look(patch: Patch) -> None:
    """A holder that can't reach the store goes on to renew a version that has moved."""

    def hold_on(moment: RuleContext) -> tuple[Action, ...]:
        renewal = renew_if_due(moment)
        return (
            holder_goal(moment),
            *(renewal or read_lease_if_due(moment)),
            *read_mailbox_if_due(moment),
        )

    pair = (Member.PRIMARY, Finding.UNREACHABLE)
    patch.set(decision, "RULES", {**decision.RULES, pair: hold_on})


FOUND = (
    Mutant("stale_data_sealed", stale_data_sealed, WORDY),
    Mutant("one_mark_for_two_checkpoints", one_mark_for_two_checkpoints, BUSY),
    Mutant(
        "newest_data_set_aside",
        newest_data_set_aside,
        replace(SLOW, lost=0.3, terms=8),
        first=112,
    ),
    Mutant("found_claim_not_read_back", found_claim_not_read_back, LOSSY),
    Mutant(
        "renewals_without_a_look",
        renewals_without_a_look,
        replace(CALM, delay_s=4.5),
        fleet={"over_drive": True, "stays_slow": True, "on_files": False},
    ),
)
