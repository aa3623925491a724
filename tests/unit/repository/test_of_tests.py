"""Goal: a reader who knows where the code is knows where its tests are.

Method: folders and imports of the tests are read, and held against the product's rooms.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.repository.pages import ROOT

BESIDE_THE_ROOMS = {
    ".": "machinery for all of them",
    "sessionlib": "sessionlib's modules that are in no room",
    "console": "machinery for the console's rooms",
    "hazards": "what went wrong before this project, room by room no more than once",
    "repository": "the repository itself: its rooms, pages, wheel and tests",
}


def _imported(module: str, tree: ast.AST) -> Iterator[str]:
    """The full names of all that `module` imports, wherever in it that stands."""
    package = module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imports_of_test_modules(root: Path) -> list[str]:
    """Imports of something out of a module of tests, by any module below `tests` or `tools`."""
    tests = {
        ".".join(path.relative_to(root).with_suffix("").parts)
        for path in (root / "tests").rglob("test_*.py")
    }
    found = []
    for path in sorted([*(root / "tests").rglob("*.py"), *(root / "tools").rglob("*.py")]):
        name = ".".join(path.relative_to(root).with_suffix("").parts)
        found += [
            f"{name}: {imported}"
            for imported in _imported(name, ast.parse(path.read_text()))
            if imported in tests or imported.rpartition(".")[0] in tests
        ]
    return found


def folders_without_a_room(root: Path) -> list[str]:
    """Folders below `tests/unit` with modules in them that no room of the product is called by."""
    unit = root / "tests" / "unit"
    folders = {path.parent.relative_to(unit) for path in unit.rglob("*.py")}
    return [
        str(folder)
        for folder in sorted(folders)
        if str(folder) not in BESIDE_THE_ROOMS
        and not (root / "sessionlib" / folder / "__init__.py").exists()
        and not (folder.parts[0] == "console" and (root / folder / "__init__.py").exists())
    ]


def test_no_module_of_tests_is_imported() -> None:
    assert imports_of_test_modules(ROOT) == []


@pytest.mark.parametrize(
    "line",
    [
        "from tests.unit.core.test_lease import record",
        "from tests.unit.core import test_lease",
        "from tests.unit.core import test_lease as leases",
        "import tests.unit.core.test_lease",
        "from .test_lease import record",
        "from . import test_lease",
        "def late():\n    from ..core.test_lease import record",
    ],
)
@pytest.mark.parametrize("name", ["test_decide", "views"])
def test_a_planted_import_is_found(tmp_path: Path, name: str, line: str) -> None:
    core = tmp_path / "tests" / "unit" / "core"
    core.mkdir(parents=True)
    (core / "test_lease.py").write_text("from tests.unit.core.values import record\n")
    (core / f"{name}.py").write_text(f"import test_elsewhere\n{line}\n")
    (found,) = imports_of_test_modules(tmp_path)
    assert found.startswith(f"tests.unit.core.{name}: tests.unit.core.test_lease")


def test_each_folder_is_that_of_a_room() -> None:
    assert folders_without_a_room(ROOT) == []
    unit = ROOT / "tests" / "unit"
    assert [name for name in BESIDE_THE_ROOMS if not (unit / name).is_dir()] == []


def test_each_module_is_in_a_folder() -> None:
    unit = ROOT / "tests" / "unit"
    assert [path.name for place in (unit, unit / "console") for path in place.glob("test_*")] == []
    tested = [path.stem.removeprefix("test_") for path in (unit / "sessionlib").glob("test_*.py")]
    assert [name for name in tested if not (ROOT / "sessionlib" / f"{name}.py").exists()] == []


@pytest.mark.parametrize(
    ("folder", "room"),
    [
        ("leases", ""),
        ("core/leases", "sessionlib/core"),
        ("fleet", "console/fleet"),
        ("console/core", "sessionlib/core"),
    ],
)
def test_a_planted_folder_is_found(tmp_path: Path, folder: str, room: str) -> None:
    for place in (f"tests/unit/{folder}", "tests/unit/guard", "sessionlib/guard", room):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / "__init__.py").touch()
    assert folders_without_a_room(tmp_path) == [folder]
