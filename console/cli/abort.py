"""`abort`: calling off the move that is planned or under way."""

from __future__ import annotations

import typer

from console.cli.options import TimeoutOption, WaitOption, desk_of
from console.cli.ordering import carry
from console.orders import proposals

CHANGES = True
EXAMPLES = ("colabvps-console abort", "colabvps-console abort --yes --wait")


def run(ctx: typer.Context, wait: WaitOption = False, timeout: TimeoutOption = "10m") -> None:
    """Until the lease is offered the old primary serves on, and starts its workload again
    if that has stopped. The offer is the commit point: after it nothing calls the move
    off, and another handover brings the work back.
    """
    desk = desk_of(ctx)
    desk.may_change("abort")
    carry(
        desk,
        lambda fleet: proposals.abort(fleet.config, fleet.look()),
        wait=wait,
        timeout=timeout,
    )
