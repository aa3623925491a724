"""`checkpoint now`: a checkpoint out of turn."""

from __future__ import annotations

import typer

from console.cli.options import TimeoutOption, WaitOption, command_context
from console.cli.ordering import run_order
from console.orders import proposals

CHANGES = True
EXAMPLES = (
    "colabvps-console checkpoint now",
    "colabvps-console checkpoint now --yes --wait --timeout 10m",
)


def run(ctx: typer.Context, wait: WaitOption = False, timeout: TimeoutOption = "10m") -> None:
    """The workload runs on meanwhile. With `prepare` in the configuration its data is whole
    in the copy; else each file is, and not all are of the same moment.
    """
    context = command_context(ctx)
    context.require_writable("checkpoint now")
    run_order(
        context,
        lambda fleet: proposals.checkpoint(fleet.config, fleet.read_snapshot()),
        wait=wait,
        timeout=timeout,
    )
