"""Goal: a cold start goes where things stand, from no session to a workload that serves.

Method: a fleet on disk; each wait of the program lets a stand-in for the agents, or for the
launcher, move on. A terminal is a pair of pipes that say they are one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.errors import INTERRUPTED, UNKNOWN
from sessionlib.core.messages import WorkState
from sessionlib.launchers import LaunchState, LaunchStatus
from tests.unit.console.cli.operator_session import (
    StandInLauncher,
    launcher,
    steps,
)
from tests.unit.console.fleet_on_disk import LEASE, FleetOnDisk, fleet, report, serving

__all__ = ["fleet", "launcher"]


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
    launcher.statuses["backup1"] = LaunchStatus(LaunchState.RUNNING, "it runs", 1.0, 7, "s-backup1")
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
        launcher.statuses["backup1"] = LaunchStatus(LaunchState.ENDED, "process 7 is gone", 1.0, 7)

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
