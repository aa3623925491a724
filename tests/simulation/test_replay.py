"""Goal: a seed is the same fleet each time, and its failure one that a person can read.

Method: transcripts are compared, also between processes with other hash seeds; a rule is
taken out, and what is found must come shrunk and told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.simulation.faults import ROUGH
from tests.simulation.mutants import MUTANTS
from tests.simulation.mutants.kinds import MOST_SEEDS
from tests.simulation.mutants.origin import lives
from tests.simulation.seeds import fleet_of, live
from tests.simulation.shrink import shrink, told
from tests.simulation.truth import Violation

QUICK = (
    "guards_deadline_ignored",
    "watch_that_is_ripe_at_once",
    "epoch_kept_on_claim",
    "offer_without_a_seal",
    "pause_overlooked",
    "counted_as_kept_on_upload",
)
"""Those that die soon. All of them: `python -m tests.simulation.mutants`."""


def transcript(*more: str, hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "tests.simulation", "--first", "6", "--hours", "0.3", *more]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("seed", ["6", "80"], ids=["over drive", "on files"])
def test_one_seed_replays_byte_for_byte_in_another_process(seed: str) -> None:
    first = transcript("--transcript", "--first", seed, hash_seed="1")
    assert first == transcript("--transcript", "--first", seed, hash_seed="2")
    assert "agent killed" in first
    assert "takes held by" in first


def test_the_last_line_says_what_was_run() -> None:
    report = json.loads(transcript("--seeds", "2", hash_seed="0").splitlines()[-1])
    assert report["seeds"] == 2
    assert report["fleet_days"] == pytest.approx(2 * 0.3 / 24, abs=0.006)
    assert report["violations"] == 0
    assert report["faults"]["request_lost"] > 0


def test_a_failure_is_made_short_and_told() -> None:
    mutant = next(m for m in MUTANTS if m.name == "missing_is_dead")
    with mutant.at_large():
        whole = fleet_of(0, mutant.odds, hours=0.3)
        with pytest.raises(Violation, match="S5"):
            live(whole)
        found = shrink(0, mutant.odds, hours=0.3)
    assert found is not None
    assert len(found.faults) < len(whole.faults) / 4
    assert "torn" in found.needed
    text = told(found)
    assert text.startswith(f"seed 0: {found.violation}")
    assert "takes held by" in text


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert shrink(1, ROUGH, hours=0.1) is None


@pytest.mark.parametrize("name", QUICK)
def test_a_rule_taken_out_is_noticed(name: str) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    assert any(mutant.dies(seed) for seed in range(20))


def test_a_mutant_is_put_back() -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.name == "watch_that_is_ripe_at_once")
    assert mutant.dies(0) is not None
    live(fleet_of(1, hours=0.3))


def test_the_origins_own_algorithm_dies_at_once() -> None:
    for seed in range(10):
        with pytest.raises(Violation, match="two work at once"):
            lives(seed)


def test_there_are_mutants_enough_and_each_has_a_name() -> None:
    names = {mutant.name for mutant in MUTANTS}
    assert len(names) == len(MUTANTS) >= 30
    assert MOST_SEEDS <= 500
