"""The rooms: imports point down, the core is pure, and rooms stay small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MAX_LINES = 400


def _lint_imports(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_point_down() -> None:
    done = _lint_imports()
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("sessionlib/core/lease.py", "import time"),
        ("sessionlib/core/decide.py", "import sessionlib.records"),
        ("sessionlib/stores/folder.py", "import sessionlib.guard.policy"),
        ("sessionlib/agent/loop.py", "import console.fleet.words"),
        ("sessionlib/agent/loop.py", "import coordinator.view"),
        ("coordinator/view.py", "import console.fleet.words"),
        ("coordinator/view.py", "import sessionlib.records"),
    ],
)
def test_a_planted_violation_is_caught(tmp_path: Path, room: str, line: str) -> None:
    for name in ("sessionlib", "coordinator", "console"):
        for path in (ROOT / name).rglob("*.py"):
            copy = tmp_path / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(path.read_text())
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    planted = tmp_path / room
    planted.write_text(f"{planted.read_text()}\n{line}  # noqa\n")
    done = _lint_imports("--config", str(tmp_path / "pyproject.toml"), cwd=tmp_path)
    assert done.returncode != 0, done.stdout


def test_rooms_stay_small() -> None:
    long = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for folder in ("sessionlib", "coordinator", "console", "tools")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {name: lines for name, lines in long.items() if lines > MAX_LINES} == {}


def test_every_module_says_what_it_decides() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for folder in ("sessionlib", "console")
        for path in (ROOT / folder).rglob("*.py")
        if not path.read_text().lstrip().startswith(('"""', 'r"""'))
    ]
    assert silent == []
