"""Goal: what is installed is the whole program and nothing but the program.

Method: the wheel is built, and its contents compared with the tree.
"""

from __future__ import annotations

import configparser
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sessionlib import __version__

ROOT = Path(__file__).parents[3]
NEEDED = {
    "console/accounts.example.yaml",
    "console/demo/counter.py",
    "console/py.typed",
    "sessionlib/py.typed",
    "sessionlib/guard/__main__.py",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_it_holds_all_packages_whole_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    there = {
        str(path.relative_to(ROOT))
        for package in ("sessionlib", "console", "coordinator")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == there
    assert held >= NEEDED


def test_it_says_what_it_is(wheel: zipfile.ZipFile) -> None:
    info = f"colabvps_console-{__version__}.dist-info"
    entries = configparser.ConfigParser()
    entries.read_string(wheel.read(f"{info}/entry_points.txt").decode())
    assert dict(entries["console_scripts"]) == {
        "colabvps-console": "console.__main__:main",
        "colabvps-agent": "sessionlib.__main__:run_agent",
    }
    metadata = wheel.read(f"{info}/METADATA").decode()
    assert "Requires-Python: <3.14,>=3.11" in metadata
    assert "License-Expression: MIT" in metadata
    assert f"{info}/licenses/LICENSE" in wheel.namelist()
