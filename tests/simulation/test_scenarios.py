"""Goal: what the simulation has found once stays found, and stays mended.

Method: each kept scenario is replayed with its fault put back, which must go as its file
tells, and without, which must come through.
"""

from __future__ import annotations

import pytest

from tests.simulation.scenarios.keeping import NAMES, read, replay

ANEW = "the transcript has changed: look at it, then run python -m tests.simulation.scenarios"


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_that_was_found_is_found_again(name: str) -> None:
    scenario = read(name)
    violation, text = replay(scenario, with_fault=True)
    assert violation is not None
    assert text == scenario.text, ANEW


@pytest.mark.parametrize("name", NAMES)
def test_and_it_is_mended(name: str) -> None:
    violation, _ = replay(read(name), with_fault=False)
    assert violation is None
