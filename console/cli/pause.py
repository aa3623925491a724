"""`pause`: no plans and no takeovers, until resumed."""

from __future__ import annotations

import typer

from console.cli.options import TimeoutOption, WaitOption, command_context
from console.cli.ordering import run_order
from console.orders import proposals

CHANGES = True
EXAMPLES = ("colabvps-console pause", "colabvps-console pause --yes --wait")


def run(ctx: typer.Context, wait: WaitOption = False, timeout: TimeoutOption = "10m") -> None:
    """The primary works on. While the fleet is paused nobody takes over if it is lost, and
    only an emergency overrides that. A session still stops its work when its lease
    or its lifetime ends.
    """
    context = command_context(ctx)
    context.require_writable("pause")
    run_order(
        context,
        lambda fleet: proposals.pause(fleet.config, fleet.read_snapshot()),
        wait=wait,
        timeout=timeout,
    )
