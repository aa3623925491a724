"""Goal: the docs don't lie about what can be typed, set, read or relied on.

Method: what the code has is looked up in the docs, and what the docs name is
looked up in the code.
"""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import unicodedata
from collections.abc import Iterator
from dataclasses import fields
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from console.__main__ import main
from console.cli.root import COMMANDS, _program
from console.fleet.coordinator import CoordinatorStatus
from sessionlib import __version__, layout
from sessionlib.__main__ import _parser
from sessionlib.config_loading import parse
from sessionlib.core.messages import MoveKind, WorkState
from sessionlib.core.session_phases import Phase
from sessionlib.core.values import LeaseState, PlanPhase, Readiness, Role
from sessionlib.core.view import Finding, Member
from tests.unit.console.cli.all_commands import commands
from tests.unit.repository.pages import ROOT, fences, sections, without_fences

README = ROOT / "README.md"
COMMANDS_PAGE = ROOT / "docs" / "commands.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BASICS = {"--help", "-h"}
OTHERS = {"source", ".", "mkdir", "cd", "export", "kill", "podman", "sudo"}


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def options_in(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", " ".join(re.findall(r"`([^`]*)`", text))))


def options_of(command: Any) -> set[str]:
    return {word for param in command.params for word in (*param.opts, *param.secondary_opts)}


def cli() -> Any:
    return _program()


SHARED = "Conventions"


@pytest.mark.parametrize("name", commands())
def test_each_command_is_documented_with_just_its_options(name: str) -> None:
    own = options_of(commands()[name]) - options_of(cli())
    own = {word for word in own if word.startswith("-")}
    text = sections(COMMANDS_PAGE)[name]
    assert options_in(text) - {"--json", "--help"} == own - BASICS


def test_the_shared_options_are_documented() -> None:
    assert options_in(sections(COMMANDS_PAGE)[SHARED]) == options_of(cli()) - BASICS


def test_no_command_is_documented_that_is_not_there() -> None:
    there = commands()
    named = [title for title in sections(COMMANDS_PAGE) if title in there]
    assert named == list(there)
    for path in PAGES:
        for word in re.findall(r"`colabvps-console ([a-z-]*[a-z])", path.read_text()):
            assert word in COMMANDS, f"{name_of(path)} names {word}"


def test_what_status_tells_of_a_coordinator_is_documented() -> None:
    text = sections(COMMANDS_PAGE)["status"]
    told = re.search(r"`coordinator` \((.*)\)\.", " ".join(text.split()))
    assert told is not None
    for field in fields(CoordinatorStatus):
        assert f"`{field.name}`" in told[1], field.name


def test_the_agent_is_documented() -> None:
    (agent,) = _parser()._subparsers._group_actions[0].choices.values()  # type: ignore[union-attr]  # argparse lists its commands nowhere else
    words = {word for action in agent._actions for word in action.option_strings}
    assert options_in(sections(COMMANDS_PAGE)["python -m sessionlib agent"]) == words - BASICS


def test_nobody_is_told_to_install_from_an_index_what_isnt_in_one() -> None:
    """There the project's name is anybody's to take."""
    sources = [path for room in ("console", "sessionlib") for path in (ROOT / room).rglob("*.py")]
    for path in [*PAGES, *sources]:
        text = path.read_text()
        assert "colabvps-console[" not in text, path
        assert not re.search(r"pipx? install colabvps", text), path


def shell_commands() -> Iterator[tuple[str, list[str]]]:
    """Every line of a shell block, and every prompt of a transcript, as words."""
    for path in PAGES:
        shell = [fence.replace("\\\n", " ") for fence in fences(path, "sh")]
        lines = [line for fence in shell for line in fence.splitlines()]
        for fence in fences(path, "console"):
            lines += [line[2:] for line in fence.splitlines() if line.startswith("$ ")]
        for line in lines:
            for part in line.split("&&"):
                words = shlex.split(part, comments=True)
                if words:
                    yield name_of(path), words


def test_what_the_docs_type_can_be_typed(capsys: pytest.CaptureFixture[str]) -> None:
    makefile = (ROOT / "Makefile").read_text()
    seen = set()
    for page, words in shell_commands():
        said = f"{page}: {shlex.join(words)}"
        names = [Path(word).name for word in words]
        seen.add(words[0])
        if words[0] == "make":
            target = words[1]
            assert re.search(rf"^{target}:.*  ## ", makefile, re.MULTILINE), said
            if target == "demo" and len(words) > 2:
                line = words[2].removeprefix("ARGS=")
                assert main(["demo", *shlex.split(line), "--help"]) == 0, said
        elif "colabvps-console" in names:
            # With --help the rest is parsed, or refused, and nothing is done.
            ours = words[names.index("colabvps-console") + 1 :]
            assert main([*ours, "--help"]) == 0, said
        elif words[:3] == ["python", "-m", "sessionlib"]:
            _parser().parse_args(words[3:])
        else:
            assert words[0] in OTHERS or words[:3] == ["python", "-m", "sqlite3"], said
    assert {"make", "colabvps-console", "python"} <= seen
    capsys.readouterr()


def test_make_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile.replace("\\\n", ""), re.MULTILINE)
    assert phony is not None
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert set(phony[1].split()) == targets
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    shown = set(re.findall(r"^  ([a-z-]+) ", listed.stdout, re.MULTILINE))
    assert shown == set(re.findall(r"^([a-z-]+):.*  ## ", makefile, re.MULTILINE))
    assert shown >= {name for name in targets if "-" not in name}


def test_the_quick_start_is_a_fleet_and_a_program(tmp_path: Path) -> None:
    (config,) = fences(README, "yaml")
    parse(config, tmp_path / "accounts.yaml")
    (program,) = fences(README, "python")
    compile(program, "count.py", "exec")
    assert yaml.safe_load(config)["workload"]["command"] == ["python", "count.py"]


def test_the_first_screen_says_what_it_is_and_what_to_type() -> None:
    first = "\n".join(README.read_text().splitlines()[:24])
    assert "make demo" in first
    assert "make test" in first


def heading_anchor(title: str) -> str:
    kept = "".join(char for char in title.lower() if char.isalnum() or char in " -_")
    return kept.replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    text = without_fences(page.read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        assert found.exists(), f"{name_of(page)} links to {target}"
        assert found.is_relative_to(ROOT), f"{name_of(page)} links out of the project: {target}"
        if anchor:
            assert anchor in map(heading_anchor, sections(found)), f"{name_of(page)}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_paths_in_the_text_exist(page: Path) -> None:
    kinds = "sessionlib|console|tests|tools|docs"
    for path in re.findall(rf"`((?:{kinds})/[\w./-]+)`", without_fences(page.read_text())):
        assert (ROOT / path).exists(), f"{name_of(page)} names {path}"


def test_every_name_in_the_glossary_exists() -> None:
    rows = re.findall(
        r"^\| .* \| `((?:sessionlib|console|coordinator)[\w.]*)` \|$", glossary(), re.MULTILINE
    )
    assert len(rows) == glossary().count("\n| ") - 2, "a row without a name"
    for name in rows:
        assert resolves(name), f"the glossary names {name}"


def glossary() -> str:
    return without_retired((ROOT / "docs" / "glossary.md").read_text())


def without_retired(text: str) -> str:
    """The text without the glossary's last section, whose names are gone on purpose."""
    return text.partition("\n## Retired words\n")[0]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_modules_in_the_text_exist(page: Path) -> None:
    text = without_retired(page.read_text())
    for name in re.findall(r"`((?:sessionlib|console|tests|tools)(?:\.\w+)+)`", text):
        assert resolves(name), f"{name_of(page)} names {name}"


def resolves(name: str) -> bool:
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found: Any = import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            found = getattr(found, part, None)
        return found is not None
    return False


@pytest.mark.parametrize(
    "words",
    [Role, LeaseState, Readiness, Phase, MoveKind, PlanPhase, WorkState, Member, Finding],
)
def test_every_word_that_is_shown_is_in_the_glossary(words: type[StrEnum]) -> None:
    rows = glossary()
    missing = [word for word in words if not re.search(rf"\b{word}\b", rows)]
    assert missing == []


def strings_in(path: Path, pattern: str) -> set[str]:
    """The literal texts in a module that are, whole, of this form."""
    tree = ast.walk(ast.parse(path.read_text()))
    texts = (node.value for node in tree if isinstance(node, ast.Constant))
    return {text for text in texts if isinstance(text, str) and re.fullmatch(pattern, text)}


def test_the_workloads_variables_are_documented() -> None:
    given = strings_in(ROOT / "sessionlib" / "agent" / "workfiles.py", r"SESSION_[A-Z_]+")
    table = set(re.findall(r"^\| `(SESSION_[A-Z_]+)` \|", README.read_text(), re.MULTILINE))
    assert table == given
    assert len(given) > 5


def test_our_own_variables_are_documented() -> None:
    code = [*(ROOT / "sessionlib").rglob("*.py"), *(ROOT / "console").rglob("*.py")]
    read = set().union(*(strings_in(path, r"COLABVPS_[A-Z_]*[A-Z]") for path in code))
    table = re.findall(r"^\| `(COLABVPS_[A-Z_]+)` \|", COMMANDS_PAGE.read_text(), re.MULTILINE)
    assert set(table) == read


def test_the_documents_that_json_prints_are_documented() -> None:
    text = (ROOT / "console" / "fleet" / "json_output.py").read_text()
    keys = re.findall(r'^        "(\w+)":', text, re.MULTILINE)
    assert len(keys) > 10
    page = COMMANDS_PAGE.read_text()
    assert [key for key in keys if f"`{key}`" not in page] == []


def test_the_stores_folders_are_where_the_docs_say() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    for path in re.findall(r"`VPS_Shared/(\w+)", text):
        assert path in layout.FOLDERS


def test_the_changelog_knows_this_version() -> None:
    assert __version__ in (ROOT / "CHANGELOG.md").read_text()


def test_lock_files_hold_names_versions_and_hashes_only() -> None:
    row = r"[\w.-]+==[\w.]+( ; [^:@]+)?( \\)?|    --hash=sha256:[0-9a-f]{64}( \\)?"
    for name in ("requirements.txt", "requirements-dev.txt", "tests/colab/requirements.txt"):
        text = (ROOT / name).read_text()
        rows = [line for line in text.splitlines() if not line.strip().startswith("#")]
        assert len(rows) > 100
        assert [line for line in rows if not re.fullmatch(row, line)] == []
        assert re.search(r"//|file:|\s/", text) is None, f"{name} holds an address or a path"


def test_lock_files_agree() -> None:
    run, dev = (
        dict(re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert run.items() <= dev.items()


def test_nothing_is_decorated() -> None:
    for page in PAGES:
        found = {char for char in page.read_text() if is_emoji(char)}
        assert found == set(), name_of(page)


def is_emoji(char: str) -> bool:
    # The glyphs of the program's own output are geometric shapes and arrows, below that block.
    return unicodedata.category(char) == "So" and ord(char) >= 0x1F000
