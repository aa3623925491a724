"""What is asked of the fleet as it stands: to end a session, to hold still, to copy the data."""

from __future__ import annotations

from console.errors import AlreadySo, Refused
from console.fleet.readmodel import is_running
from console.fleet.snapshot import Reading, Snapshot
from console.orders.proposals.common import (
    Proposal,
    check_account_exists,
    new_order,
    require_holder,
    require_lease,
    require_running_report,
    standbys,
)
from sessionlib.config import Config
from sessionlib.core.messages import OrderAction


def stop(config: Config, snapshot: Snapshot, account: str) -> Proposal:
    """The end of one session. Raises Refused or WrongUse."""
    check_account_exists(config, account)
    lease = require_lease(snapshot)
    report = require_running_report(snapshot, account)
    asked = new_order(config, lease, OrderAction.STOP, account=account, target=report.incarnation)
    if lease.holder != account:
        return Proposal(asked, f"Stop: {account}, a standby, ends its session.", report.session)
    heirs = standbys(config, snapshot, account)
    after = f"{heirs[0]} may then take over" if heirs else "no standby runs, so nobody takes over"
    return Proposal(
        asked,
        f"Stop: {account}, the primary, stops its workload, seals its data, gives up the lease "
        f"and ends its session; {after}.",
        report.session,
    )


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
    planned = f" The move to {lease.plan.to} is called off." if lease.plan is not None else ""
    meaning = (
        f"Pause: {holder} works on, and nothing moves by itself until `colabvps-console resume`: "
        f"no plans, no takeovers.{planned}\nIf {holder} is lost, nobody takes over, and the "
        "workload stays down; only an emergency overrides it. Fencing stays on."
    )
    return Proposal(new_order(config, lease, OrderAction.PAUSE), meaning)


def resume(config: Config, snapshot: Snapshot) -> Proposal:
    """An end to the pause. Raises AlreadySo, or Refused where nobody would hear."""
    lease = require_lease(snapshot)
    if not lease.paused:
        raise AlreadySo("the fleet isn't paused")
    there = [name for name in config.by_priority() if is_running(snapshot.report_of(name))]
    if not there:
        raise Refused("no session reports, so there is nobody to end the pause: start one first")
    after = "plans and takeovers go on as the policy says"
    if lease.holder not in there:
        after = (
            f"{lease.holder or 'nobody'} holds the lease and isn't there, so a standby may claim it"
        )
    meaning = f"Resume: the fleet isn't paused any more; {after}."
    return Proposal(new_order(config, lease, OrderAction.RESUME), meaning)


def checkpoint(config: Config, snapshot: Snapshot) -> Proposal:
    """A checkpoint now. Raises Refused where nobody works."""
    lease = require_lease(snapshot)
    holder = require_holder(snapshot, "make one", "a standby takes over by itself")
    require_running_report(snapshot, holder)
    meaning = f"Checkpoint: {holder} copies its data to the store now; its workload goes on."
    return Proposal(new_order(config, lease, OrderAction.CHECKPOINT, account=holder), meaning)
