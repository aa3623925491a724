"""The options that several commands have, and what a command works with.

Shared options count before and after a command's name alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from typer.main import get_command

from console.errors import Refused
from console.text.output import Output

WaitOption = Annotated[
    bool, typer.Option("--wait", help="Stay until it has ended, and print the outcome.")
]
TimeoutOption = Annotated[
    str, typer.Option("--timeout", metavar="TIME", help="How long --wait stays; then exit 3.")
]


@dataclass
class CommandContext:
    """What a command works with: its streams, and the options from either side of its name."""

    out: Output = field(default_factory=Output)
    config: str | None = None
    read_only: bool = False
    yes: bool = False

    def require_writable(self, what: str) -> None:
        """Return where changing something is allowed. Raises Refused."""
        if self.read_only:
            raise Refused(f"{what} would change something, and --read-only forbids that")


def command_context(ctx: typer.Context) -> CommandContext:
    """The context that was laid out for this command line."""
    context = ctx.find_root().obj
    return context if isinstance(context, CommandContext) else CommandContext()


def _take_config(ctx: typer.Context, value: str | None) -> None:
    # After the command's name is later, and what is said last counts.
    context = command_context(ctx)
    context.config = value or context.config


def _take_json(ctx: typer.Context, value: bool) -> None:
    command_context(ctx).out.json |= value


def _take_read_only(ctx: typer.Context, value: bool) -> None:
    command_context(ctx).read_only |= value


def _take_yes(ctx: typer.Context, value: bool) -> None:
    command_context(ctx).yes |= value


def _shared(
    _config: Annotated[
        str | None,
        typer.Option(
            "--config",
            metavar="FILE",
            callback=_take_config,
            expose_value=False,
            help="The configuration; else $COLABVPS_CONFIG, ./accounts.yaml, the user's directory.",
        ),
    ] = None,
    _json: Annotated[
        bool,
        typer.Option(
            "--json",
            callback=_take_json,
            expose_value=False,
            help="One JSON document on one line on standard output.",
        ),
    ] = False,
    _read_only: Annotated[
        bool,
        typer.Option(
            "--read-only",
            callback=_take_read_only,
            expose_value=False,
            help="Refuse whatever would change something.",
        ),
    ] = False,
    _yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            "-y",
            callback=_take_yes,
            expose_value=False,
            help="Agree to what will be done.",
        ),
    ] = False,
) -> None:
    """Only its parameters are used."""


def shared_params(*, changes: bool) -> list[Any]:
    """The shared options, ready to be added to a command; --yes where it `changes` something."""
    app = typer.Typer(add_completion=False)
    app.command()(_shared)
    params = [param for param in get_command(app).params if param.name != "help"]
    return [param for param in params if changes or param.name != "_yes"]
