"""Proposals that move nothing: stop a session, pause, resume, make a checkpoint."""

from __future__ import annotations

from console.errors import AlreadySo, Refused
from console.fleet.readmodel import is_running
from console.fleet.snapshot import Reading, Snapshot
from console.orders import consequences
from console.orders.consequences import Person
from console.orders.proposals.common import (
    Proposal,
    check_account_exists,
    describe_account,
    describe_successor,
    new_order,
    require_holder,
    require_lease,
    require_running_report,
    standbys,
)
from sessionlib.config import Config
from sessionlib.core.messages import OrderAction
from sessionlib.core.values import Readiness


def stop(config: Config, snapshot: Snapshot, account: str) -> Proposal:
    """The end of one session. Raises Refused or WrongUse."""
    check_account_exists(config, account)
    lease = require_lease(snapshot)
    report = require_running_report(snapshot, account)
    order = new_order(config, lease, OrderAction.STOP, account=account, target=report.incarnation)
    if lease.holder != account:
        facts = consequences.of_standby_stop(describe_account(config, account))
    else:
        facts = consequences.of_primary_stop(
            describe_account(config, account), _first_heir(config, snapshot, account)
        )
    return Proposal(order, facts, report.session)


def running_accounts(config: Config, snapshot: Snapshot) -> list[str]:
    """The sessions that can be told to stop, the primary last.

    Last, because a standby that still runs when the primary gives up would take over.
    """
    lease = require_lease(snapshot)
    names = [name for name in config.by_priority() if is_running(snapshot.report_of(name))]
    return sorted(names, key=lambda name: name == lease.holder)


def has_no_session(snapshot: Snapshot, account: str) -> bool:
    """Whether an account certainly has no session: it never reported, or said that it ended."""
    seen = snapshot.report_of(account)
    never = snapshot.reachable and seen == Reading()
    return never or (seen.value is not None and seen.value.ended is not None)


def pause(config: Config, snapshot: Snapshot) -> Proposal:
    """No plans and no takeovers until resumed. Raises AlreadySo or Refused."""
    lease = require_lease(snapshot)
    if lease.paused:
        raise AlreadySo("the fleet is paused already")
    holder = require_holder(snapshot, "write the pause down", "it would change nothing")
    facts = consequences.of_pause(
        describe_account(config, holder), None if lease.plan is None else lease.plan.to
    )
    return Proposal(new_order(config, lease, OrderAction.PAUSE), facts)


def resume(config: Config, snapshot: Snapshot) -> Proposal:
    """An end to the pause. Raises AlreadySo, or Refused where nobody would hear."""
    lease = require_lease(snapshot)
    if not lease.paused:
        raise AlreadySo("the fleet isn't paused")
    there = [name for name in config.by_priority() if is_running(snapshot.report_of(name))]
    if not there:
        raise Refused("no session reports, so there is nobody to end the pause: start one first")
    is_absent = lease.holder is not None and lease.holder not in there
    facts = consequences.of_resume(
        describe_account(config, lease.holder) if lease.holder is not None and is_absent else None,
        is_held=lease.holder is not None,
    )
    return Proposal(new_order(config, lease, OrderAction.RESUME), facts)


def checkpoint(config: Config, snapshot: Snapshot) -> Proposal:
    """A checkpoint now. Raises Refused where nobody works."""
    lease = require_lease(snapshot)
    holder = require_holder(snapshot, "make one", "a standby takes over by itself")
    require_running_report(snapshot, holder)
    facts = consequences.of_checkpoint(describe_account(config, holder))
    return Proposal(new_order(config, lease, OrderAction.CHECKPOINT, account=holder), facts)


def _first_heir(config: Config, snapshot: Snapshot, account: str) -> Person | None:
    """The standby that may take over from `account`: a ready one, else one that runs."""
    names = standbys(config, snapshot, account)
    best = next((name for name in names if _is_ready(snapshot, name)), next(iter(names), None))
    return None if best is None else describe_successor(config, snapshot, best)


def _is_ready(snapshot: Snapshot, account: str) -> bool:
    report = snapshot.report_of(account).value
    return report is not None and report.readiness is Readiness.READY
