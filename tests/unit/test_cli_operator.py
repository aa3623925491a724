"""Goal: each order can be given from the command line, is asked about first, and ends with the
right code; an emergency is given on evidence only, and a cold start goes where things stand.

Method: a fleet on disk; each wait of the program lets a stand-in for the agents, or for the
launcher, move on. A terminal is a pair of pipes that say they are one.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from console.cli.handover import until
from console.errors import INTERRUPTED, UNKNOWN, Refused, WrongUse
from sessionlib.clock import SystemClock
from sessionlib.core.notes import Order, OrderAction, Receipt, When, WorkState
from sessionlib.core.values import Instant, LeaseState, Plan, PlanPhase
from sessionlib.launchers import Handle, LaunchRefused, State, Status
from sessionlib.signing import public_of, verify
from tests.unit.cli_fleets import LEASE, SEED, FleetOnDisk, fleet, moved, report, serving

__all__ = ["fleet"]

PLAN = Plan("p1", "backup1", PlanPhase.NOTIFIED, "the session ends", left_s=1800.0)
FAST = "timings: {scale: 10000}\n"
"""A lease of three seconds, and a watch of a little more than one."""


@dataclass
class StandInLauncher:
    """A launcher whose sessions do as the test says."""

    config: object = None
    statuses: dict[str, Status] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    refuses: str | None = None
    home: str = ""

    def known(self, account: str) -> Handle | None:
        if account not in self.statuses:
            return None
        return Handle(account, self.home, "n", "m", 7, 1)

    def status(self, handle: Handle) -> Status:
        return self.statuses[handle.account]

    def start(self, account: str) -> Handle:
        if self.refuses:
            raise LaunchRefused(self.refuses)
        self.started.append(account)
        self.statuses[account] = Status(State.RUNNING, "process 7 runs", 0.1, 7)
        return Handle(account, self.home, "n", "m", 7, 1)

    def stop(self, handle: Handle) -> Status:
        raise AssertionError(handle)


@pytest.fixture
def launcher(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StandInLauncher:
    found = StandInLauncher(home=str(tmp_path))
    monkeypatch.setattr("console.launching.LocalLauncher", lambda *_: found)
    return found


def steps(monkeypatch: pytest.MonkeyPatch, *todo: Callable[[], None]) -> None:
    """Let one step happen at each wait; nothing happens once they are used up."""
    left = list(todo)

    def wait(_: float) -> None:
        if left:
            left.pop(0)()

    for place in ("ordering", "emergency", "coldstart"):
        monkeypatch.setattr(f"console.cli.{place}.sleep", wait)


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, *typed: str) -> None:
    class Typed(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Typed("".join(f"{line}\n" for line in typed)))
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda _: True, raising=False)


def the_order(fleet: FleetOnDisk) -> Order:
    (order,) = fleet.orders()
    verify(order, public_of(SEED))
    return order


def quick(fleet: FleetOnDisk) -> None:
    fleet.config_path.write_text(fleet.config_path.read_text() + FAST)


# Handover at a time


def test_a_handover_can_be_for_later_or_for_the_warning(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    code, _, err = fleet.run("handover", "--in", "30m", "--yes")
    assert (code, the_order(fleet).when) == (0, When.LATER)
    assert the_order(fleet).after_s == pytest.approx(1800.0, abs=60.0)
    assert "Handover in 30m00s" in err
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

    monkeypatch.setattr("console.output.Output._answer", think)
    monkeypatch.setattr("console.cli.opened.SystemClock", Clock)
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


# Emergency


def lost(fleet: FleetOnDisk, ended: str | None = None) -> None:
    """A primary whose lease has run out, and which has said nothing since, or its last word."""
    quick(fleet)
    fleet.at_work()
    fleet.put_lease(replace(LEASE, ttl_s=0.001))
    last = replace(serving("primary", 4), session="s1", ended=ended)
    fleet.put_report(replace(last, workload=WorkState.NONE) if ended else last)


def test_an_unknown_end_needs_the_holders_name_and_no_other(
    fleet: FleetOnDisk, launcher: StandInLauncher
) -> None:
    lost(fleet)
    code, document, err = fleet.run_json("emergency", "--to", "backup1", "--yes")
    assert (code, document["outcome"], document["verdict"]) == (1, "refused", "unknown")
    assert [one["name"] for one in document["witnesses"]] == ["store", "launcher", "report"]
    assert "--confirm-stopped primary" in err
    assert "WITNESS" in err
    for wrong in ("Primary", "primar", "backup1", ""):
        words = ["emergency", "--to", "backup1", "--confirm-stopped", wrong, "--yes"]
        assert fleet.run(*words)[0] == 2
    assert fleet.orders() == []
    words = ["emergency", "--to", "backup1", "--confirm-stopped", "primary"]
    assert fleet.run(*words)[0] == 1, "it is asked about all the same"
    code, document, err = fleet.run_json(*words, "--yes")
    order = the_order(fleet)
    assert (code, document["order"], document["outcome"]) == (0, order.id, "ordered")
    assert (order.account, order.stopped) == ("backup1", "primary")
    assert order.evidence == "the operator's word that primary has ended, given on the command line"
    assert (order.epoch, order.incarnation, order.renewal) == (4, "inc-primary", 7)


def test_the_name_can_be_typed_at_the_prompt(
    fleet: FleetOnDisk, launcher: StandInLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost(fleet)
    at_a_terminal(monkeypatch, "yes")
    code, _, err = fleet.run("emergency", "--to", "backup1", "--yes")
    assert (code, fleet.orders()) == (1, [])
    assert "Type its account's name" in err
    at_a_terminal(monkeypatch, "primary")
    assert fleet.run("emergency", "--to", "backup1")[0] == 0
    assert "at the prompt" in (the_order(fleet).evidence or "")


@pytest.mark.parametrize("by", ["launcher", "report"])
def test_a_proven_end_needs_the_usual_yes_only(
    fleet: FleetOnDisk, launcher: StandInLauncher, by: str
) -> None:
    lost(fleet, ended="SIGTERM" if by == "report" else None)
    if by == "launcher":
        launcher.statuses["primary"] = Status(State.ENDED, "process 7 is gone", 3.0, 7, "s1")
    code, document, err = fleet.run_json("emergency", "--to", "backup1", "--yes")
    assert (code, document["verdict"]) == (0, "dead")
    assert (the_order(fleet).evidence or "").startswith(f"proof of its end ({by}: ")
    assert "Verdict: primary is dead" in err


def test_whoever_is_alive_by_any_witness_is_left_alone(
    fleet: FleetOnDisk, launcher: StandInLauncher
) -> None:
    lost(fleet, ended="SIGTERM")
    launcher.statuses["primary"] = Status(State.RUNNING, "process 7 runs", 3.0, 7, "s1")
    words = ["emergency", "--to", "backup1", "--confirm-stopped", "primary", "--yes"]
    code, document, err = fleet.run_json(*words)
    assert (code, document["verdict"], document["outcome"]) == (1, "alive", "refused")
    assert "`colabvps-console stop primary`" in err
    assert fleet.orders() == []


def test_a_valid_lease_is_watched_and_a_renewal_ends_it(
    fleet: FleetOnDisk, launcher: StandInLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(fleet)
    fleet.at_work()
    steps(monkeypatch, lambda: None, lambda: fleet.put_lease(replace(LEASE, renewal=8)))
    words = ["emergency", "--to", "backup1", "--confirm-stopped", "primary", "--yes"]
    code, document, err = fleet.run_json(*words)
    assert (code, document["verdict"]) == (1, "alive")
    assert "watching for a sign of life of primary" in err
    assert "it was renewed while it was watched" in err
    assert fleet.orders() == []


def test_a_claim_while_it_is_watched_ends_it(
    fleet: FleetOnDisk, launcher: StandInLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(fleet)
    fleet.at_work()
    steps(monkeypatch, lambda: fleet.put_lease(replace(LEASE, epoch=5, holder="backup2")))
    words = ["emergency", "--to", "backup1", "--confirm-stopped", "primary", "--yes"]
    code, _, err = fleet.run(*words)
    assert (code, "backup2 has the lease now, under epoch 5" in err) == (1, True)


def test_a_renewal_while_one_thinks_it_over_is_noticed(
    fleet: FleetOnDisk, launcher: StandInLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost(fleet)
    at_a_terminal(monkeypatch)

    def think(*_: str) -> str:
        fleet.put_lease(replace(LEASE, renewal=8))
        return "primary"

    monkeypatch.setattr("console.output.Output._answer", think)
    code, _, err = fleet.run("emergency", "--to", "backup1")
    assert (code, "look again" in err) == (1, True)
    assert fleet.orders() == []


def test_an_emergency_is_followed_until_the_workload_is_ready(
    fleet: FleetOnDisk, launcher: StandInLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost(fleet)
    to = replace(LEASE, epoch=5, renewal=0, holder="backup1", incarnation="inc-backup1")
    steps(
        monkeypatch,
        lambda: fleet.put_lease(to),
        lambda: fleet.put_report(serving("backup1", 5)),
        lambda: fleet.put_history(moved(5)),
    )
    words = ["emergency", "--to", "backup1", "--confirm-stopped", "primary", "--yes", "--wait"]
    code, document, err = fleet.run_json(*words)
    assert (code, document["outcome"], document["move"]["epoch"]) == (0, "done", 5)
    assert "backup1 has claimed epoch 5" in err


def test_ctrl_c_while_watching_changes_nothing(
    fleet: FleetOnDisk, launcher: StandInLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.at_work()

    def interrupt() -> None:
        raise KeyboardInterrupt

    steps(monkeypatch, interrupt)
    code, document, _ = fleet.run_json("emergency", "--to", "backup1", "--yes")
    assert (code, document["error"]) == (INTERRUPTED, "interrupted; nothing was changed")


# Cold start


def nobody(fleet: FleetOnDisk) -> None:
    """A lease that has run out, and no session."""
    fleet.at_work()
    fleet.put_lease(replace(LEASE, ttl_s=0.001))
    for name in ("primary", "backup1", "backup2"):
        fleet.put_report(report(name, ended="its time was over"))


def mine(account: str) -> Callable[[FleetOnDisk], None]:
    lease = replace(LEASE, epoch=5, renewal=0, holder=account, incarnation=f"inc-{account}")
    return lambda fleet: fleet.put_lease(lease)


def test_a_cold_start_goes_from_no_session_to_a_workload_that_serves(
    fleet: FleetOnDisk, launcher: StandInLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody(fleet)
    assert fleet.run("coldstart")[0] == 1
    assert launcher.started == []

    new = replace(serving("primary", 5), incarnation="inc-new")

    def vouch() -> None:
        launcher.statuses["primary"] = replace(launcher.statuses["primary"], session="s-primary")
        fleet.put_report(replace(new, member="standby", workload=WorkState.NONE))

    steps(
        monkeypatch,
        vouch,
        lambda: fleet.put_lease(replace(LEASE, epoch=5, renewal=0, incarnation="inc-new")),
        lambda: fleet.put_report(replace(new, workload=WorkState.STARTING)),
        lambda: fleet.put_report(new),
    )
    code, document, err = fleet.run_json("coldstart", "--yes")
    assert (code, document["account"], document["outcome"]) == (0, "primary", "done")
    assert launcher.started == ["primary"]
    went = [one["step"] for one in document["steps"]]
    assert went == ["start", "boot", "claim", "restore", "services", "done"]
    assert "▶ primary: priority 1; main worker" in err
    assert "no checkpoint is published" in err
    # Once more: there is nothing to do, and nothing is asked.
    code, document, _ = fleet.run_json("coldstart", "--account", "primary")
    assert (code, [one["step"] for one in document["steps"]]) == (0, ["done"])
    assert launcher.started == ["primary"]


def test_it_can_be_left_and_taken_up_again(
    fleet: FleetOnDisk, launcher: StandInLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody(fleet)

    def interrupt() -> None:
        raise KeyboardInterrupt

    steps(monkeypatch, interrupt)
    code, document, _ = fleet.run_json("coldstart", "--account", "backup1", "--yes")
    assert code == INTERRUPTED
    assert "`colabvps-console coldstart --account backup1` takes it up again" in document["error"]
    # Meanwhile it has claimed; which account it was need not be said again.
    launcher.statuses["backup1"] = Status(State.RUNNING, "it runs", 1.0, 7, "s-backup1")
    fleet.put_report(replace(serving("backup1", 5), workload=WorkState.STARTING))
    mine("backup1")(fleet)
    steps(monkeypatch, lambda: fleet.put_report(serving("backup1", 5)))
    code, document, _ = fleet.run_json("coldstart")
    assert (code, document["account"]) == (0, "backup1")
    assert [one["step"] for one in document["steps"]] == ["services", "done"]
    assert launcher.started == ["backup1"]


def test_a_session_of_somebody_else_is_waited_for_with_the_steps_for_its_owner(
    fleet: FleetOnDisk, launcher: StandInLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = fleet.config_path.read_text()
    manual = text.replace("priority: 3}", "priority: 3, owner: Chris, launcher: manual}")
    fleet.config_path.write_text(manual)
    nobody(fleet)
    steps(monkeypatch, lambda: fleet.put_report(report("backup2")), lambda: mine("backup2")(fleet))
    words = ["coldstart", "--account", "backup2", "--yes", "--timeout", "0.5"]
    code, document, err = fleet.run_json(*words)
    assert code == UNKNOWN
    assert "takes it up again" in document["error"]
    assert launcher.started == []
    assert "Chris (c@example.com)" in err
    assert "python -m sessionlib agent --config accounts.yaml --account backup2" in err
    assert "claims the lease" in err


def test_an_agent_that_ends_at_once_is_told_with_its_last_words(
    fleet: FleetOnDisk, launcher: StandInLauncher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nobody(fleet)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "output.log").write_text("accounts.yaml:9: the disk\x1b[31m is full\n")

    def end() -> None:
        launcher.statuses["backup1"] = Status(State.ENDED, "process 7 is gone", 1.0, 7)

    steps(monkeypatch, end)
    code, _, err = fleet.run("coldstart", "--account", "backup1", "--yes")
    assert code == 1
    assert "backup1's agent has ended again" in err
    assert "accounts.yaml:9: the disk is full" in err


def test_a_launcher_that_refuses_is_1_with_its_reason(
    fleet: FleetOnDisk, launcher: StandInLauncher
) -> None:
    nobody(fleet)
    launcher.refuses = "an agent of backup1 runs already (process 77)"
    code, _, err = fleet.run("coldstart", "--account", "backup1", "--yes")
    assert (code, "process 77" in err) == (1, True)


def test_while_a_primary_is_at_work_it_is_refused_by_name(
    fleet: FleetOnDisk, launcher: StandInLauncher
) -> None:
    fleet.at_work()
    code, out, err = fleet.run("coldstart", "--yes", "--json")
    assert code == 1
    assert "primary holds the lease" in json.loads(out)["error"]
    assert "primary holds the lease" in err
    assert launcher.started == []
    assert fleet.run("coldstart", "--account", "nobody", "--yes")[0] == 2


# Stop


def test_a_session_that_this_machine_knows_to_be_gone_is_not_waited_for(
    fleet: FleetOnDisk, launcher: StandInLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.at_work()
    gone = Status(State.ENDED, "process 7 is gone", 1.0, 7, "s-backup1")
    launcher.statuses["backup1"] = gone
    code, out, _ = fleet.run("stop", "backup1", "--yes")
    assert (code, out) == (0, "backup1 has no session: there is nothing to stop\n")
    assert fleet.orders() == []
    # It ends while it is waited for, and can't say so any more.
    launcher.statuses["backup1"] = replace(gone, state=State.RUNNING)
    steps(monkeypatch, lambda: launcher.statuses.update(backup1=gone))
    code, document, _ = fleet.run_json("stop", "backup1", "--yes", "--wait")
    assert (code, document["text"]) == (0, "backup1 has ended: process 7 is gone")
