"""Goal: docs/drive.md has every refusal that the code knows, in the code's own words, and its
figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from console.setup.google import redirect
from sessionlib.config_loading import parse
from sessionlib.stores.drive import quota_costs, responses, signin_errors
from sessionlib.stores.drive.responses import DriveResponse, sentence
from tests.drive import agents_at_rest as measured
from tests.unit.repository.pages import ROOT, fences, sections

PAGE = ROOT / "docs" / "drive.md"


def rows(title: str) -> dict[str, str]:
    """The second cell of each row under a heading, by each of the words in the first."""
    found = {}
    for line in sections(PAGE)[title].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            found.update(dict.fromkeys(re.findall(r"`([^`]+)`", cells[0]), cells[1]))
    return found


def cure(answer: DriveResponse) -> str:
    return sentence(answer).partition(": ")[2]


def test_each_of_drives_refusals_has_its_row_and_no_other() -> None:
    cures = {
        f"{status} {reason}".strip(): text for (status, reason), text in responses._CURES.items()
    }
    passing = [DriveResponse(429), DriveResponse(408), DriveResponse(500)]
    passing += [DriveResponse(403, reason) for reason in responses._RATE_REASONS]
    cures |= {f"{one.status} {one.reason}".strip(): cure(one) for one in passing}
    assert rows("Drive") == cures


def test_each_ending_of_a_sign_in_has_its_row_and_no_other() -> None:
    causes = {word: cause for word, (cause, _) in signin_errors.CURES.items()}
    assert rows("A sign-in that has ended") == causes


def test_each_refusal_of_the_consent_screen_has_its_row_and_no_other() -> None:
    assert rows("While signing in") == redirect.CURES


@pytest.mark.parametrize(
    ("row", "figure"),
    [
        ("a standby, at most", measured.STANDBY_UNITS),
        ("a primary, at most", measured.PRIMARY_UNITS),
        ("a primary whose program prints something every minute, besides", measured.TALKING_UNITS),
    ],
)
def test_the_figures_are_those_that_are_measured(row: str, figure: int) -> None:
    assert f"| {row} | {figure:,} |" in PAGE.read_text()


def test_prices_are_those_that_are_counted() -> None:
    text = " ".join(PAGE.read_text().split())
    assert (
        f"reading a file's record costs {quota_costs.READ}, "
        f"writing one {quota_costs.WRITE}, a listing "
        f"{quota_costs.LIST}, a download {quota_costs.DOWNLOAD}"
    ) in text


def test_its_configuration_is_one(tmp_path: Path) -> None:
    (config,) = fences(PAGE, "yaml")
    assert parse(config, tmp_path / "accounts.yaml").store.kind == "drive"


def test_days_in_testing() -> None:
    assert f"after {signin_errors.TESTING_DAYS} days" in " ".join(PAGE.read_text().split())
