"""`stop`: the end of one session, or of all."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console.cli.options import (
    CommandContext,
    TimeoutOption,
    WaitOption,
    command_context,
)
from console.cli.ordering import (
    LOOK_EVERY_S,
    finish_order,
    follow_order,
    timeout_of,
)
from console.errors import FAILED, WrongUse
from console.fleet.fleet import Fleet, open_fleet
from console.fleet.snapshot import Snapshot
from console.orders import proposals
from console.orders.fleet_launcher import last_launch, launcher_of
from console.orders.outcomes import OrderOutcome
from console.orders.submit import sign_for_fleet, submit_order
from sessionlib.clock import sleep
from sessionlib.core.messages import Order
from sessionlib.launchers import LaunchState, LaunchStatus

_GONE_S = 10.0
"""How long a process may take from its last word to its end."""

CHANGES = True
EXAMPLES = (
    "colabvps-console stop bob",
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
    context = command_context(ctx)
    context.require_writable("stop")
    timeout_s = timeout_of(timeout)
    if (account is None) is not everybody:
        raise WrongUse("say whose session ends: an account's name, or --all")
    fleet = open_fleet(context.config)
    if everybody:
        _stop_all(context, fleet, timeout_s, wait=wait)
        return
    snapshot = fleet.read_snapshot()
    is_known = account in fleet.config.accounts
    if account is not None and is_known and _is_over(fleet, snapshot, account):
        text = f"{account} has no session: there is nothing to stop"
        context.out.answer(text, _document([], "done", text))
        return
    proposal = proposals.stop(fleet.config, snapshot, account or "")
    order = sign_for_fleet(fleet, proposal.order)
    context.out.ask(proposal.meaning, yes=context.yes)
    finish_order(
        context,
        fleet,
        order,
        summary=f"stop {account}",
        document=lambda ended: _order_document([order.id], ended),
        follow=lambda: _followed(context, fleet, order, proposal.session, timeout_s),
        wait=wait,
    )


def _stop_all(context: CommandContext, fleet: Fleet, timeout_s: float, *, wait: bool) -> None:
    snapshot = fleet.read_snapshot()
    names = [
        name
        for name in proposals.running_accounts(fleet.config, snapshot)
        if not _is_over(fleet, snapshot, name)
    ]
    if not names:
        text = "no session reports: there is nothing to stop"
        context.out.answer(text, _document([], "done", text))
        return
    context.out.ask(
        f"Stop: {', then '.join(names)}. The workload stops with the last.", yes=context.yes
    )
    orders: list[str] = []
    for name in names:
        # A new look each time: a move may have ended since the last one.
        proposal = proposals.stop(fleet.config, fleet.read_snapshot(), name)
        order = sign_for_fleet(fleet, proposal.order)
        submit_order(fleet, order)
        orders.append(order.id)
        context.out.message(f"Order {order.id}: stop {name}")
        if name == names[-1] and not wait:
            break
        ended = _followed(context, fleet, order, proposal.session, timeout_s)
        context.out.message(ended.text)
        if not ended.done:
            context.out.answer(ended.text, _document(orders, "failed", ended.text))
            raise typer.Exit(FAILED)
    text = f"{'stopped' if wait else 'told to stop'}: {', '.join(names)}"
    context.out.answer(text, _document(orders, "done" if wait else "ordered", text))


def _followed(
    context: CommandContext, fleet: Fleet, order: Order, session: str | None, timeout_s: float
) -> OrderOutcome:
    """The end of a session, by its own word, and by this machine's where it ran here."""
    account = order.account or ""
    ended = follow_order(
        fleet, order, context.out, timeout_s, session, lambda: _proof(fleet, account, session)
    )
    until_mono = fleet.clock.now().mono + _GONE_S
    while ended.done and (status := _launched_as(fleet, account, session)) is not None:
        if status.state is LaunchState.ENDED:
            context.out.message(f"{account}: {status.how}")
            break
        if fleet.clock.now().mono >= until_mono:
            return OrderOutcome(False, f"{account} says that it has ended, but {status.how}")
        sleep(LOOK_EVERY_S)
    return ended


def _is_over(fleet: Fleet, snapshot: Snapshot, account: str) -> bool:
    report = snapshot.report_of(account).value
    gone = report is not None and _proof(fleet, account, report.session) is not None
    return gone or proposals.has_no_session(snapshot, account)


def _proof(fleet: Fleet, account: str, session: str | None) -> str | None:
    """How this machine knows that a session of it has ended; None where it doesn't."""
    status = _launched_as(fleet, account, session)
    return status.how if status is not None and status.state is LaunchState.ENDED else None


def _launched_as(fleet: Fleet, account: str, session: str | None) -> LaunchStatus | None:
    status = last_launch(launcher_of(fleet.config, fleet.clock), account)
    return status if status is not None and session and status.session == session else None


def _order_document(orders: list[str], ended: OrderOutcome | None) -> dict[str, Any]:
    if ended is None:
        return _document(orders, "ordered", "")
    return _document(orders, "done" if ended.done else "failed", ended.text)


def _document(orders: list[str], outcome: str, text: str) -> dict[str, Any]:
    return {"orders": orders, "outcome": outcome, "text": text}
