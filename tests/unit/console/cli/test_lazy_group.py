"""Goal: a package under the command line is a group, and behaves as the commands around it do.

Method: a program over packages made for the test, with a group in a group.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from console.cli.lazy_group import LazyGroup, build_group
from console.cli.options import CommandContext

GROUP = '''\
"""About trees.

They grow.
"""

COMMANDS = {"plant": "Plant one.", "old": "About old ones."}
'''
OLD = '"""About old trees."""\nCOMMANDS = {"fell": "Fell one."}\n'
COMMAND = '''\
import typer

from console.cli.options import command_context

CHANGES = True
EXAMPLES = ("program tree",)


def run(ctx: typer.Context) -> None:
    """It takes a while."""
    desk = command_context(ctx)
    print(__name__, desk.config, desk.out.json, desk.yes)
'''


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, text in {
        "planted/__init__.py": "",
        "planted/tree/__init__.py": GROUP,
        "planted/tree/plant.py": COMMAND,
        "planted/tree/old/__init__.py": OLD,
        "planted/tree/old/fell.py": COMMAND,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "planted"]:
        monkeypatch.delitem(sys.modules, name)
    app = typer.Typer(cls=LazyGroup, rich_markup_mode=None)
    app.callback()(lambda: None)
    return build_group(app, "planted", {"tree": "What grows."})


def ended(program: Any, *args: str) -> int | str | None:
    with pytest.raises(SystemExit) as ending:
        program.main(args=list(args), prog_name="program", obj=CommandContext())
    return ending.value.code


def test_shared_options_count_at_every_level(
    program: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(program, "--config", "a", "tree", "plant") == 0
    assert ended(program, "tree", "--config", "b", "--json", "plant", "-y") == 0
    assert ended(program, "tree", "--yes", "old", "fell", "--config", "c") == 0
    assert capsys.readouterr().out.splitlines() == [
        "planted.tree.plant a False False",
        "planted.tree.plant b True True",
        "planted.tree.old.fell c False True",
    ]


def test_help_lists_what_is_in_it_and_loads_none_of_it(
    program: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(program, "tree", "--help") == 0
    out = capsys.readouterr().out
    assert "They grow." in out
    assert "Plant one." in out
    assert "planted.tree.plant" not in sys.modules


def test_wrong_words_are_2_with_a_likely_one(
    program: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(program, "tree", "plnat") == 2
    assert "did you mean 'plant'" in capsys.readouterr().err
    assert ended(program, "tree", "old", "read") == 2
    assert "there are fell" in capsys.readouterr().err
