"""What an operator can ask for, checked against what is known before it is asked.

Decided here: when an order makes sense, what it will mean, and what evidence it
carries. An order is only a request: the agents check it all again. Not decided
here: how it is confirmed (`cli`) and what became of it (`outcomes`).
"""

from __future__ import annotations

import getpass
import secrets
import socket
from dataclasses import dataclass

from console.errors import Refused, WrongUse
from console.readmodel import is_running, is_valid
from console.safe_text import one_line
from console.seen import Seen, Snapshot
from console.words import length
from sessionlib.config import Config
from sessionlib.core.notes import Order, OrderAction, Report
from sessionlib.core.values import UNKNOWN_HOLDER, Lease, LeaseState
from sessionlib.core.view import Member


@dataclass(frozen=True, slots=True)
class Proposal:
    """An order that could be given now, unsigned, and what it means in words.

    `session` is the one that a stop would end; it outlives the incarnation, which
    changes when a primary gives up the lease on its way out.
    """

    order: Order
    meaning: str
    session: str | None = None


def handover(config: Config, snapshot: Snapshot, to: str | None) -> Proposal:
    """A planned move to `to`, or to the best standby. Raises Refused or WrongUse."""
    _known(config, to)
    lease = _lease(snapshot)
    holder = lease.holder
    if lease.state is not LeaseState.HELD or holder is None:
        raise Refused(f"the lease is {lease.state.value}: there is no primary to hand over from")
    if holder == UNKNOWN_HOLDER or not is_valid(snapshot.lease):
        raise Refused(
            f"the lease of {holder} isn't valid any more, so there is nobody to carry out a "
            "handover; a standby takes over by itself"
        )
    if to == holder:
        raise Refused(f"{to} is the primary already")
    successor = to or _best_standby(config, snapshot, holder)
    report = _running(snapshot, successor)
    order = _order(config, OrderAction.HANDOVER, successor, lease)
    return Proposal(
        order,
        f"Handover: {holder} stops its workload, seals its data and becomes a standby;\n"
        f"{successor} ({config.accounts[successor].email}, {length(report.remaining_s)} left, "
        f"{report.readiness.value}) becomes the primary.\n"
        "The workload is down from its stop until the successor's is ready.",
    )


def stop(config: Config, snapshot: Snapshot, account: str) -> Proposal:
    """The end of one session. Raises Refused or WrongUse."""
    _known(config, account)
    lease = _lease(snapshot)
    report = _running(snapshot, account)
    order = _order(config, OrderAction.STOP, account, lease, report.incarnation)
    if lease.holder != account:
        return Proposal(order, f"Stop: {account}, a standby, ends its session.", report.session)
    heirs = [name for name in _standbys(config, snapshot, account) if name != account]
    after = f"{heirs[0]} may then take over" if heirs else "no standby runs, so nobody takes over"
    return Proposal(
        order,
        f"Stop: {account}, the primary, stops its workload, seals its data, gives up the lease "
        f"and ends its session; {after}.",
        report.session,
    )


def running(config: Config, snapshot: Snapshot) -> list[str]:
    """The sessions that can be told to stop, the primary last.

    Last, because a standby that still runs when the primary gives up would take over.
    """
    lease = _lease(snapshot)
    names = [name for name in config.by_priority() if is_running(_report(snapshot, name))]
    return sorted(names, key=lambda name: name == lease.holder)


def is_over(snapshot: Snapshot, account: str) -> bool:
    """Whether an account certainly has no session: it never reported, or said that it ended."""
    seen = _report(snapshot, account)
    never = snapshot.reachable and seen == Seen()
    return never or (seen.value is not None and seen.value.ended is not None)


def _lease(snapshot: Snapshot) -> Lease:
    if snapshot.error is not None:
        raise Refused(
            f"the store can't be reached ({snapshot.error}): check that it is there, and try again"
        )
    if snapshot.lease.value is None:
        why = snapshot.lease.error or "there is none: `colabvps-console init` makes one"
        raise Refused(f"the lease can't be read: {why}")
    return snapshot.lease.value


def _report(snapshot: Snapshot, account: str) -> Seen[Report]:
    return snapshot.reports.get(account, Seen())


def _running(snapshot: Snapshot, account: str) -> Report:
    seen = _report(snapshot, account)
    report = seen.value
    if seen.error is not None:
        raise Refused(f"{account}'s report can't be read ({seen.error})")
    if report is None or report.ended is not None:
        raise Refused(f"{account} has no session: start its agent first")
    if not is_running(seen):
        raise Refused(f"{account} hasn't reported for {length(seen.age_s)}: it wouldn't hear this")
    if report.member == Member.FENCED:
        raise Refused(f"{account} is fenced: restart its agent first")
    return report


def _standbys(config: Config, snapshot: Snapshot, holder: str) -> list[str]:
    return [
        name
        for name in config.by_priority()
        if name != holder
        and is_running(seen := _report(snapshot, name))
        and seen.value is not None
        and seen.value.member != Member.FENCED
    ]


def _best_standby(config: Config, snapshot: Snapshot, holder: str) -> str:
    standbys = _standbys(config, snapshot, holder)
    if not standbys:
        raise Refused("no standby reports: start one, or name one with --to")
    return standbys[0]


def _known(config: Config, account: str | None) -> None:
    if account is not None and account not in config.accounts:
        raise WrongUse(
            f"there is no account {account!r:.40} in {config.path}: it has "
            f"{', '.join(config.by_priority())}"
        )


def _order(
    config: Config, action: OrderAction, account: str, lease: Lease, target: str | None = None
) -> Order:
    return Order(
        id=secrets.token_hex(8),
        fleet=config.fleet,
        action=action,
        account=account,
        epoch=lease.epoch,
        incarnation=lease.incarnation,
        renewal=lease.renewal,
        by=_operator(),
        target=target,
    )


def _operator() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        user = "operator"
    return one_line(f"{user}@{socket.gethostname()}", 64)
