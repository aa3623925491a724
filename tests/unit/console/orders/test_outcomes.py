"""Goal: an order is only given where it makes sense, and its end is told as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from console.errors import Refused, WrongUse
from console.fleet.snapshot import Reading, Snapshot
from console.orders import outcomes, proposals
from sessionlib.config_loading import parse
from sessionlib.core.messages import OrderAction, Receipt, Report, WorkState
from sessionlib.core.values import Lease, LeaseState, Plan, PlanPhase
from tests.unit.console.fleet_on_disk import CONFIG, LEASE, moved, report, serving

CONFIGURED = parse(CONFIG, Path("accounts.yaml"))
FREE = Lease(4, None, None, None, 8, "n", 60.0, LeaseState.FREE)


def snapshot(
    lease: Reading[Lease] | Lease = LEASE, **reports: Report | Reading[Report]
) -> Snapshot:
    base: dict[str, Report | Reading[Report]] = {
        "primary": serving("primary", 4),
        "backup1": report("backup1"),
        "backup2": report("backup2"),
    }
    seen = {
        name: one if isinstance(one, Reading) else Reading(one, 1.0)
        for name, one in (base | reports).items()
    }
    return Snapshot(
        "folder", 0.001, None, lease if isinstance(lease, Reading) else Reading(lease, 1.0), seen
    )


def test_an_order_carries_the_evidence_it_is_given_on() -> None:
    order = proposals.handover(CONFIGURED, snapshot(), "backup2").order
    assert (order.fleet, order.action, order.account) == (
        "my-fleet",
        OrderAction.HANDOVER,
        "backup2",
    )
    assert (order.epoch, order.incarnation, order.renewal) == (4, "inc-primary", 7)
    assert order.id != proposals.handover(CONFIGURED, snapshot(), "backup2").order.id
    stop = proposals.stop(CONFIGURED, snapshot(), "backup1").order
    assert (stop.action, stop.account, stop.target) == (
        OrderAction.STOP,
        "backup1",
        "inc-backup1",
    )


def test_what_it_means_is_said_with_names() -> None:
    meaning = proposals.handover(CONFIGURED, snapshot(), None).meaning
    assert "primary (a@example.com) stops" in meaning
    assert "backup1 (b@example.com, 11h39m left, ready) becomes the primary" in meaning
    meaning = proposals.stop(CONFIGURED, snapshot(), "primary").meaning
    assert "backup1 (b@example.com, 11h39m left, ready) may then take over" in meaning


@pytest.mark.parametrize(
    ("seen", "to", "why"),
    [
        (Snapshot("folder", error="gone"), None, "the store can't be reached (gone)"),
        (snapshot(Reading()), None, "`colabvps-console init` makes one"),
        (snapshot(Reading(None, 1.0, "torn")), None, "can't be read: torn"),
        (snapshot(FREE), None, "no primary to hand over from"),
        (snapshot(replace(LEASE, holder="unknown")), None, "isn't valid any more"),
        (snapshot(Reading(LEASE, 61.0)), None, "isn't valid any more"),
        (snapshot(), "primary", "is the primary already"),
        (snapshot(backup1=Reading()), "backup1", "start its agent first"),
        (snapshot(backup1=report("backup1", ended="x")), "backup1", "start its agent first"),
        (
            snapshot(backup1=Reading(report("backup1"), 90.0)),
            "backup1",
            "hasn't reported for 1m30s",
        ),
        (snapshot(backup1=Reading(None, 1.0, "torn")), "backup1", "can't be read (torn)"),
        (snapshot(backup1=report("backup1", member="fenced")), "backup1", "is fenced"),
        (snapshot(backup1=Reading(), backup2=Reading()), None, "no standby reports"),
    ],
)
def test_a_handover_that_makes_no_sense_is_refused(
    seen: Snapshot, to: str | None, why: str
) -> None:
    with pytest.raises(Refused) as caught:
        proposals.handover(CONFIGURED, seen, to)
    assert why in str(caught.value)


def test_an_account_that_isnt_there_is_wrong_use() -> None:
    with pytest.raises(WrongUse, match="primary, backup1, backup2"):
        proposals.handover(CONFIGURED, snapshot(), "backup9")


def test_the_best_standby_is_the_first_that_runs_and_isnt_fenced() -> None:
    for unfit in (Reading[Report](), report("backup1", member="fenced")):
        order = proposals.handover(CONFIGURED, snapshot(backup1=unfit), None).order
        assert order.account == "backup2"


def test_the_primary_is_told_to_stop_last() -> None:
    assert proposals.running_accounts(CONFIGURED, snapshot()) == ["backup1", "backup2", "primary"]
    assert proposals.running_accounts(CONFIGURED, snapshot(backup1=Reading())) == [
        "backup2",
        "primary",
    ]


ORDER = proposals.handover(CONFIGURED, snapshot(), "backup1").order
NEXT = replace(LEASE, epoch=5, holder="backup1", incarnation="inc-backup1", renewal=1)


def outcome(**changes: Any) -> outcomes.OrderProgress | outcomes.OrderOutcome:
    return outcomes.judge(ORDER, replace(snapshot(), **changes))


def receipt(word: str, why: str = "") -> dict[str, Reading[Report]]:
    receipts = (Receipt("other", "void", "not ours"), Receipt(ORDER.id, word, why))
    return {"primary": Reading(replace(serving("primary", 4), receipts=receipts), 1.0)}


def test_a_handover_has_ended_when_the_successor_serves_and_it_is_recorded() -> None:
    served = {"backup1": Reading(serving("backup1", 5), 1.0)}
    done = outcome(lease=Reading(NEXT, 1.0), reports=served, last_move=Reading(moved(5), 1.0))
    assert done == outcomes.OrderOutcome(True, "backup1 serves under epoch 5, 1.2 s down", moved(5))


@pytest.mark.parametrize(
    "changes",
    [
        {"last_move": Reading(moved(5), 1.0)},
        {"reports": {"backup1": Reading(serving("backup1", 5), 1.0)}},
        {
            "reports": {"backup1": Reading(serving("backup1", 4), 1.0)},
            "last_move": Reading(moved(5), 1.0),
        },
        {
            "reports": {"backup1": Reading(replace(serving("backup1", 5), ended="x"), 1.0)},
            "last_move": Reading(moved(5), 1.0),
        },
    ],
)
def test_a_claim_alone_is_no_end(changes: dict[str, Any]) -> None:
    under = outcome(lease=Reading(NEXT, 1.0), **changes)
    assert under == outcomes.OrderProgress("backup1 has claimed epoch 5; its workload is starting")


def test_work_that_went_elsewhere_is_not_done() -> None:
    lease = Reading(replace(NEXT, holder="backup2"), 1.0)
    served = {"backup2": Reading(serving("backup2", 5), 1.0)}
    ended = outcome(lease=lease, reports=served, last_move=Reading(moved(5, to="backup2"), 1.0))
    assert isinstance(ended, outcomes.OrderOutcome)
    assert not ended.done
    assert ended.text == "the work went to backup2, not to backup1"


@pytest.mark.parametrize("word", ["refused", "void", "expired"])
def test_an_order_turned_down_has_ended(word: str) -> None:
    assert outcome(reports=receipt(word, "too late")) == outcomes.OrderOutcome(
        False, f"the order is {word}: too late"
    )


def test_an_order_that_one_has_carried_out_isnt_turned_down_by_another() -> None:
    """Who comes to hold the lease afterwards finds it given on another epoch."""
    later = replace(serving("backup1", 5), receipts=(Receipt(ORDER.id, "void", "given on 4"),))
    reports = {**receipt("acted"), "backup1": Reading(later, 1.0)}
    assert isinstance(outcome(reports=reports), outcomes.OrderProgress)
    assert outcomes.common.is_carried_out(ORDER, replace(snapshot(), reports=reports))


def test_progress_is_told_step_by_step() -> None:
    plan = Plan(ORDER.id, "backup1", PlanPhase.WARMING, "ordered")
    offered = replace(LEASE, state=LeaseState.OFFERED, successor="backup1")
    texts = [
        outcome(),
        outcome(reports=receipt("seen")),
        outcome(lease=Reading(replace(LEASE, plan=plan), 1.0)),
        outcome(lease=Reading(offered, 1.0)),
        outcome(lease=Reading(None, 1.0, "torn")),
        outcome(error="gone"),
    ]
    assert texts == [
        outcomes.OrderProgress("the primary has yet to see it"),
        outcomes.OrderProgress("primary says: seen"),
        outcomes.OrderProgress("primary moves to backup1: warming"),
        outcomes.OrderProgress("the work has stopped and is offered to backup1"),
        outcomes.OrderProgress("the lease can't be read (torn)"),
        outcomes.OrderProgress("the store can't be reached (gone)"),
    ]


def test_a_stop_has_ended_when_the_session_says_so_or_is_another() -> None:
    order = proposals.stop(CONFIGURED, snapshot(), "backup1").order
    running = outcomes.judge(order, snapshot())
    assert running == outcomes.OrderProgress("backup1 is standby, workload none")
    ended = outcomes.judge(order, snapshot(backup1=report("backup1", ended="stopped")))
    assert ended == outcomes.OrderOutcome(True, "backup1 has ended: stopped")
    # A primary that gives up the lease is another incarnation before it has ended.
    retired = outcomes.judge(
        order, snapshot(backup1=report("backup1", incarnation="x")), "s-backup1"
    )
    assert isinstance(retired, outcomes.OrderProgress)
    newer = outcomes.judge(order, snapshot(backup1=report("backup1", session="x")), "s-backup1")
    assert isinstance(newer, outcomes.OrderOutcome)
    assert newer.done
    silent = outcomes.judge(order, snapshot(backup1=Reading(None, 1.0, "torn")))
    assert isinstance(silent, outcomes.OrderProgress)


def test_the_enum_words_are_the_ones_that_are_printed() -> None:
    order = proposals.stop(CONFIGURED, snapshot(), "primary").order
    busy = serving("primary", 4)
    under = outcomes.judge(order, snapshot(primary=replace(busy, workload=WorkState.STOPPING)))
    assert under == outcomes.OrderProgress("primary is primary, workload stopping")
