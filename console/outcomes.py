"""What became of an order, judged from one look at the store. Pure.

Decided here: when a move or a stop has ended, and how. Not decided here: how
often somebody looks (`cli.following`).
"""

from __future__ import annotations

from dataclasses import dataclass

from console.seen import Seen, Snapshot
from sessionlib.core.notes import History, Order, OrderAction, Receipt, Report, WorkState
from sessionlib.core.values import Lease, LeaseState

_STILL_OPEN = {"seen", "acted"}


@dataclass(frozen=True, slots=True)
class Under:
    """Still under way; `text` says how far."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Over. `done` says whether it came about as it was ordered."""

    done: bool
    text: str
    move: History | None = None


def of(order: Order, snapshot: Snapshot, session: str | None = None) -> Under | Ended:
    """How far an order has come; `session` is the one that a stop is to end."""
    if snapshot.error is not None:
        return Under(f"the store can't be reached ({snapshot.error})")
    if order.action is OrderAction.STOP:
        return _of_stop(order, snapshot, session)
    return _of_handover(order, snapshot)


def _of_handover(order: Order, snapshot: Snapshot) -> Under | Ended:
    lease = snapshot.lease.value
    if lease is None:
        return Under(f"the lease can't be read ({snapshot.lease.error or 'it is missing'})")
    if lease.epoch > order.epoch:
        return _of_next_epoch(order, lease, snapshot)
    return _turned_down(order, snapshot) or Under(_progress(order, lease, snapshot))


def _of_next_epoch(order: Order, lease: Lease, snapshot: Snapshot) -> Under | Ended:
    move = snapshot.last_move.value
    report = snapshot.reports.get(lease.holder or "", Seen()).value
    if move is None or not _serves(report, lease):
        who = lease.holder or "nobody"
        return Under(f"{who} has claimed epoch {lease.epoch}; its workload is starting")
    if lease.holder != order.account:
        return Ended(False, f"the work went to {lease.holder}, not to {order.account}", move)
    down = "" if move.downtime_s is None else f", {move.downtime_s:.1f} s down"
    return Ended(True, f"{lease.holder} serves under epoch {lease.epoch}{down}", move)


def _serves(report: Report | None, lease: Lease) -> bool:
    return (
        report is not None
        and report.ended is None
        and report.workload is WorkState.SERVING
        and report.epoch == lease.epoch
    )


def _progress(order: Order, lease: Lease, snapshot: Snapshot) -> str:
    if lease.state is LeaseState.OFFERED:
        return f"the work has stopped and is offered to {lease.successor}"
    if lease.plan is not None and lease.plan.id == order.id:
        return f"{lease.holder} moves to {lease.plan.to}: {lease.plan.phase.value}"
    receipt = _receipt(order, snapshot)
    return f"{lease.holder} says: {receipt.outcome}" if receipt else "the primary has yet to see it"


def _of_stop(order: Order, snapshot: Snapshot, session: str | None) -> Under | Ended:
    report = snapshot.reports.get(order.account or "", Seen()).value
    if report is None:
        return Under(f"{order.account}'s report can't be read")
    if session is not None and report.session != session:
        return Ended(True, f"{order.account}'s session has ended; another one runs")
    if report.ended is not None:
        return Ended(True, f"{order.account} has ended: {report.ended}")
    turned_down = _turned_down(order, snapshot)
    return turned_down or Under(f"{order.account} is {report.member}, workload {report.workload}")


def _turned_down(order: Order, snapshot: Snapshot) -> Ended | None:
    receipt = _receipt(order, snapshot)
    if receipt is None or receipt.outcome in _STILL_OPEN:
        return None
    return Ended(False, f"the order is {receipt.outcome}: {receipt.why or 'no reason given'}")


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
