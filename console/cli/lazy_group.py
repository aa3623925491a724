"""Groups of commands, each command imported when it is asked for.

A command is a module with `run`, `EXAMPLES` and perhaps `CHANGES = True`. A group is a package
with `COMMANDS`: names with their first lines of help, and one module or group of each name. The
second paragraph of its docstring is the rest of its help.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from console.cli.options import shared_params

EXIT_CODES = (
    "Exit codes: 0 done; 1 refused or failed, with the reason; "
    "2 wrong usage or configuration; 3 outcome unknown."
)


class LazyGroup(TyperGroup):
    """The commands of one package. `--help` loads none of them."""

    package: str
    lines: Mapping[str, str]

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.lines)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.lines:
            return None
        module = import_module(f"{self.package}.{cmd_name.replace('-', '_')}")
        if hasattr(module, "COMMANDS"):
            return _group(cmd_name, module, self.lines[cmd_name])
        return _command(cmd_name, module, self.lines[cmd_name])

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.lines.items()))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        if name not in self.lines and not name.startswith("-"):
            close = difflib.get_close_matches(name, self.lines, n=1)
            known = ", ".join(self.lines)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {known}."
            ctx.fail(f"No such command {name!r:.40}: {hint}")
        return super().resolve_command(ctx, args)


def build_group(app: typer.Typer, package: str, lines: Mapping[str, str]) -> Any:
    """The group that `app` describes, of the commands in `package`."""
    group: Any = get_command(app)
    group.package = package
    group.lines = lines
    return with_shared(group, changes=True)


def with_shared(command: Any, *, changes: bool) -> Any:
    """The command with the options that all have."""
    command.params += shared_params(changes=changes)
    return command


def _command(name: str, module: ModuleType, line: str) -> Any:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    help_text = f"{line}\n\n{inspect.cleandoc(module.run.__doc__ or '')}"
    examples = "\n".join(["\b", "Examples:", *(f"  {line}" for line in module.EXAMPLES)])
    app.command(name, help=help_text, epilog=f"{examples}\n\n{EXIT_CODES}")(module.run)
    return with_shared(get_command(app), changes=getattr(module, "CHANGES", False))


def _group(name: str, module: ModuleType, line: str) -> Any:
    more = (module.__doc__ or "").partition("\n\n")[2]
    app = typer.Typer(
        cls=LazyGroup,
        name=name,
        add_completion=False,
        rich_markup_mode=None,
        no_args_is_help=True,
        help=f"{line}\n\n{inspect.cleandoc(more)}",
        epilog=EXIT_CODES,
    )
    app.callback()(_no_action)
    return build_group(app, module.__name__, module.COMMANDS)


def _no_action() -> None:
    """A group only leads to its commands."""
