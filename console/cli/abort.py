"""`abort`: calling off the move that is planned or under way."""

from __future__ import annotations

import typer

from console.cli.options import TimeoutOption, WaitOption, command_context
from console.cli.ordering import run_order
from console.orders import proposals

CHANGES = True
EXAMPLES = ("colabvps-console abort", "colabvps-console abort --yes --wait")


def run(ctx: typer.Context, wait: WaitOption = False, timeout: TimeoutOption = "10m") -> None:
    """Until the lease is offered the old primary serves on, and starts its workload again
    if that has stopped. The offer is the commit point: after it nothing calls the move
    off, and another handover brings the work back.
    """
    context = command_context(ctx)
    context.require_writable("abort")
    run_order(
        context,
        lambda fleet: proposals.abort(fleet.config, fleet.read_snapshot()),
        wait=wait,
        timeout=timeout,
    )
