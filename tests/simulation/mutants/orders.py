"""Rules of orders and consent: what they are obeyed on, how often, and what waits for them."""

from __future__ import annotations

from dataclasses import replace

from sessionlib.core import decide as decision
from sessionlib.core import learn as learning
from sessionlib.core import lease as leases
from sessionlib.core.actions import Action
from sessionlib.core.events import MailboxRead
from sessionlib.core.messages import OrderAction, Receipt
from sessionlib.core.orders import holder
from sessionlib.core.orders import standby as by_standbys
from sessionlib.core.orders.judged import Judgement, Rewrite, unanswered
from sessionlib.core.receipts import SEEN
from sessionlib.core.rules import primary, standby
from sessionlib.core.rules.common import RuleContext
from sessionlib.core.values import Instant, Lease
from sessionlib.core.view import Finding, Member, View
from tests.simulation.faults import PLAIN, ROUGH, WORDY
from tests.simulation.mutants.kinds import Mutant, Patch


def order_obeyed_at_another_epoch(patch: Patch) -> None:
    def judge(view: View, lease: Lease, now: Instant) -> Judgement | None:
        for order in unanswered(view, lease, frozenset(holder._JUDGES)):
            judged = holder._JUDGES[order.action](view, lease, order, now)
            if judged is not None:
                return judged
        return None

    patch.set(holder, "judge", judge)


def emergency_obeyed_after_a_renewal(patch: Patch) -> None:
    patch.set(by_standbys, "matches_lease", lambda order, lease: order.epoch == lease.epoch)


def resumption_obeyed_after_a_later_pause(patch: Patch) -> None:
    def resumption(view: View, lease: Lease) -> object:
        found = unanswered(view, lease, frozenset({OrderAction.RESUME}))
        return next(iter(found), None)

    patch.set(by_standbys, "resumption", resumption)


def orders_forgotten(patch: Patch) -> None:
    patch.set(leases, "with_done", lambda done, *orders: ())
    patch.set(learning, "with_receipt", lambda view, receipt: view)


def obeyed_orders_not_in_the_record(patch: Patch) -> None:
    patch.set(leases, "with_done", lambda done, *orders: done)


def dropped_plan_not_in_the_record(patch: Patch) -> None:
    plain = primary.rewrite

    def rewrite(moment: RuleContext, lease: Lease, change: Rewrite) -> tuple[Action, ...]:
        return plain(moment, lease, replace(change, drops=None))

    patch.set(primary, "rewrite", rewrite)


def stop_obeyed_by_a_later_incarnation(patch: Patch) -> None:
    def judge_stop(view: View) -> Judgement | None:
        for order in view.orders:
            if order.action is OrderAction.STOP and order.account == view.me.account:
                return Judgement(Receipt(order.id, SEEN, "stopping"))
        return None

    for where in (by_standbys, primary):
        patch.set(where, "judge_stop", judge_stop)


def test_flag_ignored(patch: Patch) -> None:
    plain = learning._mailbox_read

    def peeked(view: View, event: MailboxRead, now: Instant, chance: str) -> View:
        if event.signal is not None:
            event = replace(event, signal=replace(event.signal, is_test=False))
        return plain(view, event, now, chance)

    patch.set(learning, "_LEARN", {**learning._LEARN, MailboxRead: peeked})


def pause_overlooked(patch: Patch) -> None:
    patch.set(standby, "_claim_unless_paused", standby.claim_now)


def approval_not_waited_for(patch: Patch) -> None:
    def take_over(moment: RuleContext) -> tuple[Action, ...]:
        return standby._claim_unless_paused(moment)

    pair = (Member.STANDBY, Finding.STALE)
    patch.set(decision, "RULES", {**decision.RULES, pair: take_over})


def approval_of_another_takeover(patch: Patch) -> None:
    patch.set(by_standbys, "matches_lease", lambda order, lease: True)


ASKED = {"policy": {"takeover": "approve", "handover": "approve"}}

ORDERS = (
    Mutant("order_obeyed_at_another_epoch", order_obeyed_at_another_epoch, WORDY),
    Mutant("emergency_obeyed_after_a_renewal", emergency_obeyed_after_a_renewal, WORDY),
    Mutant("resumption_obeyed_after_a_later_pause", resumption_obeyed_after_a_later_pause, WORDY),
    Mutant("orders_forgotten", orders_forgotten, WORDY),
    Mutant("obeyed_orders_not_in_the_record", obeyed_orders_not_in_the_record, WORDY),
    Mutant("dropped_plan_not_in_the_record", dropped_plan_not_in_the_record, WORDY),
    Mutant("stop_obeyed_by_a_later_incarnation", stop_obeyed_by_a_later_incarnation, WORDY),
    Mutant("test_flag_ignored", test_flag_ignored, replace(PLAIN, signals=20)),
    Mutant("pause_overlooked", pause_overlooked, WORDY),
    Mutant("approval_not_waited_for", approval_not_waited_for, ROUGH, fleet=ASKED),
    Mutant("approval_of_another_takeover", approval_of_another_takeover, WORDY, fleet=ASKED),
)
