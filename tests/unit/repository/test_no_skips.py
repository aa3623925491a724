"""Goal: where nothing may be skipped, a test that skips itself has failed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import conftest

TESTS = """\
import pytest


def test_that_needs_something():
    pytest.skip("needs a thing: apt-get install thing")


@pytest.mark.skip(reason="not today")
def test_left_out():
    pass


@pytest.mark.xfail
def test_known_to_fail():
    raise AssertionError


def test_plain():
    pass
"""
MODULE = """\
import pytest

pytest.skip("nothing of it runs here", allow_module_level=True)
"""


@pytest.mark.parametrize(
    ("allowed", "code", "counts"),
    [
        ("", 0, ["1 passed", "3 skipped", "1 xfailed"]),
        ("1", 1, ["1 failed", "1 passed", "1 xfailed", "2 errors"]),
    ],
)
def test_a_skip_is_a_failure(tmp_path: Path, allowed: str, code: int, counts: list[str]) -> None:
    shutil.copy(conftest.__file__, tmp_path / "conftest.py")
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "test_whole.py").write_text(MODULE)
    # Without what else is installed here: to load it takes longer than these tests.
    environ = {**os.environ, conftest.NO_SKIPS: allowed, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    words = ["-m", "pytest", "-p", "no:cacheprovider", "--continue-on-collection-errors", "."]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    last = done.stdout.splitlines()[-1]
    assert [count for count in counts if count not in last] == []
    assert ("apt-get install thing" in done.stdout) is bool(allowed)
