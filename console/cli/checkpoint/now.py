"""`checkpoint now`: a checkpoint out of turn."""

from __future__ import annotations

import typer

from console.cli.options import TimeoutOption, WaitOption, desk_of
from console.cli.ordering import carry
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
    desk = desk_of(ctx)
    desk.may_change("checkpoint now")
    carry(
        desk,
        lambda fleet: proposals.checkpoint(fleet.config, fleet.look()),
        wait=wait,
        timeout=timeout,
    )
