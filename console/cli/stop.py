"""`stop`: the end of one session, or of all."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console import intents
from console.cli.opened import Fleet, open_fleet
from console.cli.options import (
    Desk,
    TimeoutOption,
    WaitOption,
    desk_of,
)
from console.cli.ordering import follow, give, signed, timeout_of
from console.errors import FAILED, WrongUse

CHANGES = True
EXAMPLES = (
    "colabvps-console stop backup1",
    "colabvps-console stop --all --yes --wait",
)


def run(
    ctx: typer.Context,
    account: Annotated[
        str | None, typer.Argument(metavar="[ACCOUNT]", help="Whose session ends.")
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--all", help="End every session, the primary's last.")
    ] = False,
    wait: WaitOption = False,
    timeout: TimeoutOption = "10m",
) -> None:
    """A primary stops its workload, seals the data and gives up the lease before it ends,
    and a standby may then take over. With --all the standbys end first, each one
    waited for, so that none of them takes over.
    """
    desk = desk_of(ctx)
    desk.may_change("stop")
    timeout_s = timeout_of(timeout)
    if (account is None) is not everybody:
        raise WrongUse("say whose session ends: an account's name, or --all")
    fleet = open_fleet(desk)
    if everybody:
        _stop_all(desk, fleet, timeout_s, wait=wait)
        return
    snapshot = fleet.look()
    if account in fleet.config.accounts and intents.is_over(snapshot, account):
        text = f"{account} has no session: there is nothing to stop"
        desk.out.answer(text, _document([], "done", text))
        return
    proposal = intents.stop(fleet.config, snapshot, account or "")
    order = signed(fleet, proposal.order)
    desk.out.ask(proposal.meaning, yes=desk.yes)
    give(fleet, order)
    if not wait:
        desk.out.answer(f"Order {order.id}: stop {account}", _document([order.id], "ordered", ""))
        return
    desk.out.tell(f"Order {order.id}")
    ended = follow(fleet, order, desk.out, timeout_s, proposal.session)
    outcome = "done" if ended.done else "failed"
    desk.out.answer(ended.text, _document([order.id], outcome, ended.text))
    if not ended.done:
        raise typer.Exit(FAILED)


def _stop_all(desk: Desk, fleet: Fleet, timeout_s: float, *, wait: bool) -> None:
    names = intents.running(fleet.config, fleet.look())
    if not names:
        text = "no session reports: there is nothing to stop"
        desk.out.answer(text, _document([], "done", text))
        return
    desk.out.ask(f"Stop: {', then '.join(names)}. The workload stops with the last.", yes=desk.yes)
    orders: list[str] = []
    for name in names:
        # A new look each time: a move may have ended since the last one.
        proposal = intents.stop(fleet.config, fleet.look(), name)
        order = signed(fleet, proposal.order)
        give(fleet, order)
        orders.append(order.id)
        desk.out.tell(f"Order {order.id}: stop {name}")
        if name == names[-1] and not wait:
            break
        ended = follow(fleet, order, desk.out, timeout_s, proposal.session)
        desk.out.tell(ended.text)
        if not ended.done:
            desk.out.answer(ended.text, _document(orders, "failed", ended.text))
            raise typer.Exit(FAILED)
    text = f"{'stopped' if wait else 'told to stop'}: {', '.join(names)}"
    desk.out.answer(text, _document(orders, "done" if wait else "ordered", text))


def _document(orders: list[str], outcome: str, text: str) -> dict[str, Any]:
    return {"orders": orders, "outcome": outcome, "text": text}
