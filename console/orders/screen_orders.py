"""The screen's orders, over the same functions as the command line.

Nothing is given in read-only mode. An order is given on the state that its question was about,
or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from console.errors import Refused
from console.fleet.fleet import Fleet
from console.fleet.snapshot import Snapshot
from console.orders import emergency_case, outcomes, proposals
from console.orders.consequences import Consequences
from console.orders.emergency_case import EmergencyCase
from console.orders.proposals import Proposal
from console.orders.proposals.common import require_lease, standbys
from sessionlib.config import Config
from sessionlib.core.messages import Order, OrderAction
from sessionlib.errors import ColabvpsError
from sessionlib.launchers import LaunchStatus
from sessionlib.ports import Store

READ_ONLY = "this console was started with --read-only: it changes nothing"


@dataclass(frozen=True, slots=True)
class ConfirmationRequest:
    """A proposal as it was when the operator was asked about it."""

    action: OrderAction
    account: str | None
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class OrderService:
    """One fleet, and whether it may be changed."""

    fleet: Fleet
    read_only: bool = False

    def propose(
        self, action: OrderAction, snapshot: Snapshot, account: str | None
    ) -> ConfirmationRequest:
        """What `action` would do now. Raises Refused or WrongUse."""
        if self.read_only:
            raise Refused(READ_ONLY)
        return ConfirmationRequest(action, account, self._build_proposal(action, snapshot, account))

    def why_not(self, action: OrderAction, snapshot: Snapshot, account: str | None) -> str | None:
        """Why `action` can't be asked for now; None where it can."""
        try:
            if action is OrderAction.EMERGENCY:
                self.emergency_successor(snapshot, account)
            else:
                self.propose(action, snapshot, account)
        except ColabvpsError as error:
            return str(error) or type(error).__name__
        return None

    def confirm(self, asked: ConfirmationRequest, snapshot: Snapshot) -> Proposal:
        """The same question once more, as things stand now. Raises Refused where they changed."""
        now = self.propose(asked.action, snapshot, asked.account).proposal
        for what, before, after in _order_conditions(asked.proposal.order, now.order):
            if before != after:
                raise Refused(
                    f"{what} has changed while you read (it was {before}, it is {after}); "
                    "nothing was done: look again"
                )
        return now

    def submit(self, proposal: Proposal) -> Order:
        """Sign an order and put it into the store; blocks. Raises Refused or OutcomeUnknown."""
        if self.read_only:
            raise Refused(READ_ONLY)
        # Here, because signing loads what looking doesn't need.
        from console.orders import submit  # noqa: PLC0415 - loaded only here

        order = submit.sign_for_fleet(self.fleet, proposal.order)
        submit.submit_order(self.fleet, order)
        return order

    def outcome(
        self, order: Order, snapshot: Snapshot, session: str | None
    ) -> outcomes.OrderProgress | outcomes.OrderOutcome:
        """How far an order has come."""
        return outcomes.judge(order, snapshot, session)

    def _build_proposal(
        self, action: OrderAction, snapshot: Snapshot, account: str | None
    ) -> Proposal:
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
    ) -> EmergencyCase:
        """Begin to look into an emergency. Raises Refused or WrongUse."""
        to = self.emergency_successor(snapshot, account)
        return emergency_case.open_case(
            self.fleet.config, snapshot, to, launched, self.fleet.clock.now()
        )

    def update_case(
        self, case: EmergencyCase, snapshot: Snapshot, launched: LaunchStatus | None
    ) -> EmergencyCase:
        """The same case, with what is known now."""
        now = self.fleet.clock.now()
        return emergency_case.update_case(case, self.fleet.config, snapshot, launched, now)

    def propose_emergency(self, case: EmergencyCase) -> Proposal:
        """The order that it bears. Raises Refused."""
        if self.read_only:
            raise Refused(READ_ONLY)
        return emergency_case.propose_emergency(case, self.fleet.config, "on the screen")

    def case_consequences(self, case: EmergencyCase) -> Consequences:
        """The consequences of the emergency that a case is about."""
        return emergency_case.case_consequences(case, self.fleet.config)

    def emergency_successor(self, snapshot: Snapshot, account: str | None) -> str:
        """Who would take over in an emergency. Raises Refused or WrongUse where nobody could."""
        if self.read_only:
            raise Refused(READ_ONLY)
        config, lease = self.fleet.config, require_lease(snapshot)
        to = account or next(iter(standbys(config, snapshot, lease.holder)), None)
        if to is None:
            raise Refused("no standby reports: `colabvps-console coldstart` starts a session")
        proposals.lost_holder(config, snapshot, to)
        return to

    def gather_evidence(self, store: Store) -> tuple[Snapshot, LaunchStatus | None]:
        """A fresh look, and what became of the holder's last start from this machine; may
        block, for as long as a store's time-out."""
        snapshot = replace(self.fleet, store=store).read_snapshot()
        lease = snapshot.lease.value
        if lease is None or lease.holder is None:
            return snapshot, None
        return snapshot, self._launched(lease.holder)

    def _launched(self, account: str) -> LaunchStatus | None:
        from console.orders import fleet_launcher as launching  # noqa: PLC0415 - loaded only here

        launcher = launching.launcher_of(self.fleet.config, self.fleet.clock)
        return launching.last_launch(launcher, account)


_PLAIN: Mapping[OrderAction, Callable[[Config, Snapshot], Proposal]] = {
    OrderAction.APPROVE: proposals.approve,
    OrderAction.ABORT: proposals.abort,
    OrderAction.PAUSE: proposals.pause,
    OrderAction.RESUME: proposals.resume,
    OrderAction.CHECKPOINT: proposals.checkpoint,
}


def handover_target(snapshot: Snapshot, selected: str | None) -> str | None:
    """The target of a handover: the selected standby if it runs; None for the best one."""
    lease = snapshot.lease.value
    if selected is None or lease is None or selected == lease.holder:
        return None
    seen = snapshot.report_of(selected)
    return selected if seen.value is not None and seen.value.ended is None else None


def _order_conditions(before: Order, after: Order) -> list[tuple[str, object, object]]:
    return [
        ("the epoch", before.epoch, after.epoch),
        ("the primary's incarnation", before.incarnation, after.incarnation),
        ("the account it concerns", before.account, after.account),
        ("the session it concerns", before.target, after.target),
        ("the plan", before.plan, after.plan),
    ]
