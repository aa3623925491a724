"""Goal: who was stopped for too long never works again, and who wasn't goes on.

Method: SIGSTOP and SIGCONT for the agent and the guard of a real fleet. That the
work stands still is read from the processes' states and from the journal; how
long a lease counts, from its own durations.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from console.demo.journal_judge import longest_gap_s, read_journals
from sessionlib.clock import sleep
from sessionlib.guard.tree import STOPPED
from tests.e2e.fleet_fixture import SLACK_S, Fleet, boot_s, fleet_in, hard_worker


def is_frozen(fleet: Fleet, account: str) -> bool:
    running = fleet.workload(account)
    return bool(running) and all(proc.state in STOPPED for proc in running)


def test_an_agent_stopped_for_longer_than_its_lease_is_fenced(tmp_path: Path) -> None:
    with fleet_in(tmp_path, scale=20, changes=hard_worker("session", "daemon")) as fleet:
        old = fleet.begin()
        stopped_s = boot_s()
        fleet.stage.signal("ada", signal.SIGSTOP)
        fleet.until(lambda: is_frozen(fleet, "ada"), "the guard freezes the work")
        frozen_s = boot_s()
        # Frozen at its deadline and not before: an agent is allowed to be slow.
        last_s = fleet.last_tick_s(old.epoch)
        assert last_s - stopped_s <= fleet.timing.valid_s
        assert last_s - stopped_s >= fleet.timing.valid_s - fleet.timing.renew_s - SLACK_S
        new = fleet.works(above=old.epoch)
        assert new.epoch == old.epoch + 1
        assert new.holder != "ada"
        assert boot_s() - stopped_s <= fleet.takeover_limit_s()
        assert is_frozen(fleet, "ada")
        fleet.stage.signal("ada", signal.SIGCONT)
        assert fleet.stage.exit_code("ada", 20.0) == 1
        assert fleet.workload("ada") == ()
        assert "fenced" in fleet.log("ada")
        # Not one tick since it was seen frozen, of any of its processes.
        assert fleet.last_tick_s(old.epoch) == last_s <= frozen_s
        fleet.restart("ada")
        assert fleet.works().epoch == new.epoch


def test_an_agent_stopped_for_a_moment_keeps_its_lease(tmp_path: Path) -> None:
    with fleet_in(tmp_path, scale=10) as fleet:
        lease = fleet.begin("ada", "bob")
        fleet.stage.signal("ada", signal.SIGSTOP)
        # Long enough for it to know that it had not been running.
        sleep(fleet.timing.margin_s + 2 * fleet.timing.renew_s / 3)
        fleet.stage.signal("ada", signal.SIGCONT)
        fleet.until(lambda: "woke_late" in fleet.log("ada"), "it notices")
        renewal = fleet.lease().renewal
        fleet.until(lambda: fleet.lease().renewal > renewal, "it renews")
        after = fleet.works()
        assert (after.epoch, after.incarnation) == (lease.epoch, lease.incarnation)
        (tenure,) = read_journals(fleet.stage.journals)
        assert len(tenure.runs) == 1


def test_after_a_moment_the_work_stands_still_for_one_renewal_and_not_until_the_next(
    tmp_path: Path,
) -> None:
    with fleet_in(tmp_path, scale=4) as fleet:
        lease = fleet.begin("ada", "bob")
        fleet.stage.signal("ada", signal.SIGSTOP)
        sleep(1.2 * fleet.timing.margin_s)
        fleet.stage.signal("ada", signal.SIGCONT)
        fleet.until(lambda: "woke_late" in fleet.log("ada"), "it notices")
        renewal = fleet.lease().renewal
        fleet.until(lambda: fleet.lease().renewal > renewal + 1, "it renews again")
        assert fleet.works().epoch == lease.epoch
        (tenure,) = read_journals(fleet.stage.journals)
        assert longest_gap_s(tenure) < fleet.timing.renew_s / 4


def test_work_frozen_at_the_deadline_goes_on_if_nobody_took_over(tmp_path: Path) -> None:
    with fleet_in(tmp_path, scale=20) as fleet:
        lease = fleet.begin("ada")
        fleet.stage.signal("ada", signal.SIGSTOP)
        fleet.until(lambda: is_frozen(fleet, "ada"), "the guard freezes the work")
        # Well past the end of the lease: there is only nobody to take it.
        sleep(fleet.timing.ttl_s / 2)
        assert is_frozen(fleet, "ada")
        fleet.stage.signal("ada", signal.SIGCONT)
        after = fleet.works()
        assert (after.epoch, after.incarnation) == (lease.epoch, lease.incarnation)
        (tenure,) = read_journals(fleet.stage.journals)
        assert len(tenure.runs) == 1
        assert longest_gap_s(tenure) >= fleet.timing.ttl_s / 2


@pytest.mark.parametrize("part", ["guard", "reaper"])
def test_a_stopped_guard_is_ended_and_replaced(tmp_path: Path, part: str) -> None:
    with fleet_in(tmp_path, scale=10, changes=hard_worker("session", "daemon")) as fleet:
        lease = fleet.begin("ada", "bob")
        pair = fleet.guards("ada")
        fleet.signal(pair[part], signal.SIGSTOP)
        fleet.until(lambda: fleet.guard("ada").pid != pair["guard"].pid, "another guard")
        fleet.until(lambda: len(fleet.workload("ada")) == 3, "the work again")
        after = fleet.works()
        assert (after.epoch, after.incarnation) == (lease.epoch, lease.incarnation)
        (tenure,) = read_journals(fleet.stage.journals)
        assert len(tenure.runs) == 2
