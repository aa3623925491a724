"""`status`: the fleet as it is now, once or kept up to date."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from typing import Annotated

import typer

from console.cli.live_block import LiveBlock
from console.cli.options import CommandContext, command_context
from console.errors import FAILED
from console.fleet import json_output
from console.fleet.fleet import Fleet, open_fleet
from console.fleet.fleet_text import TextLine, fitted, fleet_lines
from console.fleet.readmodel import FleetView, fleet_view
from console.store_kinds import console_kind_of
from console.text.output import is_screen
from console.text.safe_text import clipped
from sessionlib.clock import sleep

EXAMPLES = (
    "colabvps-console status",
    "colabvps-console status --watch",
    "colabvps-console status --json",
)
REFRESH_S = 1.0


def run(
    ctx: typer.Context,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again every second until ctrl-c.")
    ] = False,
) -> None:
    """Every value is as old as it says. What is silent, unreadable or out of reach has no
    value, and is neither healthy nor dead. Exit code 1 if the store can't be reached.
    """
    context = command_context(ctx)
    show(context, watch=watch)


def show(context: CommandContext, *, watch: bool) -> None:
    """The fleet's status, once or for as long as somebody watches."""
    fleet = open_fleet(context.config)
    if watch:
        _watch(context, fleet)
    view = fleet_view(fleet.config, fleet.read_snapshot())
    if context.out.json:
        context.out.document(json_output.status_document(view))
        for trouble in view.troubles:
            context.out.message(trouble)
    else:
        for line in fitted(_lines(fleet, view), context.out.columns):
            context.out.line(line.text, line.tone)
    if not view.store.reachable:
        context.out.message(console_kind_of(fleet.config).unreachable_advice(fleet.config))
        raise typer.Exit(FAILED)


def _watch(context: CommandContext, fleet: Fleet) -> None:
    """Never returns; ctrl-c ends it."""
    screen = LiveBlock(context.out) if is_screen(sys.stdout) and not context.out.json else None
    shown: FleetView | None = None
    try:
        while True:
            view = fleet_view(fleet.config, fleet.read_snapshot())
            if context.out.json:
                context.out.document(json_output.status_document(view))
            elif screen is not None:
                size = shutil.get_terminal_size()
                screen.draw(fitted(_lines(fleet, view), size.columns), size)
            elif shown is None or _without_ages(view) != _without_ages(shown):
                for line in fitted([*_lines(fleet, view), TextLine()], context.out.columns):
                    context.out.line(line.text, line.tone)
            shown = view
            sleep(REFRESH_S)
    finally:
        if screen is not None:
            screen.restore_cursor()


def _lines(fleet: Fleet, view: FleetView) -> list[TextLine]:
    return fleet_lines(view, clipped(str(fleet.config.path), 60))


def _without_ages(view: FleetView) -> FleetView:
    """What is worth a new block where nothing can be drawn over."""
    return replace(
        view,
        lease=replace(view.lease, age_s=None),
        store=replace(view.store, latency_s=None),
        accounts=tuple(
            replace(row, remaining_s=None, heartbeat_age_s=None) for row in view.accounts
        ),
    )
