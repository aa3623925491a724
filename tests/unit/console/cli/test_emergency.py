"""Goal: an emergency is given on evidence only, and a sign of life ends it.

Method: a fleet on disk; each wait of the program lets a stand-in for the agents, or for the
launcher, move on. A terminal is a pair of pipes that say they are one.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.errors import INTERRUPTED
from sessionlib.core.messages import WorkState
from sessionlib.launchers import LaunchState, LaunchStatus
from tests.unit.console.cli.operator_session import (
    StandInLauncher,
    at_a_terminal,
    launcher,
    quick,
    steps,
    the_order,
)
from tests.unit.console.fleet_on_disk import LEASE, FleetOnDisk, fleet, moved, serving

__all__ = ["fleet", "launcher"]


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
        launcher.statuses["primary"] = LaunchStatus(
            LaunchState.ENDED, "process 7 is gone", 3.0, 7, "s1"
        )
    code, document, err = fleet.run_json("emergency", "--to", "backup1", "--yes")
    assert (code, document["verdict"]) == (0, "dead")
    assert (the_order(fleet).evidence or "").startswith(f"proof of its end ({by}: ")
    assert "Verdict: primary is dead" in err


def test_whoever_is_alive_by_any_witness_is_left_alone(
    fleet: FleetOnDisk, launcher: StandInLauncher
) -> None:
    lost(fleet, ended="SIGTERM")
    launcher.statuses["primary"] = LaunchStatus(LaunchState.RUNNING, "process 7 runs", 3.0, 7, "s1")
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

    monkeypatch.setattr("console.text.output.Output._answer", think)
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
