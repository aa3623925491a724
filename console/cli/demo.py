"""`demo`: a whole fleet on this machine."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from console.cli.options import desk_of
from console.errors import WrongUse

CHANGES = True
EXAMPLES = (
    "colabvps-console demo",
    "colabvps-console demo --headless --handovers 5 --kill-primary --json",
)


def run(  # noqa: PLR0913, PLR0917 - one parameter for each option
    ctx: typer.Context,
    headless: Annotated[
        bool, typer.Option("--headless", help="Run to the end without a picture, and report.")
    ] = False,
    handovers: Annotated[int, typer.Option("--handovers", min=0, help="How many moves.")] = 3,
    kill_primary: Annotated[
        bool, typer.Option("--kill-primary", help="Also kill a primary, to see a takeover.")
    ] = False,
    scale: Annotated[
        float, typer.Option("--scale", min=1.0, help="How many times faster than life.")
    ] = 20.0,
    folder: Annotated[
        str | None, typer.Option("--dir", metavar="DIR", help="Where; else a temporary folder.")
    ] = None,
    store: Annotated[str, typer.Option("--store", metavar="KIND", help="Only folder.")] = "folder",
) -> None:
    """Starts agents as ordinary processes with a store in a folder, moves the work between
    them, and shows that never two were at work at once. Needs no account and no network.
    """
    desk = desk_of(ctx)
    desk.may_change("demo")
    if store != "folder":
        raise WrongUse(f"--store {store:.20}: a demonstration runs on folder")
    code: int = import_module("console.demo").run(
        out=desk.out,
        headless=headless,
        handovers=handovers,
        kill_primary=kill_primary,
        scale=scale,
        folder=None if folder is None else Path(folder),
    )
    raise typer.Exit(code)
