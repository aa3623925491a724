"""Goal: a model that is complete where it says so, and that notices what is wrong.

Method: the smallest configuration to its last state, and rules taken out, each of which has
to be found, with a way to it that can be told.
"""

from __future__ import annotations

import pytest

from tests.model.__main__ import told
from tests.model.config import CONFIGS
from tests.model.explore import explore
from tests.model.scale import drifting, timing_of_model
from tests.model.whole import Whole
from tests.simulation.mutants import MUTANTS

MOST_STATES = 150_000

FOUND = {
    "impatient": "two",
    "watch_that_is_ripe_at_once": "two",
    "live_lease_claimed": "two",
    "epoch_kept_on_claim": "two",
    "conflict_taken_for_success": "two",
    "unknown_taken_for_success": "two",
    "unreachable_is_dead": "two",
    "torn_read_is_dead": "two-store",
    "found_lease_is_a_tenure": "two-crashes",
    "validity_from_the_answer": "two-drift",
    "approval_not_waited_for": "two-approve",
    "pointer_dropped_on_claim": "two-data",
    "renewals_not_watched": "two",
    "fenced_works_on": "two",
    "give_up_before_the_work_has_stopped": "two-leaves",
    "work_after_an_unsettled_vacate": "two-leaves",
    "emergency_obeyed_after_a_renewal": "two-emergency",
    "approval_of_another_takeover": "two-approve",
    "pause_overlooked": "two-pause",
}
"""Mutants of the simulation that show in a small part of a model, and where. Those that let a
lease be valid for longer don't: the normal form counts on how long it is. Nor does data that
was sealed too early: what the model knows of data is which checkpoint it is equal to."""


def test_the_smallest_one_is_explored_to_the_last_state() -> None:
    with drifting():
        explored, seen = explore(Whole(CONFIGS["two"]))
    assert explored.is_complete
    assert explored.found is None
    assert explored.states == len(seen) > 10_000


@pytest.mark.parametrize("name", FOUND)
def test_a_rule_taken_out_is_found(name: str) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    with drifting(), mutant.at_large():
        whole = Whole(CONFIGS[FOUND[name]])
        explored, _ = explore(whole, MOST_STATES)
        assert explored.found is not None, f"not in {explored.states} states"
        way = told(whole, explored.found).splitlines()
    assert way[0] == explored.found.why
    assert len(way) > 2


def test_the_models_durations_keep_the_products_own_inequality_exactly() -> None:
    with drifting():
        timing = timing_of_model()
        need_s = timing.renew_s + 2 * timing.timeout_s + timing.margin_s
        assert need_s == pytest.approx(timing.valid_s + timing.margin_s)
