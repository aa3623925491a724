"""What happens to the fleet of a demonstration: moves, and the death of a primary.

Everything goes through the same orders as an operator's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from console.demo.demo_fleet import ACCOUNTS, FIRST_CLAIM_S, DemoFleet
from console.errors import OutcomeUnknown, Refused
from console.fleet.snapshot import Snapshot
from console.orders import outcomes, proposals
from console.orders.submit import submit_order
from sessionlib.clock import sleep
from sessionlib.core.messages import History, WorkState
from sessionlib.core.values import Lease
from sessionlib.signing import sign
from sessionlib.stores import timing_of

LOOK_EVERY_S = 0.05
WORK_BETWEEN_S = 0.8
"""How long the work goes on between two moves, so that there is something to lose."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One performance on one stage. `tell` gets a sentence for each thing that happens."""

    stage: DemoFleet
    message: Callable[[str], None]

    def begin(self) -> str:
        """Start every agent, the first one until it holds the lease, and wait until it serves
        and the others stand by; who serves."""
        first, *others = ACCOUNTS
        self.stage.start(first)
        self.stage.wait_until_held(FIRST_CLAIM_S)
        for account in others:
            self.stage.start(account)
        self.wait_until(self.all_report, 30.0, "the agents to report")
        holder = self.wait_for_primary(0, 60.0).to
        self.message(f"{holder} is the primary and works")
        return holder

    def hand_over(self) -> History:
        """One planned move, ordered as an operator would."""
        self.wait_until(self.all_report, 60.0, "the standbys to report")
        snapshot = self.stage.read_snapshot()
        proposal = proposals.handover(self.stage.fleet.config, snapshot, self._next(snapshot))
        order = sign(proposal.order, self.stage.seed)
        submit_order(self.stage.fleet, order)
        until_mono = self._now_mono() + 60.0
        while self._now_mono() < until_mono:
            outcome = outcomes.judge(order, self.stage.read_snapshot())
            if isinstance(outcome, outcomes.OrderOutcome):
                if outcome.move is None or not outcome.done:
                    raise Refused(f"the move did not come about: {outcome.text}")
                self.message(f"moved from {outcome.move.from_} to {outcome.move.to}")
                sleep(WORK_BETWEEN_S)
                return outcome.move
            sleep(LOOK_EVERY_S)
        raise OutcomeUnknown("a move has not ended after a minute")

    def kill_primary(self) -> History:
        """Kill the primary's agent, wait for the takeover, and bring the account back."""
        self._work_a_while()
        found: list[Lease] = []

        def seen() -> bool:
            # One look may well fail.
            lease = self.stage.read_snapshot().lease.value
            found.extend([] if lease is None or lease.holder is None else [lease])
            return bool(found)

        self.wait_until(seen, 60.0, "a primary to kill")
        lease = found[-1]
        if lease.holder is None:
            raise Refused("there is no primary to kill")
        self.stage.kill(lease.holder)
        self.message(f"killed the agent of {lease.holder}")
        ttl_s = timing_of(self.stage.fleet.config).ttl_s
        move = self.wait_for_primary(lease.epoch, 3 * ttl_s + 30.0)
        self.message(f"{move.to} took over")
        self.stage.start(lease.holder)
        self._work_a_while()
        return move

    def _next(self, snapshot: Snapshot) -> str:
        """The account after the holder's, round and round, so that each gets its turn."""
        names = list(ACCOUNTS)
        holder = snapshot.lease.value.holder if snapshot.lease.value else None
        at = names.index(holder) if holder in names else 0
        return names[(at + 1) % len(names)]

    def _work_a_while(self) -> None:
        self.wait_until(self.all_report, 60.0, "the standbys to report")
        sleep(WORK_BETWEEN_S)

    def all_report(self) -> bool:
        """Whether every account has an agent that is known to be alive."""
        reports = self.stage.read_snapshot().reports
        return all(
            seen.value is not None
            and seen.value.ended is None
            and seen.age_s is not None
            and seen.age_s < 3 * seen.value.every_s
            for seen in (reports.get(account) for account in ACCOUNTS)
            if seen is not None
        ) and len(reports) == len(ACCOUNTS)

    def wait_for_primary(self, epoch: int, timeout_s: float) -> History:
        """The move by which somebody came to serve under a later epoch."""
        found: list[History] = []

        def serves() -> bool:
            snapshot = self.stage.read_snapshot()
            lease, move = snapshot.lease.value, snapshot.last_move.value
            if lease is None or move is None or lease.epoch <= epoch or move.epoch != lease.epoch:
                return False
            seen = snapshot.reports.get(lease.holder or "")
            report = seen.value if seen else None
            if report is None or report.workload is not WorkState.SERVING:
                return False
            found.append(move)
            return True

        self.wait_until(serves, timeout_s, "somebody to serve")
        return found[-1]

    def wait_until(self, until: Callable[[], object], timeout_s: float, what: str) -> None:
        """Return once `until` is truthy. Raises OutcomeUnknown when time is up."""
        until_mono = self._now_mono() + timeout_s
        while not until():
            if self._now_mono() > until_mono:
                raise OutcomeUnknown(f"waited {timeout_s:.0f} s for {what}, in vain")
            sleep(LOOK_EVERY_S)

    def _now_mono(self) -> float:
        return self.stage.fleet.clock.now().mono
