"""docs/doctor.md says what the table of checks says."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.checks.doctor.catalog import CHECKS, ON_DRIVE, ON_FOLDER
from console.checks.doctor.drive import RACERS, ROUNDS, Examination
from sessionlib.agent.provisioning import STORE_CHECK_EVERY_S

PAGE = (Path(__file__).parents[3] / "docs" / "doctor.md").read_text()


@pytest.mark.parametrize("check_id", CHECKS)
def test_each_check_has_its_row(check_id: str) -> None:
    check = CHECKS[check_id]
    row = f"| `{check.id}` | {check.says} | {check.means} | {check.cure} |"
    assert PAGE.count(row) == 1
    stands_off = PAGE.index(row) < PAGE.index("These are worth knowing")
    assert stands_off is (check.is_safety and check_id in ON_DRIVE)


def test_every_check_belongs_to_a_kind_of_store() -> None:
    assert set(ON_DRIVE) | set(ON_FOLDER) == set(CHECKS)
    assert not set(ON_DRIVE) & set(ON_FOLDER)


def test_the_figures_are_the_programs() -> None:
    assert (ROUNDS, RACERS) == (200, 8)
    assert f"{ROUNDS} races of eight writes" in PAGE
    assert STORE_CHECK_EVERY_S == 900
    assert "every 15 minutes" in PAGE
    units = Examination.units.fget(type("E", (), {"rounds": ROUNDS})())  # type: ignore[attr-defined]  # a property, asked of nothing but its rounds
    assert round(units, -4) == 110_000
    assert "and 110,000\nof Google's quota units" in PAGE
