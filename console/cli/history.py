"""`history`: past moves."""

from __future__ import annotations

from typing import Annotated

import typer

from console.bounded_calls import within
from console.cli.options import command_context
from console.fleet import json_output
from console.fleet.fleet import Fleet, open_fleet
from console.fleet.fleet_text import table
from console.fleet.snapshot import history_epochs, try_read_from_store
from console.text.output import Output
from sessionlib.core.messages import History
from sessionlib.layout import history_key

EXAMPLES = (
    "colabvps-console history",
    "colabvps-console history --limit 100 --json",
)
HEADS = ("EPOCH", "AT (UTC)", "KIND", "FROM", "TO", "DOWN", "REASON")


def run(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")] = 20,
) -> None:
    """Each move was recorded by the session that took over, with its own clock."""
    context = command_context(ctx)
    fleet = open_fleet(context.config)
    timeout_s = fleet.config.timings.timeout_s
    newest = within(timeout_s, lambda: history_epochs(fleet.store))[:limit]
    moves = within(timeout_s, lambda: _read(fleet, newest, context.out))
    if context.out.json:
        context.out.document([json_output.move_document(move) for move in moves])
    elif not moves:
        context.out.line("No move yet: the first is recorded when an agent becomes primary.")
    else:
        for line in table([_row(move) for move in moves], HEADS):
            context.out.line(line)


def _read(fleet: Fleet, newest: list[int], out: Output) -> list[History]:
    moves = []
    for epoch in newest:
        seen = try_read_from_store(fleet.store, History, history_key(epoch))
        if seen.value is None:
            out.message(f"epoch {epoch} can't be read: {seen.error or 'it is gone'}")
        else:
            moves.append(seen.value)
    return moves


def _row(move: History) -> tuple[str, ...]:
    at = (json_output.iso(move.at) or "-")[:19].replace("T", " ")
    down = "-" if move.downtime_s is None else f"{move.downtime_s:.1f}s"
    return (str(move.epoch), at, move.kind, move.from_ or "-", move.to, down, move.reason)
