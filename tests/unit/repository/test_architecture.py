"""The rooms: imports point down, the core is pure, and rooms stay small."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS = [one["name"] for one in PROJECT["tool"]["importlinter"]["contracts"]]
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


UPWARD = (
    ("sessionlib.core.lease", "sessionlib.records"),
    ("sessionlib.config.config", "sessionlib.stores"),
    ("sessionlib.signed.records", "sessionlib.stores.folder"),
    ("sessionlib.stores.folder", "sessionlib.guard.policy"),
    ("sessionlib.bundles.setup", "sessionlib.launchers.local"),
    ("sessionlib.launchers.local", "sessionlib.agent.loop"),
    ("sessionlib.agent.loop", "console.fleet.fleet_text"),
    ("sessionlib.agent.loop", "coordinator.view"),
    ("coordinator.view", "console.fleet.fleet_text"),
    ("coordinator.state", "coordinator.view"),
    ("coordinator.writer", "coordinator.access.middleware"),
    ("coordinator.api.health", "coordinator.page.routes"),
    ("coordinator.page.routes", "coordinator.server"),
    ("console.errors", "console.config_file"),
    ("console.text.units", "console.fleet.fleet_text"),
    ("console.signing.rotation", "console.fleet.snapshot"),
    ("console.fleet.fleet_text", "console.orders.screen_orders"),
    ("console.orders.screen_orders", "console.setup.founding.steps"),
    ("console.setup.lease_record", "console.tui.app"),
    ("console.checks.doctor.catalog", "console.store_kinds"),
    ("console.store_kinds.kind", "console.tui.app"),
    ("console.tui.app", "console.demo.scenario"),
    ("console.demo.scenario", "console.cli.ordering"),
    ("console.emulators.drive.router", "console.demo.scenario"),
)
FORBIDDEN = (
    ("sessionlib.core.lease", "time"),
    ("sessionlib.agent.loop", "rich"),
    ("coordinator.view", "sessionlib.records"),
    ("coordinator.view", "textual"),
)


def _copy_of_the_product(folder: Path) -> None:
    for name in ("sessionlib", "coordinator", "console"):
        for path in (ROOT / name).rglob("*.py"):
            copy = folder / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(path.read_text())
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the check says of a copy with all of these planted in it."""
    folder = tmp_path_factory.mktemp("planted")
    _copy_of_the_product(folder)
    for importer, imported in (*UPWARD, *FORBIDDEN):
        path = folder.joinpath(*importer.split(".")).with_suffix(".py")
        path.write_text(f"{path.read_text()}\nimport {imported}  # noqa\n")
    done = _lint_imports("--config", str(folder / "pyproject.toml"), cwd=folder)
    assert done.returncode != 0
    return done.stdout


@pytest.mark.parametrize(("importer", "imported"), [*UPWARD, *FORBIDDEN])
def test_a_planted_import_is_caught(verdict: str, importer: str, imported: str) -> None:
    assert f"{importer} -> {imported}" in verdict


@pytest.mark.parametrize("name", CONTRACTS)
def test_each_contract_can_break(verdict: str, name: str) -> None:
    assert f"{name} BROKEN" in " ".join(verdict.split())


def test_a_room_that_no_contract_knows_is_caught(tmp_path: Path) -> None:
    _copy_of_the_product(tmp_path)
    for name in ("sessionlib", "coordinator", "console"):
        (tmp_path / name / "attic.py").write_text('"""A new room."""\n')
    done = _lint_imports("--config", str(tmp_path / "pyproject.toml"), cwd=tmp_path)
    assert done.returncode != 0
    for name in ("sessionlib", "coordinator", "console"):
        assert f"- {name}.attic" in done.stdout


def test_no_folder_is_part_of_a_cycle() -> None:
    graph = grimp.build_graph("sessionlib", "coordinator", "console", cache_dir=None)
    cycles = {
        folder: sorted(graph.nominate_cycle_breakers(folder))
        for folder in graph.modules
        if graph.find_children(folder)
    }
    assert {folder: found for folder, found in cycles.items() if found} == {}


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
