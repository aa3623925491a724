"""`checkpoint export`: a checkpoint as a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.checkpoint.common import progress_messages, resolve_name
from console.cli.options import command_context
from console.fleet.fleet import open_fleet
from console.text.units import size_text
from sessionlib.checkpoints.export import export_checkpoint

EXAMPLES = (
    "colabvps-console checkpoint export --to rescued",
    "colabvps-console checkpoint export 7-3 --to rescued --json",
)


def run(
    ctx: typer.Context,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="A folder that isn't there yet.")],
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Which, by its name or EPOCH-SEQ; else the lease's."),
    ] = None,
) -> None:
    """Every byte is hashed on its way. The folder appears once all of it is there; nothing
    of the fleet changes, and nothing that exists is overwritten.
    """
    context = command_context(ctx)
    fleet = open_fleet(context.config)
    name = resolve_name(fleet, name)
    head = export_checkpoint(fleet.store, name, to, progress_messages(context.out, "written")).head
    context.out.answer(
        f"{name} is in {to}: {head.files} files, {size_text(head.bytes)}",
        {"name": name, "to": str(to), "files": head.files, "bytes": head.bytes},
    )
