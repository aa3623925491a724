"""`checkpoint now`: a checkpoint out of turn."""

from __future__ import annotations

import typer

from console import copying
from console.cli.opened import Fleet, open_fleet
from console.cli.options import TimeoutOption, WaitOption, desk_of
from console.cli.ordering import LOOK_EVERY_S, give, signed, timeout_of
from console.errors import FAILED, Interrupted, OutcomeUnknown
from console.outcomes import Ended
from console.output import Output
from sessionlib.clock import sleep
from sessionlib.core.notes import Order
from sessionlib.core.values import Pointer

CHANGES = True
EXAMPLES = (
    "colabvps-console checkpoint now",
    "colabvps-console checkpoint now --yes --wait --timeout 10m",
)


def run(
    ctx: typer.Context,
    wait: WaitOption = False,
    timeout: TimeoutOption = "10m",
) -> None:
    """The workload runs on meanwhile. With `prepare` in the configuration its data is whole
    in the copy; else each file is, and not all are of the same moment.
    """
    desk = desk_of(ctx)
    desk.may_change("checkpoint now")
    timeout_s = timeout_of(timeout)
    fleet = open_fleet(desk)
    snapshot = fleet.look()
    proposal = copying.checkpoint(fleet.config, snapshot)
    before = snapshot.lease.value.checkpoint if snapshot.lease.value else None
    order = signed(fleet, proposal.order)
    desk.out.ask(proposal.meaning, yes=desk.yes)
    give(fleet, order)
    head = {"order": order.id, "account": order.account}
    if not wait:
        text = f"Order {order.id}: {order.account} makes a checkpoint"
        desk.out.answer(text, {**head, "outcome": "ordered"})
        return
    desk.out.tell(f"Order {order.id}")
    ended = _follow(fleet, order, before, desk.out, timeout_s)
    outcome = "done" if ended.done else "failed"
    desk.out.answer(ended.text, {**head, "outcome": outcome, "text": ended.text})
    if not ended.done:
        raise typer.Exit(FAILED)


def _follow(
    fleet: Fleet, order: Order, before: Pointer | None, out: Output, timeout_s: float
) -> Ended:
    until_mono = fleet.clock.now().mono + timeout_s
    told = ""
    try:
        while True:
            found = copying.outcome(order, before, fleet.look())
            if isinstance(found, Ended):
                return found
            if found.text != told:
                told = found.text
                out.tell(told)
            if fleet.clock.now().mono >= until_mono:
                raise OutcomeUnknown(
                    f"not over after {timeout_s:g} s ({told}): the order stands, "
                    "`colabvps-console checkpoint list` shows what comes of it"
                )
            sleep(LOOK_EVERY_S)
    except KeyboardInterrupt:
        raise Interrupted(f"watching no longer; order {order.id} stands") from None
