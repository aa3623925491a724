"""`checkpoint list`: what there is to go back to."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import typer

from console.bounded_calls import within
from console.cli.checkpoint.common import current_of
from console.cli.options import command_context
from console.fleet.fleet import open_fleet
from console.fleet.fleet_text import ago, table
from console.text.units import size_text
from sessionlib.checkpoints import catalog
from sessionlib.checkpoints.catalog import StoredCheckpoint

EXAMPLES = ("colabvps-console checkpoint list", "colabvps-console checkpoint list --json")
HEADS = ("", "EPOCH", "SEQ", "MADE", "SIZE", "FILES", "NAME")


def run(ctx: typer.Context) -> None:
    """The one that the lease points at is marked: it is what a successor restores. Those
    above it were made and not published, or not yet.
    """
    context = command_context(ctx)
    fleet = open_fleet(context.config)
    current = current_of(fleet)
    timeout_s = fleet.config.timings.timeout_s
    found = within(timeout_s, lambda: catalog.list_checkpoints(fleet.store))
    if context.out.json:
        context.out.document([_document(one, current) for one in found])
    elif not found:
        context.out.line("No checkpoint yet: the primary makes the first.")
    else:
        for line in table([_row(one, current) for one in found], HEADS):
            context.out.line(line)
    for one in found:
        if one.error is not None:
            context.out.message(f"{one.name} can't be read: {one.error}")


def _document(one: StoredCheckpoint, current: str | None) -> dict[str, Any]:
    known = asdict(one)
    if one.error is not None:
        known |= dict.fromkeys(("age_s", "bytes", "files"))
    return {**known, "current": one.name == current}


def _row(one: StoredCheckpoint, current: str | None) -> tuple[str, ...]:
    mark = "▶" if one.name == current else ""
    if one.error is not None:
        return (mark, str(one.epoch), str(one.seq), "-", "-", "-", one.name)
    made = ago(one.age_s)
    return (
        mark,
        str(one.epoch),
        str(one.seq),
        made,
        size_text(one.bytes),
        str(one.files),
        one.name,
    )
