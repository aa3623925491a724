"""What doctor leaves in the store for the agents.

Goal: a pass is taken back by a safety check that failed and by nothing else, and no run that
says less hides one that says more. Method: findings as the checks make them, a store in memory.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.checks.doctor.catalog import CheckResult
from console.checks.doctor.result import failed_safety_checks, save_unless_pass_stands
from sessionlib.clock import SystemClock
from sessionlib.layout import STORE_CHECK
from sessionlib.signed.doctor_result import (
    STORE_CHECKS,
    CheckedFolder,
    StoreCheck,
    read_store_check,
)
from sessionlib.signing import new_seed, public_of
from sessionlib.stores.memory import MemoryStore

SEED = new_seed()
PLACE = CheckedFolder("fleet", "folder-id", "lease-id")
PASSED = StoreCheck("fleet", "folder-id", "lease-id", 1_800_000_000.0, True, (), 200, "op")
LATER = replace(PASSED, at=PASSED.at + 60, passed=False)
GOOD, BAD, UNCLEAR = (CheckResult("race", ok, "as it went") for ok in (True, False, None))
SLOW = CheckResult("latency", False, "advice")


def store_with(*found: StoreCheck, seed: str = SEED) -> MemoryStore:
    store = MemoryStore(SystemClock())
    for one in found:
        store.create(STORE_CHECK, STORE_CHECKS.encode(STORE_CHECKS.sign(one, seed)))
    return store


def left(store: MemoryStore) -> float:
    """When that was found which agents read now."""
    found, _ = read_store_check(store, PLACE, public_of(SEED))
    assert found is not None
    return found.at


@pytest.mark.parametrize("finding", [GOOD, UNCLEAR, SLOW])
def test_what_says_nothing_against_a_pass_leaves_it(finding: CheckResult) -> None:
    store = store_with(PASSED)
    stands = save_unless_pass_stands(
        store, replace(LATER, failed=failed_safety_checks([finding])), [finding], SEED
    )
    assert stands is not None
    assert stands.at == left(store) == PASSED.at


def test_a_failure_takes_it_back() -> None:
    store = store_with(PASSED)
    assert (
        save_unless_pass_stands(store, replace(LATER, failed=("race",)), [GOOD, BAD], SEED) is None
    )
    assert left(store) == LATER.at


def test_a_pass_renews_it() -> None:
    store = store_with(PASSED)
    assert save_unless_pass_stands(store, replace(LATER, passed=True), [GOOD], SEED) is None
    assert left(store) == LATER.at


@pytest.mark.parametrize(
    "store",
    [
        store_with(),
        store_with(replace(PASSED, passed=False, failed=("race",))),
        store_with(replace(PASSED, folder_id="another")),
        store_with(PASSED, seed=new_seed()),
    ],
    ids=["nothing", "a failure", "another folder's", "another key's"],
)
def test_where_no_pass_counts_anything_says_more(store: MemoryStore) -> None:
    assert save_unless_pass_stands(store, LATER, [UNCLEAR], SEED) is None
    assert left(store) == LATER.at
