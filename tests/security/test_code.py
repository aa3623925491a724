"""Goal: nothing that comes from elsewhere is turned into code, anywhere in the program.

Method: the program's own source, read as a tree: modules that make objects or code of
bytes aren't imported, calls that run text aren't made, and every program is started with
words and not with a line for a shell.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for room in ("sessionlib", "console") for path in (ROOT / room).rglob("*.py"))
MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "copyreg", "code", "runpy"}
CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "os.system",
    "os.popen",
    "yaml.load",
    "yaml.unsafe_load",
    "yaml.full_load",
    "yaml.load_all",
    "tarfile.TarFile.extractall",
    "shutil.unpack_archive",
    "webbrowser.open",
    "tempfile.mktemp",
}
METHODS = {"extractall", "extract"}
LITERAL = {"importlib.import_module", "import_module"}


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return ""


def offences(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named = {alias.name.partition(".")[0] for alias in node.names}
            yield from sorted(named & MODULES)
        elif isinstance(node, ast.ImportFrom):
            yield from sorted({(node.module or "").partition(".")[0]} & MODULES)
        elif isinstance(node, ast.Call):
            yield from calls(node)


def calls(node: ast.Call) -> Iterator[str]:
    name = name_of(node.func)
    if name in CALLS or name.rpartition(".")[2] in METHODS:
        yield name
    if any(one.arg == "shell" for one in node.keywords):
        yield f"{name}(shell=…)"
    # A list of words, or the call that makes one.
    if name.startswith("subprocess.") and not isinstance(node.args[0], ast.List | ast.Call):
        yield f"{name} of {ast.unparse(node.args[0])}"


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    """Every module of the program, by its path."""
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in SOURCES}


def test_nothing_is_made_into_code(trees: dict[str, ast.Module]) -> None:
    found = {path: list(offences(tree)) for path, tree in trees.items()}
    assert {path: offence for path, offence in found.items() if offence} == {}
    assert len(found) > 200


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from marshal import loads",
        "import os; os.system('x')",
        "eval('1')",
        "import yaml; yaml.load(x, yaml.Loader)",
        "import subprocess; subprocess.run('ls', shell=True)",
        "import subprocess; subprocess.Popen('ls | cat')",
        "archive.extractall('/')",
    ],
)
def test_what_is_looked_for_would_be_found(line: str) -> None:
    assert list(offences(ast.parse(line)))


def test_modules_loaded_by_name_are_named_in_the_source(trees: dict[str, ast.Module]) -> None:
    """Loaded by a name that is computed, they could be anything; these come from tables of ours."""
    computed = {}
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or name_of(node.func) not in LITERAL:
                continue
            if not isinstance(node.args[0], ast.Constant):
                computed[path] = ast.unparse(node.args[0])
    assert computed == {
        "console/cli/lazy_group.py": "f\"{self.package}.{cmd_name.replace('-', '_')}\"",
    }
