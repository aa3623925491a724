"""`resume`: the end of a pause."""

from __future__ import annotations

import typer

from console.cli.options import TimeoutOption, WaitOption, desk_of
from console.cli.ordering import carry
from console.orders import proposals

CHANGES = True
EXAMPLES = ("colabvps-console resume", "colabvps-console resume --yes --wait")


def run(ctx: typer.Context, wait: WaitOption = False, timeout: TimeoutOption = "10m") -> None:
    """Plans and takeovers go on as the policy says. If the primary was lost meanwhile, a
    standby carries this out.
    """
    desk = desk_of(ctx)
    desk.may_change("resume")
    carry(
        desk,
        lambda fleet: proposals.resume(fleet.config, fleet.look()),
        wait=wait,
        timeout=timeout,
    )
