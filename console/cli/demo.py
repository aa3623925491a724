"""`demo`: a whole fleet on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.options import command_context
from console.errors import WrongUse

CHANGES = True
STORES = ("folder", "drive-emulator")
EXAMPLES = (
    "colabvps-console demo",
    "colabvps-console demo --headless --handovers 5 --kill-primary --json",
    "colabvps-console demo --store drive-emulator",
)


def run(  # noqa: PLR0913, PLR0917 - one parameter for each option
    ctx: typer.Context,
    headless: Annotated[
        bool, typer.Option("--headless", help="Make moves, without a picture, and report.")
    ] = False,
    handovers: Annotated[int, typer.Option("--handovers", min=0, help="How many moves.")] = 3,
    kill_primary: Annotated[
        bool, typer.Option("--kill-primary", help="Also kill a primary, to see a takeover.")
    ] = False,
    scale: Annotated[
        float | None,
        typer.Option(
            "--scale", min=1.0, help="How many times faster than life: 180 to watch, else 20."
        ),
    ] = None,
    folder: Annotated[
        str | None, typer.Option("--dir", metavar="DIR", help="Where; else a temporary folder.")
    ] = None,
    store: Annotated[
        str,
        typer.Option(
            "--store", metavar="KIND", help="folder, or drive-emulator: a Google Drive of its own."
        ),
    ] = "folder",
) -> None:
    """Starts agents as ordinary processes, a store and a coordinator, and opens the console
    on them. The store is a folder, or an emulated Google Drive. Twelve hours pass in four
    minutes. The work moves when its session ends, and when you say so. In the end the
    work's own journal tells whether ever two copies of it ran. With --headless it makes
    some moves by itself. Needs no account and no network.
    """
    context = command_context(ctx)
    context.require_writable("demo")
    if store not in STORES:
        raise WrongUse(f"--store {store:.20}: a demonstration runs on {' or '.join(STORES)}")
    from console.demo import run as run_demo  # noqa: PLC0415 - loaded only here

    code = run_demo(
        out=context.out,
        headless=headless,
        handovers=handovers,
        kill_primary=kill_primary,
        scale=scale,
        folder=None if folder is None else Path(folder),
        store=store,
    )
    raise typer.Exit(code)
