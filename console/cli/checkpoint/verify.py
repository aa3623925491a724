"""`checkpoint verify`: whether a checkpoint is whole."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.checkpoint.common import progress_messages, resolve_name
from console.cli.options import command_context
from console.errors import FAILED
from console.fleet.fleet import open_fleet
from sessionlib.checkpoints import CheckpointDamaged, CheckpointMissing, catalog

EXAMPLES = (
    "colabvps-console checkpoint verify",
    "colabvps-console checkpoint verify 7-3 --json",
)


def run(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Which, by its name or EPOCH-SEQ; else the lease's."),
    ] = None,
) -> None:
    """Takes as long as it takes to read all of it. Exit code 1, with what is wrong, if
    anything in it isn't what was published.
    """
    context = command_context(ctx)
    fleet = open_fleet(context.config)
    name = resolve_name(fleet, name)
    try:
        wrong = catalog.verify(fleet.store, name, progress_messages(context.out, "verified"))
    except (CheckpointMissing, CheckpointDamaged) as error:
        wrong = [str(error)]
    for text in wrong:
        context.out.message(text)
    head = f"{name} is damaged" if wrong else f"{name} is whole"
    context.out.answer(head, {"name": name, "whole": not wrong, "wrong": wrong})
    if wrong:
        raise typer.Exit(FAILED)
