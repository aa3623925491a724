"""`handover`: a planned move, now."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console import as_json, intents, outcomes
from console.cli.opened import open_fleet
from console.cli.options import (
    TimeoutOption,
    WaitOption,
    desk_of,
)
from console.cli.ordering import follow, give, signed, timeout_of
from console.errors import FAILED

CHANGES = True
EXAMPLES = (
    "colabvps-console handover",
    "colabvps-console handover --to backup1 --yes --wait --timeout 5m",
)


def run(
    ctx: typer.Context,
    to: Annotated[
        str | None, typer.Option("--to", metavar="ACCOUNT", help="Who takes over; else the best.")
    ] = None,
    wait: WaitOption = False,
    timeout: TimeoutOption = "10m",
) -> None:
    """The primary warms its successor up, stops the workload, seals the data and offers
    the lease; the successor claims it and starts the workload. Until the offer an
    obstacle leaves the old primary serving. The order is signed with the fleet's key
    and counts only for the lease that was seen when it was given.
    """
    desk = desk_of(ctx)
    desk.may_change("handover")
    timeout_s = timeout_of(timeout)
    fleet = open_fleet(desk)
    proposal = intents.handover(fleet.config, fleet.look(), to)
    order = signed(fleet, proposal.order)
    desk.out.ask(proposal.meaning, yes=desk.yes)
    give(fleet, order)
    if not wait:
        text = f"Order {order.id}: hand over to {order.account}"
        desk.out.answer(text, {"order": order.id, "to": order.account, "outcome": "ordered"})
        return
    desk.out.tell(f"Order {order.id}")
    ended = follow(fleet, order, desk.out, timeout_s)
    desk.out.answer(ended.text, _document(order.id, order.account, ended))
    if not ended.done:
        raise typer.Exit(FAILED)


def _document(order_id: str, to: str | None, ended: outcomes.Ended) -> dict[str, Any]:
    outcome = "done" if ended.done else "failed"
    head = {"order": order_id, "to": to, "outcome": outcome, "text": ended.text}
    return head | ({"move": as_json.move(ended.move)} if ended.move else {"move": None})
