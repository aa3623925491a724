"""`handover`: a planned move, now or at a time that is said."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from console.cli.options import TimeoutOption, WaitOption, command_context
from console.cli.ordering import run_order
from console.errors import Refused, WrongUse
from console.fleet.fleet import Fleet
from console.orders import proposals
from sessionlib.clock import SystemClock
from sessionlib.config.durations import seconds
from sessionlib.core.messages import When

CHANGES = True
EXAMPLES = (
    "colabvps-console handover",
    "colabvps-console handover --to bob --yes --wait --timeout 5m",
    "colabvps-console handover --in 30m",
    "colabvps-console handover --at 14:30",
)


def run(  # noqa: PLR0913, PLR0917 - the command's options
    ctx: typer.Context,
    to: Annotated[
        str | None, typer.Option("--to", metavar="ACCOUNT", help="Who takes over; else the best.")
    ] = None,
    within: Annotated[
        str | None, typer.Option("--in", metavar="TIME", help="So long from now, as 30m.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="CLOCK", help="At this local time, as 14:30; not a past one."),
    ] = None,
    at_warning: Annotated[
        bool, typer.Option("--at-warning", help="When the primary's session has its warning.")
    ] = False,
    wait: WaitOption = False,
    timeout: TimeoutOption = "10m",
) -> None:
    """The primary warms its successor up, stops the workload, seals the data and offers
    the lease; the successor claims it and starts the workload. Until the offer an
    obstacle leaves the old primary serving. The order is signed with the fleet's key
    and counts only for the lease that was seen when it was given. With a time it needs
    no further approval; --timeout counts from then.
    """
    context = command_context(ctx)
    context.require_writable("handover")
    if [within is not None, at is not None, at_warning].count(True) > 1:
        raise WrongUse("say one of --in, --at and --at-warning")

    def propose(fleet: Fleet) -> proposals.Proposal:
        snapshot = fleet.read_snapshot()
        when, after_s = _when(within, at, at_warning=at_warning)
        return proposals.handover(fleet.config, snapshot, to, when, after_s)

    run_order(context, propose, wait=wait, timeout=timeout)


def _when(within: str | None, at: str | None, *, at_warning: bool) -> tuple[When, float | None]:
    if at_warning:
        return When.WARNING, None
    if within is not None:
        return When.LATER, _seconds(within)
    if at is not None:
        return When.LATER, until(at, SystemClock().now().wall)
    return When.NOW, None


def _seconds(text: str) -> float:
    try:
        return seconds(text)
    except ValueError:
        raise WrongUse(f"--in {text:.40}: write it as 30m, 1h30m or a number of seconds") from None


def until(text: str, wall_s: float) -> float:
    """How many seconds after `wall_s` the local clock shows `text`, as `14:30` or, for another
    day, `2030-01-31T00:30`. Raises WrongUse, and Refused for what is past."""
    now = datetime.fromtimestamp(wall_s).astimezone()
    try:
        if "T" in text.upper():
            then = datetime.fromisoformat(text)
        else:
            clock = datetime.strptime(text, "%H:%M")  # noqa: DTZ007 - the operator's own zone
            then = datetime.combine(now.date(), clock.time())
        # A day on which the clocks change has its own offset at that hour.
        after_s = then.timestamp() - wall_s
    except (ValueError, OverflowError, OSError):
        raise WrongUse(
            f"--at {text:.40}: write it as 14:30, or as 2030-01-31T00:30 for another day"
        ) from None
    if after_s <= 0:
        raise Refused(
            f"--at {text:.40} is past: it is {now:%H:%M} now ({now:%Z}). For another day write "
            f"its date too, as {now:%Y-%m-%d}T14:30"
        )
    return after_s
