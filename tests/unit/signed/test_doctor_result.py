"""Whether a takeover may go ahead on Drive.

Goal: only a signed finding of doctor's, on this very folder, lets one; and what can't be read
changes nothing. Method: the decision, the record in a store, and the core's rule.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from console.fleet.takeover_gate import TakeoverGate
from sessionlib.clock import SystemClock
from sessionlib.config_loading import parse
from sessionlib.core.actions import WriteLease
from sessionlib.core.events import MailboxRead, StoreCheckResult
from sessionlib.core.learn import learn
from sessionlib.core.narrate import narrate
from sessionlib.layout import DRIVE_PATHS, LEASE, STORE_CHECK, succession_key
from sessionlib.signed.doctor_result import (
    STORE_CHECKS,
    CheckedFolder,
    StoreCheck,
    read_store_check,
    why_unproven,
)
from sessionlib.signed.key_succession import SUCCESSION_RECORDS, KeySuccession
from sessionlib.signing import new_seed, public_of
from sessionlib.stores.memory import MemoryStore
from tests.unit.core.views import OTHER, actions, at, held_by, seen

PLACE = CheckedFolder("fleet", "folder-id", "lease-id")
PASSED = StoreCheck("fleet", "folder-id", "lease-id", 1_800_000_000.0, True, (), 200, "op")
SEED = new_seed()
STALE_S = 100.0


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "never run"),
        (replace(PASSED, folder_id="another"), "another folder"),
        (replace(PASSED, lease_id="another"), "another folder"),
        (replace(PASSED, fleet="another"), "another folder"),
        (replace(PASSED, passed=False, failed=("race",)), "failed on 2027-01-15 (race)"),
        (replace(PASSED, passed=False), "too few rounds"),
        (replace(PASSED, passed=False, at=1e300), "an unknown day"),
    ],
)
def test_only_a_pass_on_this_folder_clears_it(found: StoreCheck | None, words: str) -> None:
    why = why_unproven(found, PLACE)
    assert why is not None
    assert words in why
    assert "colabvps-console doctor" in why


def test_a_pass_does() -> None:
    assert why_unproven(PASSED, PLACE) is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            STORE_CHECKS.encode(STORE_CHECKS.sign(PASSED, new_seed())),
            "isn't signed by this fleet's key",
        ),
        (STORE_CHECKS.encode(PASSED), "isn't signed"),
        (STORE_CHECKS.encode(replace(STORE_CHECKS.sign(PASSED, SEED), rounds=1)), "isn't signed"),
        (b"{}", "isn't signed"),
        (b"\x00", "isn't signed"),
    ],
)
def test_what_an_operator_has_not_signed_clears_nothing(data: bytes, words: str) -> None:
    store = MemoryStore(SystemClock())
    store.create(STORE_CHECK, data)
    found, why = read_store_check(store, PLACE, public_of(SEED))
    assert found is None
    assert words in (why or "")


def test_what_one_has_signed_is_read() -> None:
    store = MemoryStore(SystemClock())
    assert "never run" in (read_store_check(store, PLACE, public_of(SEED))[1] or "")
    signed = STORE_CHECKS.sign(PASSED, SEED)
    store.create(STORE_CHECK, STORE_CHECKS.encode(signed))
    assert read_store_check(store, PLACE, public_of(SEED)) == (signed, None)
    assert read_store_check(store, PLACE, None)[0] is None


def test_the_consoles_gate_goes_by_the_key_that_is_in_force(tmp_path: Path) -> None:
    clock = SystemClock()
    store = MemoryStore(clock)
    ids = {path: f"id-of-{number:02}-of-all" for number, path in enumerate(DRIVE_PATHS)}
    settings = {"fleet": "fleet", "fleet_key": public_of(SEED), "workload": {"command": ["true"]}}
    account = {"email": "a@example.com", "role": "main_worker", "priority": 1}
    drive = {"kind": "drive", "folder_id": "id-of-the-folder", "ids": ids}
    text = json.dumps({**settings, "accounts": {"a": account}, "store": drive})
    config = parse(text, tmp_path / "accounts.yaml")
    new_one = new_seed()
    found = replace(PASSED, folder_id="id-of-the-folder", lease_id=ids[LEASE])
    store.create(STORE_CHECK, STORE_CHECKS.encode(STORE_CHECKS.sign(found, new_one)))
    assert "isn't signed" in (TakeoverGate().store_unproven(store, config, clock) or "")
    word = KeySuccession("fleet", public_of(SEED), public_of(new_one), 1.0, "op")
    data = SUCCESSION_RECORDS.encode(SUCCESSION_RECORDS.sign(word, SEED))
    store.create(succession_key(public_of(SEED)), data)
    assert TakeoverGate().store_unproven(store, config, clock) is None


def claims(why: str | None) -> bool:
    view = seen(held_by(OTHER), store_unproven=why)
    return any(isinstance(action, WriteLease) for action in actions(view, STALE_S))


def test_a_standby_that_isnt_cleared_asks_before_it_takes_over() -> None:
    assert claims(None)
    assert not claims("doctor was never run")


def test_a_look_that_fails_changes_nothing_and_news_are_told() -> None:
    view = seen(held_by(OTHER), store_unproven="never run")
    assert learn(view, MailboxRead({}), at(1), "").store_unproven == "never run"
    cleared = learn(view, MailboxRead({}, store_check=StoreCheckResult()), at(1), "")
    assert cleared.store_unproven is None
    assert [line.event for line in narrate(view, cleared)] == ["takeover_on"]
    again = learn(cleared, MailboxRead({}, store_check=StoreCheckResult("failed")), at(2), "")
    assert again.store_unproven == "failed"
    assert ["failed" in line.text for line in narrate(cleared, again)] == [True]
