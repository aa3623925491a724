"""Goal: `make test` and `make quick` use the machine, and run what they are told to.

Method: the number of workers is asked of `tests/conftest.py`; what make would run is read from
`make --dry-run`, and given to pytest to collect.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import worker_count
from tests.unit.repository.pages import ROOT

ONE = "tests/unit/core/test_lease.py"
ANOTHER = "tests/unit/core/test_work.py"


@pytest.fixture(autouse=True)
def _at_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(
    ("args", "cores", "workers"),
    [
        (["tests"], 1, 2),
        (["tests"], 2, 4),
        (["tests"], 4, 8),
        (["tests"], 6, 8),
        (["tests"], 32, 32),
        (["tests/unit/core", ONE], 2, 4),
        (["nowhere"], 2, 4),
        ([ONE], 2, 0),
        ([f"{ONE}::test_a", f"{ONE}::test_b"], 2, 0),
        ([ONE, f"{ANOTHER}::test_c[a::b]"], 2, 2),
    ],
)
def test_workers_are_as_many_as_are_of_use(args: list[str], cores: int, workers: int) -> None:
    assert worker_count(args, cores) == workers


def words_of(target: str, args: str = "") -> list[str]:
    """The words that make would run pytest with."""
    command = ["make", "--dry-run", target, f"ARGS={args}"]
    # Not those of a make that runs these tests.
    clean = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(command, env=clean, capture_output=True, text=True, check=True)
    (line,) = (line for line in done.stdout.splitlines() if "-m pytest" in line)
    return line.split()[1:]


def collected(*words: str) -> set[Path]:
    """The files that pytest would run tests of."""
    done = subprocess.run(
        [sys.executable, *words, "-n0", "--collect-only", "-q", "--no-header"],
        capture_output=True,
        text=True,
        check=True,
    )
    ids = [line for line in done.stdout.splitlines() if "::" in line]
    return {Path(one.partition("::")[0]) for one in ids}


def test_a_path_stands_for_all_of_the_tests() -> None:
    assert collected(*words_of("test", ONE)) == {Path(ONE)}
    assert not [word for word in words_of("test") if word.startswith("tests")]


def test_quick_runs_unit_tests_of_core_fleet_view_and_orders() -> None:
    rooms = {path.parent for path in collected(*words_of("quick"))}
    unit = Path("tests/unit")
    assert rooms == {unit / "core", unit / "console" / "fleet", unit / "console" / "orders"}


@pytest.mark.parametrize("target", ["test", "quick"])
def test_the_slowest_are_listed_and_args_come_last(target: str) -> None:
    words = words_of(target, "-k lease")
    assert words[words.index("--durations") + 1] == "10"
    assert words[-2:] == ["-k", "lease"]
