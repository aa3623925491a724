"""`resume`: the end of a pause."""

from __future__ import annotations

import typer

from console.cli.options import TimeoutOption, WaitOption, command_context
from console.cli.ordering import run_order
from console.orders import proposals

CHANGES = True
EXAMPLES = ("colabvps-console resume", "colabvps-console resume --yes --wait")


def run(ctx: typer.Context, wait: WaitOption = False, timeout: TimeoutOption = "10m") -> None:
    """Plans and takeovers go on as the policy says. If the primary was lost meanwhile, a
    standby carries this out.
    """
    context = command_context(ctx)
    context.require_writable("resume")
    run_order(
        context,
        lambda fleet: proposals.resume(fleet.config, fleet.read_snapshot()),
        wait=wait,
        timeout=timeout,
    )
