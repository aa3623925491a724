"""Goal: each order can be given from the command line, is asked about first, and ends with the
right code.

Method: a fleet on disk; each wait of the program lets a stand-in for the agents, or for the
launcher, move on. A terminal is a pair of pipes that say they are one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from console.cli.handover import until
from console.errors import UNKNOWN, Refused, WrongUse
from sessionlib.clock import SystemClock
from sessionlib.core.messages import OrderAction, Receipt, When
from sessionlib.core.values import Instant, LeaseState
from sessionlib.launchers import LaunchState, LaunchStatus
from tests.unit.console.cli.operator_session import (
    PLAN,
    StandInLauncher,
    at_a_terminal,
    launcher,
    steps,
    the_order,
)
from tests.unit.console.fleet_on_disk import LEASE, FleetOnDisk, fleet, serving

__all__ = ["fleet", "launcher"]


# Handover at a time


def test_a_handover_can_be_for_later_or_for_the_warning(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    code, _, err = fleet.run("handover", "--in", "30m", "--yes")
    assert (code, the_order(fleet).when) == (0, When.LATER)
    assert the_order(fleet).after_s == pytest.approx(1800.0, abs=60.0)
    assert "Handover, in 30m00s" in err
    assert fleet.run("handover", "--at-warning", "--yes")[0] == 0
    assert {order.when for order in fleet.orders()} == {When.LATER, When.WARNING}
    for words in (["--in", "soon"], ["--at", "25:00"], ["--in", "1m", "--at-warning"]):
        assert fleet.run("handover", *words, "--yes")[0] == 2
    assert fleet.run("handover", "--in", "13h", "--yes")[0] == 1
    assert len(fleet.orders()) == 2


@pytest.mark.parametrize(
    ("text", "after_s"),
    [
        ("14:30", 1_800.0),
        ("23:59", 9 * 3_600 + 59 * 60.0),
        ("2026-03-29T14:00", 86_400.0 - 3_600.0),
        ("2026-03-28T14:00:01", 1.0),
        ("2026-03-28T14:00:00+00:00", 3_600.0),
    ],
)
def test_the_clock_on_the_wall_is_the_operators(
    monkeypatch: pytest.MonkeyPatch, text: str, after_s: float
) -> None:
    # Berlin, on the day before the clocks go forward.
    monkeypatch.setenv("TZ", "Europe/Berlin")
    import time  # noqa: PLC0415 - only to make the zone count

    time.tzset()
    try:
        now = datetime(2026, 3, 28, 14, 0, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
        assert until(text, now) == after_s
        with pytest.raises(Refused, match="it is 14:00 now"):
            until("14:00", now)
        with pytest.raises(Refused, match="2026-03-28T14:30"):
            until("13:59", now)
        for wrong in ("2pm", "14", "24:00", "2026-13-01T00:00", ""):
            with pytest.raises(WrongUse):
                until(wrong, now)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert datetime.fromtimestamp(0, UTC).year == 1970


def test_waiting_for_a_later_move_begins_when_it_is_due(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.at_work()
    steps(monkeypatch)
    words = ["handover", "--in", "0.2", "--yes", "--wait", "--timeout", "0.1"]
    code, document, _ = fleet.run_json(*words)
    assert code == UNKNOWN
    assert "not over after 0.3 s" in document["error"]


def test_thinking_it_over_makes_a_move_no_later(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.at_work()
    at_a_terminal(monkeypatch)
    now = SystemClock().now()
    thought_s = [0.0]

    def think(*_: str) -> str:
        thought_s.append(100.0)
        return "y"

    class Clock:
        def now(self) -> Instant:
            return replace(now, mono=now.mono + thought_s[-1])

    monkeypatch.setattr("console.text.output.Output._answer", think)
    monkeypatch.setattr("console.fleet.fleet.SystemClock", Clock)
    assert fleet.run("handover", "--in", "30m")[0] == 0
    assert the_order(fleet).after_s == pytest.approx(1_700.0)


# Approve, abort, pause, resume


@pytest.mark.parametrize(
    ("command", "action"),
    [("approve", OrderAction.APPROVE), ("abort", OrderAction.ABORT)],
)
def test_a_word_on_the_plan_carries_its_id(
    fleet: FleetOnDisk, command: str, action: OrderAction
) -> None:
    fleet.at_work()
    fleet.put_lease(replace(LEASE, plan=PLAN))
    assert fleet.run(command)[0] == 1
    assert fleet.run(command, "--yes", "--read-only")[0] == 1
    assert fleet.orders() == []
    code, document, err = fleet.run_json(command, "--yes")
    order = the_order(fleet)
    assert (code, document["order"], document["action"]) == (0, order.id, command)
    assert (order.action, order.plan) == (action, "p1")
    assert "primary" in err
    assert "backup1" in err


def test_without_a_plan_there_is_nothing_to_say(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    code, _, err = fleet.run("approve", "--yes")
    assert (code, "nothing asks for approval" in err) == (1, True)
    code, _, err = fleet.run("abort", "--yes")
    assert (code, "nothing to abort" in err) == (1, True)
    assert fleet.orders() == []


def test_an_abort_that_came_too_late_is_1_and_says_who_has_the_work(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.at_work()
    fleet.put_lease(replace(LEASE, plan=PLAN))
    offered = replace(LEASE, plan=PLAN, state=LeaseState.OFFERED, successor="backup1")
    claimed = replace(LEASE, epoch=5, holder="backup1", incarnation="inc-backup1", renewal=0)
    steps(monkeypatch, lambda: fleet.put_lease(offered), lambda: fleet.put_lease(claimed))
    code, document, err = fleet.run_json("abort", "--yes", "--wait")
    assert (code, document["outcome"]) == (1, "failed")
    assert "too late" in document["text"]
    assert "backup1 has the lease under epoch 5" in document["text"]
    assert "offered to backup1" in err


def test_pausing_twice_does_one_thing(fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.at_work()
    steps(monkeypatch, lambda: fleet.put_lease(replace(LEASE, paused=True, renewal=8)))
    code, document, _ = fleet.run_json("pause", "--yes", "--wait")
    assert (code, document["outcome"]) == (0, "done")
    assert the_order(fleet).action is OrderAction.PAUSE
    code, document, _ = fleet.run_json("pause", "--yes", "--wait")
    assert (code, document["order"], document["outcome"]) == (0, None, "done")
    assert len(fleet.orders()) == 1
    steps(monkeypatch, lambda: fleet.put_lease(replace(LEASE, renewal=9)))
    assert fleet.run("resume", "--yes", "--wait")[0] == 0
    assert fleet.run("resume", "--yes")[:2] == (0, "the fleet isn't paused\n")
    assert len(fleet.orders()) == 2


def test_a_pause_that_is_refused_is_1_with_the_reason(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.at_work()

    def refuse() -> None:
        receipts = (Receipt(the_order(fleet).id, "refused", "not now"),)
        fleet.put_report(replace(serving("primary", 4), receipts=receipts))

    steps(monkeypatch, refuse)
    code, document, _ = fleet.run_json("pause", "--yes", "--wait")
    assert (code, document["text"]) == (1, "the order is refused: not now")


# Stop


def test_a_session_that_this_machine_knows_to_be_gone_is_not_waited_for(
    fleet: FleetOnDisk, launcher: StandInLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.at_work()
    gone = LaunchStatus(LaunchState.ENDED, "process 7 is gone", 1.0, 7, "s-backup1")
    launcher.statuses["backup1"] = gone
    code, out, _ = fleet.run("stop", "backup1", "--yes")
    assert (code, out) == (0, "backup1 has no session: there is nothing to stop\n")
    assert fleet.orders() == []
    # It ends while it is waited for, and can't say so any more.
    launcher.statuses["backup1"] = replace(gone, state=LaunchState.RUNNING)
    steps(monkeypatch, lambda: launcher.statuses.update(backup1=gone))
    code, document, _ = fleet.run_json("stop", "backup1", "--yes", "--wait")
    assert (code, document["text"]) == (0, "backup1 has ended: process 7 is gone")
