"""Goal: the page on threats names tests that there are, and leaves no row without one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "threats.md"
HEAD = re.compile(r"^\| .* held by \|$", re.MULTILINE)


def names_of_tests() -> set[str]:
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        found |= set(re.findall(r"^ *(?:async )?def (test_\w+)\(", path.read_text(), re.MULTILINE))
    return found


def rows() -> list[str]:
    """The rows of each table that says what holds them."""
    found = []
    for table in HEAD.split(PAGE.read_text())[1:]:
        lines = table.lstrip("\n").splitlines()[1:]
        for line in lines:
            if not line.startswith("|"):
                break
            found.append(line)
    return found


def test_every_threat_names_the_tests_that_hold_it() -> None:
    assert len(rows()) > 25
    for row in rows():
        held_by = row.rstrip("|").rpartition("|")[2]
        assert re.findall(r"`(test_\w+)`", held_by), row[:80]


def test_the_tests_that_are_named_are_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text()))
    assert named - names_of_tests() == set()


def test_every_file_here_belongs_to_a_threat() -> None:
    page = PAGE.read_text()
    for path in Path(__file__).parent.glob("test_*.py"):
        own = re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
        assert path == Path(__file__) or any(f"`{name}`" in page for name in own), path.name
