"""Proposals to take the work from a lost session: when that is right, and what applies instead.

Whether the session is gone is decided in `evidence`.
"""

from __future__ import annotations

from console.errors import Refused
from console.fleet.fleet_text import duration
from console.fleet.snapshot import Snapshot
from console.orders import consequences
from console.orders.consequences import Consequences
from console.orders.proposals.common import (
    Proposal,
    check_account_exists,
    describe_account,
    describe_checkpoint,
    describe_successor,
    new_order,
    require_lease,
    require_running_report,
)
from sessionlib.config import Config
from sessionlib.core.messages import OrderAction
from sessionlib.core.values import UNKNOWN_HOLDER, LeaseState


def lost_holder(config: Config, snapshot: Snapshot, to: str) -> str:
    """The account that an emergency would take the work from. Raises WrongUse, or Refused with
    what applies instead if there is none."""
    check_account_exists(config, to)
    lease = require_lease(snapshot)
    if lease.state is LeaseState.FREE or lease.holder is None:
        paused = " once it is resumed: `colabvps-console resume`" if lease.paused else ""
        raise Refused(
            "the lease is free: nobody has to be proven gone, and the first standby claims it "
            f"by itself{paused}. If no session runs, `colabvps-console coldstart` starts one"
        )
    if lease.state is LeaseState.OFFERED:
        raise Refused(
            f"{lease.holder} has stopped its work and offers the lease to {lease.successor}, "
            f"which claims it by itself; if it doesn't within {duration(lease.ttl_s)}, another "
            "standby does"
        )
    if lease.holder == UNKNOWN_HOLDER:
        raise Refused(
            "the record had to be made again, so nobody can say who works, and nobody can be "
            "proven gone: make sure that no session works, and a standby claims after watching "
            f"the record for {duration(lease.ttl_s)}"
        )
    if lease.holder == to:
        raise Refused(f"{to} holds the lease: name the standby that is to have it")
    require_running_report(snapshot, to)
    return lease.holder


def emergency(config: Config, snapshot: Snapshot, to: str, stopped: str, evidence: str) -> Proposal:
    """`to` claims at once because `stopped`, the holder, has ended according to `evidence`.
    Raises Refused or WrongUse."""
    holder = lost_holder(config, snapshot, to)
    if stopped != holder:
        raise Refused(f"the lease is {holder}'s, not {stopped}'s: look again")
    lease = require_lease(snapshot)
    order = new_order(
        config, lease, OrderAction.EMERGENCY, account=to, stopped=stopped, evidence=evidence
    )
    return Proposal(order, emergency_consequences(config, snapshot, to, holder, evidence))


def emergency_consequences(
    config: Config, snapshot: Snapshot, to: str, holder: str, evidence: str | None = None
) -> Consequences:
    """The consequences of an emergency, also before its evidence is complete."""
    lease = snapshot.lease.value
    return consequences.of_emergency(
        describe_account(config, holder),
        describe_successor(config, snapshot, to),
        describe_checkpoint(config, snapshot),
        paused=lease is not None and lease.paused,
        evidence=evidence,
    )
