"""Taking the work from a session that can't be asked any more: when that is right."""

from __future__ import annotations

from console.errors import Refused
from console.fleet.snapshot import Snapshot
from console.fleet.words import duration
from console.orders.proposals.common import (
    Proposal,
    check_account_exists,
    describe_account,
    new_order,
    require_lease,
    require_running_report,
)
from sessionlib.config import Config
from sessionlib.core.messages import OrderAction
from sessionlib.core.values import UNKNOWN_HOLDER, LeaseState


def lost_holder(config: Config, snapshot: Snapshot, to: str) -> str:
    """From whom an emergency would take the work. Raises WrongUse, or Refused with what
    applies instead where there is nobody to take it from."""
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
    """`to` claims at once, because `stopped`, the holder, has ended, which is known by
    `evidence`. Raises Refused or WrongUse."""
    holder = lost_holder(config, snapshot, to)
    if stopped != holder:
        raise Refused(f"the lease is {holder}'s, not {stopped}'s: look again")
    lease, report = require_lease(snapshot), require_running_report(snapshot, to)
    asked = new_order(
        config, lease, OrderAction.EMERGENCY, account=to, stopped=stopped, evidence=evidence
    )
    copied = "there is no checkpoint, so it starts with what its own work folder holds"
    if lease.checkpoint is not None:
        pointer = lease.checkpoint
        copied = f"it starts from checkpoint {pointer.seq} of epoch {pointer.epoch}"
    paused = "\nThe fleet is paused; this overrides it." if lease.paused else ""
    meaning = (
        f"Emergency: {describe_account(config, report)} claims the lease at once, without waiting "
        f"for it to run out; {copied}.\n"
        f"What {holder} wrote since then isn't carried over: it stays in its work folder.\n"
        f"This rests on {evidence}. If {holder} works after all, two run at once until its guard "
        f"stops it; nothing undoes this.{paused}\n"
        f"A renewal by {holder} before it is carried out voids it."
    )
    return Proposal(asked, meaning)
