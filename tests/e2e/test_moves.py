"""Goal: the work goes where it is sent, loses nothing, and stays where it is otherwise.

Method: real agents on a folder. Moves with a cold and a warm workload, orders
that must come to nothing, and a kill in each phase of a move; each fleet is
judged by its workloads' journal.
"""

from __future__ import annotations

import os
import random
import signal
from functools import partial
from pathlib import Path

import pytest

from console.demo.demo_fleet import ACCOUNTS
from console.demo.journal_judge import read_journals, work_transfers
from sessionlib import layout
from sessionlib.clock import sleep
from sessionlib.core.messages import MoveKind
from sessionlib.core.values import Lease, PlanPhase
from sessionlib.signing import new_seed
from sessionlib.stores.folder_kind import store_folder
from tests.e2e.fleet_fixture import Fleet, fleet_in, hard_worker

WARM = {"workload": {"standby": "warm"}}


def listens(pid: int) -> bool:
    """Whether a process has a handler for SIGUSR1, and so would outlive being activated."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) & 1 << (signal.SIGUSR1 - 1))


def stands_by_warm(fleet: Fleet, account: str) -> bool:
    running = fleet.workload(account)
    return len(running) == 1 and listens(running[0].pid)


def stands_by_anew(fleet: Fleet, before: Lease) -> bool:
    report = fleet.report(before.holder or "")
    return (
        report is not None
        and report.member == "standby"
        and report.incarnation != before.incarnation
    )


def moves_in(fleet: Fleet) -> list[MoveKind]:
    return [move.kind for _, move in sorted(fleet.history().items())]


def test_cold_work_moves_round_and_loses_nothing(tmp_path: Path) -> None:
    with fleet_in(tmp_path, scale=20) as fleet:
        first = fleet.begin()
        fleet.move("bob")
        # Who has retired stands by under another incarnation, and may be chosen again.
        fleet.until(lambda: stands_by_anew(fleet, first), "the old primary stands by")
        for account in ("cleo", "ada", "bob"):
            fleet.move(account)
        fleet.until(lambda: len(fleet.history()) == 5, "a history record of each claim")
        found = work_transfers(read_journals(fleet.stage.journals))
        assert [passage.after.epoch for passage in found] == [first.epoch + n for n in range(1, 5)]
        assert [passage.lost_writes for passage in found] == [0] * 4
        # One who lost nothing goes on with the very next count.
        assert all(p.after.first.count == p.before.last.count + 1 for p in found)
        # A move that waited for the lease to run out would be no planned one.
        assert max(passage.downtime_s for passage in found) < fleet.timing.ttl_s
        assert moves_in(fleet) == [MoveKind.FIRST, *[MoveKind.PLANNED] * 4]


def test_warm_work_waits_for_its_turn_and_loses_nothing(tmp_path: Path) -> None:
    with fleet_in(tmp_path, scale=20, changes=WARM) as fleet:
        fleet.begin()
        for account in ("bob", "cleo"):
            fleet.until(partial(stands_by_warm, fleet, account), f"{account} runs warm")
        warm = {proc.pid for proc in fleet.workload("bob")}
        fleet.move("bob")
        # The very process that had stood by works now, and no other.
        assert {proc.pid for proc in fleet.workload("bob")} == warm
        fleet.move("cleo")


def test_an_order_that_must_not_be_obeyed_changes_nothing(tmp_path: Path) -> None:
    with fleet_in(tmp_path, scale=20) as fleet:
        first = fleet.begin()
        fleet.stage.kill("cleo")
        fleet.move("bob")
        before = fleet.lease()
        wanted = {
            fleet.order("nobody").id: ("refused", "not an account"),
            fleet.order("bob").id: ("refused", "the primary already"),
            fleet.order("ada", epoch=first.epoch).id: ("void", "given at epoch"),
            fleet.order("ada", seed=new_seed()).id: ("refused", "signed"),
            fleet.order("ada", fleet="another").id: ("refused", "another fleet"),
        }
        fleet.order("ada", stored_as="another-name")
        wanted["another-name"] = ("refused", "renamed")
        for order_id, (outcome, why) in wanted.items():
            receipt = fleet.answer(order_id)
            assert receipt.outcome == outcome
            assert why in receipt.why
        # So many that there wouldn't be time to renew if each were answered again and again.
        for _ in range(30):
            fleet.order("ada", epoch=first.epoch)
        # Whoever was killed counts as alive until three of its reports have failed to come.
        sleep(3 * fleet.timing.report_s + fleet.timing.poll_s)
        dead = fleet.answer(fleet.order("cleo").id)
        assert dead.outcome == "refused"
        assert "not reporting" in dead.why
        after = fleet.works()
        assert (after.epoch, after.incarnation) == (before.epoch, before.incarnation)
        assert after.done == before.done
        # Not even for a moment was there a plan, or the work away from where it was.
        plans = {lease.plan for _, lease in fleet.trace.seen if lease.epoch == after.epoch}
        assert plans == {None}
        assert len(read_journals(fleet.stage.journals)[-1].runs) == 1


def test_an_order_is_too_old_after_ten_minutes(tmp_path: Path) -> None:
    with fleet_in(tmp_path, scale=20) as fleet:
        first = fleet.begin()
        # Nobody must see the order before it has aged.
        for account in ACCOUNTS:
            fleet.stage.signal(account, signal.SIGSTOP)
        order = fleet.order("bob")
        path = store_folder(fleet.stage.fleet.config) / layout.order_key(order.id)
        past_s = path.stat().st_mtime - 601
        os.utime(path, (past_s, past_s))
        for account in ACCOUNTS:
            fleet.stage.signal(account, signal.SIGCONT)
        assert fleet.answer(order.id).outcome == "expired"
        assert fleet.works().epoch == first.epoch


def test_with_both_standbys_dead_the_primary_serves_on(tmp_path: Path) -> None:
    with fleet_in(tmp_path, scale=20) as fleet:
        first = fleet.begin()
        fleet.stage.kill("bob")
        fleet.stage.kill("cleo")
        sleep(3 * fleet.timing.report_s + fleet.timing.poll_s)
        receipt = fleet.answer(fleet.order(None).id)
        assert (receipt.outcome, receipt.why) == ("refused", "no standby is alive")
        assert fleet.works().incarnation == first.incarnation
        assert len(read_journals(fleet.stage.journals)[0].runs) == 1


PHASES = [PlanPhase.WARMING, PlanPhase.SIGNALLED, PlanPhase.QUIESCING, PlanPhase.OFFERED, None]


@pytest.mark.parametrize("victim", ["holder", "successor"])
def test_a_kill_in_any_phase_of_a_move_leaves_one_at_work(tmp_path: Path, victim: str) -> None:
    """None stands for the moment after the claim."""
    chance = random.Random(victim)
    # Slow to stop: the phases have to last until somebody can be killed in them.
    with fleet_in(tmp_path, scale=20, changes=hard_worker("slow")) as fleet:
        lease = fleet.begin()
        for phase in PHASES:
            holder, epoch = fleet.holder, lease.epoch
            successor = chance.choice(fleet.others(holder))
            fleet.order(successor)
            assert reach(fleet, successor, phase, epoch), f"the move was over before {phase}"
            fleet.stage.kill(holder if victim == "holder" else successor)
            fleet.stage.signal(successor, signal.SIGCONT)
            sleep(chance.choice([0, 0.3]))
            fleet.restart(holder if victim == "holder" else successor)
            # The lease has to run out where who held it is gone.
            lease = fleet.works(above=epoch - 1)
            kills_the_lease = (victim == "holder") is (phase is not None)
            assert lease.epoch >= epoch + kills_the_lease
            assert lease.epoch <= epoch + 2


def reach(fleet: Fleet, successor: str, phase: PlanPhase | None, epoch: int) -> bool:
    if phase is None:
        fleet.until(lambda: fleet.lease().epoch > epoch, "the successor claims")
        return True
    if phase is PlanPhase.OFFERED:
        # An offer is taken up within milliseconds, unless its successor is held.
        assert fleet.phase(PlanPhase.QUIESCING, after=epoch)
        fleet.stage.signal(successor, signal.SIGSTOP)
    return fleet.phase(phase, after=epoch)
