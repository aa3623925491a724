"""Giving an order and following it to its end.

Decided here: that an order is signed with the fleet's own key or not given at
all, how a write without an answer is settled, and how often somebody looks.
Not decided here: when an order makes sense (`intents`) and when it has ended
(`outcomes`).
"""

from __future__ import annotations

from console import credentials, outcomes
from console.cli.opened import Fleet
from console.errors import Interrupted, OutcomeUnknown, Refused, WrongUse
from console.output import Output
from console.patience import within
from sessionlib.clock import sleep
from sessionlib.config.durations import seconds
from sessionlib.core.notes import Order
from sessionlib.errors import Conflict, StoreError, Unknown
from sessionlib.layout import order_key
from sessionlib.records import encode
from sessionlib.signing import public_of, sign

LOOK_EVERY_S = 0.25


def signed(fleet: Fleet, order: Order) -> Order:
    """The order, signed. Raises Refused where the fleet's key isn't at hand."""
    seed = credentials.need_seed(fleet.config.fleet)
    known = fleet.config.fleet_key
    if known is not None and public_of(seed) != known:
        raise Refused(
            f"the key at hand isn't the one of fleet {fleet.config.fleet} "
            f"({fleet.config.where('fleet_key')}): its agents would ignore the order"
        )
    return sign(order, seed)


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


def follow(
    fleet: Fleet, order: Order, out: Output, timeout_s: float, session: str | None = None
) -> outcomes.Ended:
    """Tell how an order fares until it has ended. Raises OutcomeUnknown when time is up."""
    try:
        return _follow(fleet, order, out, timeout_s, session)
    except KeyboardInterrupt:
        raise Interrupted(f"watching no longer; order {order.id} stands") from None


def _follow(
    fleet: Fleet, order: Order, out: Output, timeout_s: float, session: str | None
) -> outcomes.Ended:
    until_mono = fleet.clock.now().mono + timeout_s
    told = ""
    while True:
        outcome = outcomes.of(order, fleet.look(), session)
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
