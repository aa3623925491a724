"""`checkpoint verify`: whether a checkpoint is whole."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.checkpoint.common import meant, steps
from console.cli.options import desk_of
from console.errors import FAILED
from console.fleet.fleet import open_fleet
from sessionlib.checkpoints import Damaged, Missing, catalog

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
    desk = desk_of(ctx)
    fleet = open_fleet(desk)
    name = meant(fleet, name)
    try:
        wrong = catalog.verify(fleet.store, name, steps(desk.out, "verified"))
    except (Missing, Damaged) as error:
        wrong = [str(error)]
    for text in wrong:
        desk.out.tell(text)
    head = f"{name} is damaged" if wrong else f"{name} is whole"
    desk.out.answer(head, {"name": name, "whole": not wrong, "wrong": wrong})
    if wrong:
        raise typer.Exit(FAILED)
