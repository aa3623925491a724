"""`stop`: the end of one session, or of all."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console.cli.options import (
    Desk,
    TimeoutOption,
    WaitOption,
    desk_of,
)
from console.cli.ordering import LOOK_EVERY_S, follow, give, signed, timeout_of
from console.errors import FAILED, WrongUse
from console.fleet.fleet import Fleet, open_fleet
from console.fleet.snapshot import Seen, Snapshot
from console.orders import proposals
from console.orders.launched import launched, launcher_of
from console.orders.outcomes import Ended
from sessionlib.clock import sleep
from sessionlib.core.messages import Order
from sessionlib.launchers import LaunchState, LaunchStatus

_GONE_S = 10.0
"""How long a process may take from its last word to its end."""

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
    is_known = account in fleet.config.accounts
    if account is not None and is_known and _is_over(fleet, snapshot, account):
        text = f"{account} has no session: there is nothing to stop"
        desk.out.answer(text, _document([], "done", text))
        return
    proposal = proposals.stop(fleet.config, snapshot, account or "")
    order = signed(fleet, proposal.order)
    desk.out.ask(proposal.meaning, yes=desk.yes)
    give(fleet, order)
    if not wait:
        desk.out.answer(f"Order {order.id}: stop {account}", _document([order.id], "ordered", ""))
        return
    desk.out.tell(f"Order {order.id}")
    ended = _followed(desk, fleet, order, proposal.session, timeout_s)
    outcome = "done" if ended.done else "failed"
    desk.out.answer(ended.text, _document([order.id], outcome, ended.text))
    if not ended.done:
        raise typer.Exit(FAILED)


def _stop_all(desk: Desk, fleet: Fleet, timeout_s: float, *, wait: bool) -> None:
    snapshot = fleet.look()
    names = [
        name
        for name in proposals.running(fleet.config, snapshot)
        if not _is_over(fleet, snapshot, name)
    ]
    if not names:
        text = "no session reports: there is nothing to stop"
        desk.out.answer(text, _document([], "done", text))
        return
    desk.out.ask(f"Stop: {', then '.join(names)}. The workload stops with the last.", yes=desk.yes)
    orders: list[str] = []
    for name in names:
        # A new look each time: a move may have ended since the last one.
        proposal = proposals.stop(fleet.config, fleet.look(), name)
        order = signed(fleet, proposal.order)
        give(fleet, order)
        orders.append(order.id)
        desk.out.tell(f"Order {order.id}: stop {name}")
        if name == names[-1] and not wait:
            break
        ended = _followed(desk, fleet, order, proposal.session, timeout_s)
        desk.out.tell(ended.text)
        if not ended.done:
            desk.out.answer(ended.text, _document(orders, "failed", ended.text))
            raise typer.Exit(FAILED)
    text = f"{'stopped' if wait else 'told to stop'}: {', '.join(names)}"
    desk.out.answer(text, _document(orders, "done" if wait else "ordered", text))


def _followed(
    desk: Desk, fleet: Fleet, order: Order, session: str | None, timeout_s: float
) -> Ended:
    """The end of a session, by its own word, and by this machine's where it ran here."""
    account = order.account or ""
    ended = follow(
        fleet, order, desk.out, timeout_s, session, lambda: _proof(fleet, account, session)
    )
    until_mono = fleet.clock.now().mono + _GONE_S
    while ended.done and (status := _launched_as(fleet, account, session)) is not None:
        if status.state is LaunchState.ENDED:
            desk.out.tell(f"{account}: {status.how}")
            break
        if fleet.clock.now().mono >= until_mono:
            return Ended(False, f"{account} says that it has ended, but {status.how}")
        sleep(LOOK_EVERY_S)
    return ended


def _is_over(fleet: Fleet, snapshot: Snapshot, account: str) -> bool:
    report = snapshot.reports.get(account, Seen()).value
    gone = report is not None and _proof(fleet, account, report.session) is not None
    return gone or proposals.is_over(snapshot, account)


def _proof(fleet: Fleet, account: str, session: str | None) -> str | None:
    """How this machine knows that a session of it has ended; None where it doesn't."""
    status = _launched_as(fleet, account, session)
    return status.how if status is not None and status.state is LaunchState.ENDED else None


def _launched_as(fleet: Fleet, account: str, session: str | None) -> LaunchStatus | None:
    status = launched(launcher_of(fleet.config, fleet.clock), account)
    return status if status is not None and session and status.session == session else None


def _document(orders: list[str], outcome: str, text: str) -> dict[str, Any]:
    return {"orders": orders, "outcome": outcome, "text": text}
