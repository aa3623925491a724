"""Giving an order and following it to its end.

Decided here: that an order is signed with the fleet's own key or not given at
all, how a write without an answer is settled, how often somebody looks, and how
an order's outcome is told.
Not decided here: when an order makes sense (`intents`) and when it has ended
(`outcomes`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import typer

from console.cli.options import Desk
from console.errors import (
    FAILED,
    AlreadySo,
    Interrupted,
    OutcomeUnknown,
    WrongUse,
)
from console.fleet import documents
from console.fleet.fleet import Fleet, open_fleet
from console.orders import outcomes
from console.orders.proposals import Proposal
from console.signing.in_force import signing_seed
from console.text.output import Output
from console.timeouts import PatientStore, within
from sessionlib.clock import sleep
from sessionlib.config.durations import seconds
from sessionlib.core.messages import Order, OrderAction
from sessionlib.errors import Conflict, StoreError, Unknown
from sessionlib.layout import order_key
from sessionlib.records import encode
from sessionlib.signing import sign

LOOK_EVERY_S = 0.25


def carry(
    desk: Desk,
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
    fleet = open_fleet(desk)
    try:
        proposal = propose(fleet)
    except AlreadySo as so:
        desk.out.answer(str(so), {"order": None, "outcome": "done", "text": str(so)})
        return
    seed, asked_mono = key_of(fleet), fleet.clock.now().mono
    desk.out.ask(proposal.meaning, yes=desk.yes)
    order = sign(_later(proposal.order, fleet.clock.now().mono - asked_mono), seed)
    give(fleet, order)
    head = {"order": order.id, "action": order.action.value, "to": order.account, **(extra or {})}
    if not wait:
        desk.out.answer(f"Order {order.id}: {_short(order)}", {**head, "outcome": "ordered"})
        return
    desk.out.tell(f"Order {order.id}")
    ended = follow(fleet, order, desk.out, proposal.due_s + timeout_s, proposal.session)
    move = documents.move(ended.move) if ended.move else None
    outcome = "done" if ended.done else "failed"
    desk.out.answer(ended.text, {**head, "outcome": outcome, "text": ended.text, "move": move})
    if not ended.done:
        raise typer.Exit(FAILED)


def _later(order: Order, by_s: float) -> Order:
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


def key_of(fleet: Fleet) -> str:
    """The seed of the key in force. Raises Refused where it isn't at hand, or StoreError."""
    timeout_s = fleet.config.timings.timeout_s
    return signing_seed(fleet.config, PatientStore(fleet.store, timeout_s, timeout_s))


def signed(fleet: Fleet, order: Order) -> Order:
    """The order, signed. Raises Refused where the fleet's key isn't at hand."""
    return sign(order, key_of(fleet))


def give(fleet: Fleet, order: Order) -> None:
    """Put a signed order into the store. Raises OutcomeUnknown where it may or may not be there."""
    key, data, timeout_s = order_key(order.id), encode(order), fleet.config.timings.timeout_s
    try:
        within(timeout_s, lambda: fleet.store.create(key, data), Unknown)
    except (Unknown, Conflict) as error:
        if not _is_there(fleet, key, data):
            raise OutcomeUnknown(
                f"order {order.id} may or may not have been given ({error}): "
                "`colabvps-console status` shows whether it is acted on"
            ) from None


def follow(  # noqa: PLR0913, PLR0917 - what a stop needs beside what every order does
    fleet: Fleet,
    order: Order,
    out: Output,
    timeout_s: float,
    session: str | None = None,
    proof: Callable[[], str | None] = lambda: None,
) -> outcomes.Ended:
    """Tell how an order fares until it has ended. Raises OutcomeUnknown when time is up.

    `session` is the one that a stop is to end, and `proof` says how else its end is known.
    """
    try:
        return _follow(fleet, out, timeout_s, lambda: _outcome(fleet, order, session, proof))
    except KeyboardInterrupt:
        raise Interrupted(f"watching no longer; order {order.id} stands") from None


def _outcome(
    fleet: Fleet, order: Order, session: str | None, proof: Callable[[], str | None]
) -> outcomes.Under | outcomes.Ended:
    outcome = outcomes.of(order, fleet.look(), session)
    how = proof() if isinstance(outcome, outcomes.Under) else None
    return outcome if how is None else outcomes.Ended(True, f"{order.account} has ended: {how}")


def _follow(
    fleet: Fleet,
    out: Output,
    timeout_s: float,
    look: Callable[[], outcomes.Under | outcomes.Ended],
) -> outcomes.Ended:
    until_mono = fleet.clock.now().mono + timeout_s
    told = ""
    while True:
        outcome = look()
        if isinstance(outcome, outcomes.Ended):
            return outcome
        if outcome.text != told:
            told = outcome.text
            out.tell(told)
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


def _is_there(fleet: Fleet, key: str, data: bytes) -> bool:
    try:
        found = within(fleet.config.timings.timeout_s, lambda: fleet.store.read(key))
    except StoreError:
        return False
    return found is not None and found.data == data
