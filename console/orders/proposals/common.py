"""What every proposal starts from: a lease that can be judged, sessions that would hear.

It also makes the evidence that an order carries.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from console.errors import Refused, WrongUse
from console.fleet.readmodel import is_running, is_valid
from console.fleet.snapshot import Snapshot
from console.fleet.words import duration
from console.signing.operator import operator_name
from sessionlib.config import Config
from sessionlib.core.messages import Order, OrderAction, Report
from sessionlib.core.values import UNKNOWN_HOLDER, Lease, LeaseState
from sessionlib.core.view import Member


@dataclass(frozen=True, slots=True)
class Proposal:
    """An order that could be given now, unsigned, and what it means in words.

    `session` is the one that a stop would end; it outlives the incarnation, which
    changes when a primary gives up the lease on its way out. `due_s` is how long the
    order itself asks to wait.
    """

    order: Order
    meaning: str
    session: str | None = None
    due_s: float = 0.0


def require_lease(snapshot: Snapshot) -> Lease:
    """The lease as it was seen. Raises Refused where it wasn't."""
    if snapshot.error is not None:
        raise Refused(
            f"the store can't be reached ({snapshot.error}): check that it is there, and try again"
        )
    if snapshot.lease.value is None:
        why = snapshot.lease.error or "there is none: `colabvps-console init` makes one"
        raise Refused(f"the lease can't be read: {why}")
    return snapshot.lease.value


def require_holder(snapshot: Snapshot, what: str, otherwise: str) -> str:
    """The account whose session can carry out `what`. Raises Refused, and says what happens
    `otherwise`, where nobody holds a lease that is valid."""
    lease = require_lease(snapshot)
    if lease.state is not LeaseState.HELD or lease.holder is None:
        raise Refused(f"the lease is {lease.state.value}: there is no primary to {what}")
    if lease.holder == UNKNOWN_HOLDER or not is_valid(snapshot.lease):
        raise Refused(
            f"the lease of {lease.holder} isn't valid any more, so there is nobody to {what}; "
            f"{otherwise}"
        )
    return lease.holder


def require_running_report(snapshot: Snapshot, account: str) -> Report:
    """The report of a session that would hear an order. Raises Refused where none would."""
    seen = snapshot.report_of(account)
    report = seen.value
    if seen.error is not None:
        raise Refused(f"{account}'s report can't be read ({seen.error})")
    if report is None or report.ended is not None:
        raise Refused(f"{account} has no session: start its agent first")
    if not is_running(seen):
        raise Refused(
            f"{account} hasn't reported for {duration(seen.age_s)}: it wouldn't hear this"
        )
    if report.member == Member.FENCED:
        raise Refused(f"{account} is fenced: restart its agent first")
    return report


def standbys(config: Config, snapshot: Snapshot, holder: str | None) -> list[str]:
    """The accounts with a session that could take over, first choice first."""
    return [
        name
        for name in config.by_priority()
        if name != holder
        and is_running(seen := snapshot.report_of(name))
        and seen.value is not None
        and seen.value.member != Member.FENCED
    ]


def check_account_exists(config: Config, account: str | None) -> None:
    """Raises WrongUse for an account that the fleet doesn't have."""
    if account is not None and account not in config.accounts:
        raise WrongUse(
            f"there is no account {account!r:.40} in {config.path}: it has "
            f"{', '.join(config.by_priority())}"
        )


def describe_account(config: Config, report: Report) -> str:
    """An account as an operator should know it before handing it the work."""
    email = config.accounts[report.account].email
    left = duration(report.remaining_s)
    return f"{report.account} ({email}, {left} left, {report.readiness.value})"


def new_order(config: Config, lease: Lease, action: OrderAction, **fields: Any) -> Order:
    """An order of this fleet, bound to `lease` as it was seen."""
    return Order(
        id=secrets.token_hex(8),
        fleet=config.fleet,
        action=action,
        account=fields.pop("account", None),
        epoch=lease.epoch,
        incarnation=lease.incarnation,
        renewal=lease.renewal,
        by=operator_name(),
        **fields,
    )
