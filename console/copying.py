"""A checkpoint on demand: what is asked of the holder, and what became of it. Pure.

Decided here: when asking makes sense, and that it has come about once the holder
says so and the lease points at another checkpoint than before. Not decided here:
how it is confirmed and followed (`cli.checkpoint`).
"""

from __future__ import annotations

import getpass
import secrets
import socket

from console.errors import Refused
from console.intents import Proposal
from console.outcomes import Ended, Under
from console.readmodel import is_valid
from console.safe_text import one_line
from console.seen import Snapshot
from sessionlib.config import Config
from sessionlib.core.notes import Order, OrderAction, Receipt
from sessionlib.core.values import UNKNOWN_HOLDER, Lease, LeaseState, Pointer

_STILL_OPEN = {"seen", "acted"}


def checkpoint(config: Config, snapshot: Snapshot) -> Proposal:
    """A copy of the data, made and published now. Raises Refused."""
    lease = _lease(snapshot)
    holder = lease.holder
    if lease.state is not LeaseState.HELD or holder is None:
        raise Refused(f"the lease is {lease.state.value}: there is no primary to copy its data")
    if holder == UNKNOWN_HOLDER or not is_valid(snapshot.lease):
        raise Refused(
            f"the lease of {holder} isn't valid any more, so there is nobody to make a "
            "checkpoint; `colabvps-console checkpoint list` shows those that there are"
        )
    order = Order(
        id=secrets.token_hex(8),
        fleet=config.fleet,
        action=OrderAction.CHECKPOINT,
        account=holder,
        epoch=lease.epoch,
        incarnation=lease.incarnation,
        renewal=lease.renewal,
        by=_operator(),
    )
    return Proposal(
        order,
        f"Checkpoint: {holder} copies what has changed in its data to the store while its "
        "workload runs, and publishes it.",
    )


def outcome(order: Order, before: Pointer | None, snapshot: Snapshot) -> Under | Ended:
    """How far the order has come; `before` is what the lease pointed at when it was given."""
    lease = snapshot.lease.value
    if snapshot.error is not None or lease is None:
        why = snapshot.error or snapshot.lease.error or "there is no lease record"
        return Under(f"the store can't be read ({why})")
    receipt = _receipt(order, snapshot)
    acted = order.id in lease.done or (receipt is not None and receipt.outcome == "acted")
    if receipt is not None and receipt.outcome not in _STILL_OPEN:
        why = receipt.why or "no reason given"
        return Ended(False, f"the order is {receipt.outcome}: {why}")
    if acted and lease.checkpoint is not None and lease.checkpoint != before:
        made = lease.checkpoint
        return Ended(True, f"published: {made.name}, {made.bytes / 1e6:,.1f} MB of data")
    if lease.epoch > order.epoch:
        return Ended(False, f"{lease.holder or 'nobody'} has the lease now: the order is void")
    if receipt is None and not acted:
        return Under("the primary has yet to see it")
    return Under(f"{order.account} copies its data")


def _lease(snapshot: Snapshot) -> Lease:
    if snapshot.error is not None:
        raise Refused(
            f"the store can't be reached ({snapshot.error}): check that it is there, and try again"
        )
    if snapshot.lease.value is None:
        why = snapshot.lease.error or "there is none: `colabvps-console init` makes one"
        raise Refused(f"the lease can't be read: {why}")
    return snapshot.lease.value


def _receipt(order: Order, snapshot: Snapshot) -> Receipt | None:
    """The gravest word on this order that any session has reported."""
    found = [
        receipt
        for seen in snapshot.reports.values()
        if seen.value is not None
        for receipt in seen.value.receipts
        if receipt.id == order.id
    ]
    return min(found, key=lambda receipt: receipt.outcome in _STILL_OPEN, default=None)


def _operator() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        user = "operator"
    return one_line(f"{user}@{socket.gethostname()}", 64)
