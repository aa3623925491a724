"""What every proposal needs: a readable lease, a session that hears an order, and the order."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from console.errors import Refused, WrongUse
from console.fleet.fleet_text import duration
from console.fleet.readmodel import checkpoint_row, is_running, is_valid, time_left_s
from console.fleet.snapshot import Snapshot
from console.orders.consequences import Consequences, Person, sentences
from console.signing.operator_name import operator_name
from sessionlib.config import Config
from sessionlib.core.messages import Order, OrderAction, Report
from sessionlib.core.values import UNKNOWN_HOLDER, Lease
from sessionlib.core.view import Member


@dataclass(frozen=True, slots=True)
class Proposal:
    """An order that could be given now, unsigned, and its consequences.

    `session` is the one that a stop would end. It outlives the incarnation, which changes when
    a primary gives up the lease on its way out. The order itself asks to wait `due_s`.
    """

    order: Order
    consequences: Consequences
    session: str | None = None
    due_s: float = 0.0

    @property
    def meaning(self) -> str:
        """The consequences in sentences."""
        return sentences(self.consequences)


def require_lease(snapshot: Snapshot) -> Lease:
    """The lease as it was read. Raises Refused if it wasn't."""
    if snapshot.error is not None:
        raise Refused(
            f"the store can't be reached ({snapshot.error}): check that it is there, and try again"
        )
    if snapshot.lease.value is None:
        why = snapshot.lease.error or "there is none: `colabvps-console init` makes one"
        raise Refused(f"the lease can't be read: {why}")
    return snapshot.lease.value


def require_holder(snapshot: Snapshot, what: str, otherwise: str) -> str:
    """The account whose session can carry out `what`. Raises Refused if nobody holds a valid
    lease, and says what happens `otherwise`."""
    lease, holder = require_lease(snapshot), snapshot.holder
    if holder is None:
        raise Refused(f"the lease is {lease.state.value}: there is no primary to {what}")
    if holder == UNKNOWN_HOLDER or not is_valid(snapshot.lease):
        raise Refused(
            f"the lease of {holder} isn't valid any more, so there is nobody to {what}; {otherwise}"
        )
    return holder


def require_running_report(snapshot: Snapshot, account: str) -> Report:
    """The report of a session that would hear an order. Raises Refused if none would."""
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


def describe_account(config: Config, account: str) -> Person:
    """An account with its address."""
    known = config.accounts.get(account)
    return Person(account, "" if known is None else known.email)


def describe_successor(config: Config, snapshot: Snapshot, account: str) -> Person:
    """An account that may get the work, with its time left and its readiness if it reports."""
    seen, known = snapshot.report_of(account), config.accounts.get(account)
    if known is None or seen.value is None:
        return describe_account(config, account)
    left = duration(time_left_s(seen))
    return Person(account, f"{known.email}, {left} left, {seen.value.readiness.value}")


def describe_checkpoint(config: Config, snapshot: Snapshot) -> str | None:
    """The newest checkpoint and its age in words; None without one."""
    copy = checkpoint_row(config, snapshot)
    if copy.seq is None:
        return None
    age = "age not known" if copy.age_s is None else f"{duration(copy.age_s)} old"
    return f"{copy.epoch}.{copy.seq}, {age}"


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
