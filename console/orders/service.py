"""What the screen may ask for, over the same functions as the command line.

Decided here: which action goes to which of `intents`' functions, that nothing is
given while reading only, and that an order is given on what its question was
about or not at all. This is the one place to change when those functions do.
Not decided here: when an order makes sense (`intents`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module

from console.errors import Refused
from console.fleet.fleet import Fleet
from console.fleet.snapshot import Seen, Snapshot
from console.orders import casework, outcomes, proposals
from console.orders.casework import Case
from console.orders.proposals import Proposal
from console.orders.proposals.common import lease_of, standbys
from sessionlib.config import Config
from sessionlib.core.messages import Order, OrderAction
from sessionlib.core.values import LeaseState
from sessionlib.errors import ColabvpsError
from sessionlib.launchers import LaunchStatus
from sessionlib.ports import Store

READ_ONLY = "this console was started with --read-only: it changes nothing"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it stood when it was put: what would be done, and on what grounds."""

    action: OrderAction
    account: str | None
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Service:
    """One fleet, and whether it may be changed."""

    fleet: Fleet
    read_only: bool = False

    def ask(self, action: OrderAction, snapshot: Snapshot, account: str | None) -> Asked:
        """What `action` would do now. Raises Refused or WrongUse."""
        if self.read_only:
            raise Refused(READ_ONLY)
        return Asked(action, account, self._proposal(action, snapshot, account))

    def why_not(self, action: OrderAction, snapshot: Snapshot, account: str | None) -> str | None:
        """Why `action` can't be asked for now; None where it can."""
        try:
            if action is OrderAction.EMERGENCY:
                self.heir(snapshot, account)
            else:
                self.ask(action, snapshot, account)
        except ColabvpsError as error:
            return str(error) or type(error).__name__
        return None

    def confirm(self, asked: Asked, snapshot: Snapshot) -> Proposal:
        """The same question once more, as things stand now. Raises Refused where they changed."""
        now = self.ask(asked.action, snapshot, asked.account).proposal
        for what, before, after in _grounds(asked.proposal.order, now.order):
            if before != after:
                raise Refused(
                    f"{what} has changed while you read (it was {before}, it is {after}); "
                    "nothing was done: look again"
                )
        return now

    def give(self, proposal: Proposal) -> Order:
        """Sign an order and put it into the store; blocks. Raises Refused or OutcomeUnknown."""
        if self.read_only:
            raise Refused(READ_ONLY)
        # Here, because signing loads what looking doesn't need.
        ordering = import_module("console.cli.ordering")
        order: Order = ordering.signed(self.fleet, proposal.order)
        ordering.give(self.fleet, order)
        return order

    def outcome(
        self, order: Order, snapshot: Snapshot, session: str | None
    ) -> outcomes.Under | outcomes.Ended:
        """How far an order has come."""
        return outcomes.of(order, snapshot, session)

    def _proposal(self, action: OrderAction, snapshot: Snapshot, account: str | None) -> Proposal:
        config = self.fleet.config
        if action is OrderAction.HANDOVER:
            return proposals.handover(config, snapshot, account)
        if action is OrderAction.STOP:
            if account is None:
                raise Refused("select the account whose session is to end")
            return proposals.stop(config, snapshot, account)
        return _PLAIN[action](config, snapshot)

    # An emergency is a case before it is an order.

    def open_case(
        self, snapshot: Snapshot, account: str | None, launched: LaunchStatus | None
    ) -> Case:
        """Begin to look into an emergency. Raises Refused or WrongUse."""
        to = self.heir(snapshot, account)
        return casework.opened(self.fleet.config, snapshot, to, launched, self.fleet.clock.now())

    def look_into(self, case: Case, snapshot: Snapshot, launched: LaunchStatus | None) -> Case:
        """The same case, with what is known now."""
        now = self.fleet.clock.now()
        return casework.looked_into(case, self.fleet.config, snapshot, launched, now)

    def close_case(self, case: Case) -> Proposal:
        """The order that it bears. Raises Refused."""
        if self.read_only:
            raise Refused(READ_ONLY)
        return casework.proposal(case, self.fleet.config, "on the screen")

    def heir(self, snapshot: Snapshot, account: str | None) -> str:
        """Who would take over in an emergency. Raises Refused or WrongUse where nobody could."""
        if self.read_only:
            raise Refused(READ_ONLY)
        config, lease = self.fleet.config, lease_of(snapshot)
        to = account or next(iter(standbys(config, snapshot, lease.holder)), None)
        if to is None:
            raise Refused("no standby reports: `colabvps-console coldstart` starts a session")
        proposals.lost_holder(config, snapshot, to)
        return to

    def witness(self, store: Store) -> tuple[Snapshot, LaunchStatus | None]:
        """A fresh look, and what became of the holder's last start from this machine; may
        block, for as long as a store's time-out."""
        snapshot = replace(self.fleet, store=store).look()
        lease = snapshot.lease.value
        if lease is None or lease.holder is None:
            return snapshot, None
        return snapshot, self._launched(lease.holder)

    def _launched(self, account: str) -> LaunchStatus | None:
        launching = import_module("console.orders.launched")
        launcher = launching.launcher_of(self.fleet.config, self.fleet.clock)
        status: LaunchStatus | None = launching.launched(launcher, account)
        return status


_PLAIN: Mapping[OrderAction, Callable[[Config, Snapshot], Proposal]] = {
    OrderAction.APPROVE: proposals.approve,
    OrderAction.ABORT: proposals.abort,
    OrderAction.PAUSE: proposals.pause,
    OrderAction.RESUME: proposals.resume,
    OrderAction.CHECKPOINT: proposals.checkpoint,
}


def successor(service: Service, snapshot: Snapshot, selected: str | None) -> str | None:
    """Whom a handover goes to when `selected` is: a standby that runs, else the best one (None)."""
    lease = snapshot.lease.value
    if selected is None or lease is None or selected == lease.holder:
        return None
    seen = snapshot.reports.get(selected, Seen())
    return selected if seen.value is not None and seen.value.ended is None else None


def holder_of(snapshot: Snapshot) -> str | None:
    """Who held the lease when it was last seen."""
    lease = snapshot.lease.value
    return lease.holder if lease is not None and lease.state is LeaseState.HELD else None


def _grounds(before: Order, after: Order) -> list[tuple[str, object, object]]:
    return [
        ("the epoch", before.epoch, after.epoch),
        ("the primary's incarnation", before.incarnation, after.incarnation),
        ("the account it concerns", before.account, after.account),
        ("the session it concerns", before.target, after.target),
        ("the plan", before.plan, after.plan),
    ]
