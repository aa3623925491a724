"""`approve`: a yes to the plan, or to the takeover, that asks for one."""

from __future__ import annotations

import typer

from console.cli.options import TimeoutOption, WaitOption, command_context
from console.cli.ordering import run_order
from console.orders import proposals

CHANGES = True
EXAMPLES = ("colabvps-console approve", "colabvps-console approve --yes --wait")


def run(ctx: typer.Context, wait: WaitOption = False, timeout: TimeoutOption = "10m") -> None:
    """`status` shows what asks: the plan in the lease record, or, with
    `policy: {takeover: approve}`, a standby that would take over from a lost primary.
    Refused where nothing asks. --wait stays until the move has ended;
    --timeout counts from when it is due.
    """
    context = command_context(ctx)
    context.require_writable("approve")
    run_order(
        context,
        lambda fleet: proposals.approve(fleet.config, fleet.read_snapshot()),
        wait=wait,
        timeout=timeout,
    )
