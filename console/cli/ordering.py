"""How a command gives an order: the question, the order, and its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import typer

from console.cli.options import CommandContext
from console.errors import (
    FAILED,
    AlreadySo,
    Interrupted,
    OutcomeUnknown,
    WrongUse,
)
from console.fleet import json_output
from console.fleet.fleet import Fleet, open_fleet
from console.orders import outcomes
from console.orders.outcomes import OrderOutcome, OrderProgress
from console.orders.proposals import Proposal
from console.orders.submit import signing_seed_of, submit_order
from console.text.output import Output
from sessionlib.clock import sleep
from sessionlib.config.durations import seconds
from sessionlib.core.messages import Order, OrderAction
from sessionlib.signing import sign

LOOK_EVERY_S = 0.25


def run_order(
    context: CommandContext,
    propose: Callable[[Fleet], Proposal],
    *,
    wait: bool,
    timeout: str,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """An order from the question to its outcome, `extra` keys in its document.

    `timeout` counts from when the order is due. Raises typer.Exit where it failed.
    """
    timeout_s = timeout_of(timeout)
    fleet = open_fleet(context.config)
    try:
        proposal = propose(fleet)
    except AlreadySo as so:
        context.out.answer(str(so), {"order": None, "outcome": "done", "text": str(so)})
        return
    seed, asked_mono = signing_seed_of(fleet), fleet.clock.now().mono
    context.out.ask(proposal.meaning, yes=context.yes)
    order = sign(_shift_due_time(proposal.order, fleet.clock.now().mono - asked_mono), seed)
    finish_order(
        context,
        fleet,
        order,
        summary=_short(order),
        document=order_document(order, extra or {}),
        follow=lambda: follow_order(
            fleet, order, context.out, proposal.due_s + timeout_s, proposal.session
        ),
        wait=wait,
    )


def finish_order(  # noqa: PLR0913 - each by its name
    context: CommandContext,
    fleet: Fleet,
    order: Order,
    *,
    summary: str,
    document: Callable[[OrderOutcome | None], Mapping[str, Any]],
    follow: Callable[[], OrderOutcome],
    wait: bool,
) -> None:
    """The end of every order: put a signed order into the store; with `wait`, follow it too.

    `document` makes the JSON document from the outcome, None without `wait`. Raises typer.Exit
    where the order failed.
    """
    submit_order(fleet, order)
    if not wait:
        context.out.answer(f"Order {order.id}: {summary}", document(None))
        return
    context.out.message(f"Order {order.id}")
    ended = follow()
    context.out.answer(ended.text, document(ended))
    if not ended.done:
        raise typer.Exit(FAILED)


def order_document(
    order: Order, extra: Mapping[str, Any]
) -> Callable[[OrderOutcome | None], Mapping[str, Any]]:
    """What makes the JSON document of one order, with `extra` keys, from its outcome."""

    def document(ended: OrderOutcome | None) -> Mapping[str, Any]:
        head = {"order": order.id, "action": order.action.value, "to": order.account, **extra}
        if ended is None:
            return {**head, "outcome": "ordered"}
        move = json_output.move_document(ended.move) if ended.move else None
        outcome = "done" if ended.done else "failed"
        return {**head, "outcome": outcome, "text": ended.text, "move": move}

    return document


def _shift_due_time(order: Order, by_s: float) -> Order:
    """An order that is given `by_s` after it was meant: what it waits for comes no later."""
    return (
        order if order.after_s is None else replace(order, after_s=max(0.0, order.after_s - by_s))
    )


def _short(order: Order) -> str:
    if order.account is None:
        return order.action.value
    return {
        OrderAction.HANDOVER: f"hand over to {order.account}",
        OrderAction.APPROVE: f"approve the takeover by {order.account}",
        OrderAction.EMERGENCY: f"{order.account} takes over",
    }.get(order.action, f"{order.action.value} {order.account}")


def follow_order(  # noqa: PLR0913, PLR0917 - what a stop needs beside what every order does
    fleet: Fleet,
    order: Order,
    out: Output,
    timeout_s: float,
    session: str | None = None,
    proof: Callable[[], str | None] = lambda: None,
) -> OrderOutcome:
    """Tell how an order fares until it has ended. Raises OutcomeUnknown when time is up.

    `session` is the one that a stop is to end, and `proof` says how else its end is known.
    """
    try:
        return _follow_until_ended(
            fleet, out, timeout_s, lambda: _outcome(fleet, order, session, proof)
        )
    except KeyboardInterrupt:
        raise Interrupted(f"watching no longer; order {order.id} stands") from None


def _outcome(
    fleet: Fleet, order: Order, session: str | None, proof: Callable[[], str | None]
) -> OrderProgress | OrderOutcome:
    outcome = outcomes.judge(order, fleet.read_snapshot(), session)
    how = proof() if isinstance(outcome, OrderProgress) else None
    return outcome if how is None else OrderOutcome(True, f"{order.account} has ended: {how}")


def _follow_until_ended(
    fleet: Fleet,
    out: Output,
    timeout_s: float,
    look: Callable[[], OrderProgress | OrderOutcome],
) -> OrderOutcome:
    until_mono = fleet.clock.now().mono + timeout_s
    told = ""
    while True:
        outcome = look()
        if isinstance(outcome, OrderOutcome):
            return outcome
        if outcome.text != told:
            told = outcome.text
            out.message(told)
        if fleet.clock.now().mono >= until_mono:
            raise OutcomeUnknown(
                f"not over after {timeout_s:g} s ({told}): the order stands, "
                "`colabvps-console status --watch` goes on watching"
            )
        sleep(LOOK_EVERY_S)


def timeout_of(text: str) -> float:
    """What --timeout says, in seconds. Raises WrongUse."""
    try:
        return seconds(text)
    except ValueError:
        raise WrongUse(
            f"--timeout {text:.40}: write it as 90s, 5m or a number of seconds"
        ) from None
