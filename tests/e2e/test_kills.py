"""Goal: whatever is killed, one session works in the end, and never two.

Method: SIGTERM and SIGKILL for agents, guards, reapers and workloads of a real
fleet, alone and in quick turn. How long a takeover may take is reckoned from the
lease's own durations; all else is left to the judge.
"""

from __future__ import annotations

import json
import signal
from functools import partial
from pathlib import Path

from console.demo.journal_judge import read_journals
from sessionlib.core.messages import MoveKind
from sessionlib.core.values import Lease
from sessionlib.core.work import BACKOFF_FIRST_S
from tests.e2e.fleet_fixture import CLOCK, SLACK_S, Fleet, boot_s, fleet_in, hard_worker

DAY_S = 24 * 3600.0


def first_tick_s(fleet: Fleet, epoch: int) -> float:
    """When the work under `epoch` began, by the journal."""
    return next(t.first.at_s for t in read_journals(fleet.stage.journals) if t.epoch == epoch)


def runs_of(fleet: Fleet, epoch: int) -> int:
    return next(len(t.runs) for t in read_journals(fleet.stage.journals) if t.epoch == epoch)


def is_recorded(fleet: Fleet, epoch: int) -> bool:
    return epoch in fleet.history()


def processes(fleet: Fleet, account: str, number: int) -> bool:
    return len(fleet.workload(account)) == number


def same_tenure(fleet: Fleet, before: Lease, runs: int) -> None:
    """The work goes on where it was, under the same lease, in its `runs`-th run."""
    fleet.until(lambda: runs_of(fleet, before.epoch) == runs, f"run {runs} of the work")
    after = fleet.works()
    assert (after.epoch, after.incarnation) == (before.epoch, before.incarnation)


def test_after_sigterm_the_next_serves_within_a_poll(tmp_path: Path) -> None:
    with fleet_in(tmp_path, scale=20) as fleet:
        for _ in range(2):
            old = fleet.works() if fleet.trace.seen[1:] else fleet.begin()
            assert old.holder is not None
            told_s = boot_s()
            fleet.stage.signal(old.holder, signal.SIGTERM)
            new = fleet.works(above=old.epoch)
            assert new.epoch == old.epoch + 1
            took_s = first_tick_s(fleet, new.epoch) - told_s
            assert took_s <= fleet.timing.poll_s + SLACK_S
            assert fleet.stage.exit_code(old.holder, 10.0) == 0
            fleet.until(partial(is_recorded, fleet, new.epoch), "a record of the claim")
            # It was given up in order: nothing of what was written is lost (the judge looks).
            assert fleet.history()[new.epoch].kind is MoveKind.PLANNED
            fleet.restart(old.holder)


def test_after_sigkill_the_next_serves_within_the_bound(tmp_path: Path) -> None:
    with fleet_in(tmp_path, scale=20) as fleet:
        old = fleet.begin()
        killed_s = boot_s()
        fleet.stage.kill("ada")
        fleet.until(partial(processes, fleet, "ada", 0), "its work is dead")
        new = fleet.works(above=old.epoch)
        assert (new.epoch, new.holder) == (old.epoch + 1, "bob")
        took_s = first_tick_s(fleet, new.epoch) - killed_s
        assert took_s <= fleet.takeover_limit_s(rank=0)
        # Its lease was waited out: the last renewal was at most an interval old.
        assert took_s > fleet.timing.ttl_s - fleet.timing.renew_s - fleet.timing.timeout_s


def test_a_restarted_agent_doesnt_resume_the_lease_it_finds_under_its_name(tmp_path: Path) -> None:
    with fleet_in(tmp_path, scale=20) as fleet:
        old = fleet.begin("ada")
        fleet.stage.kill("ada")
        restarted_s = boot_s()
        fleet.stage.start("ada")
        new = fleet.works(above=old.epoch)
        assert (new.epoch, new.holder) == (old.epoch + 1, "ada")
        assert new.incarnation != old.incarnation
        # Nobody else is there, and yet it watches the lease out like any other.
        claimed_s = next(at for at, lease in fleet.trace.seen if lease.epoch == new.epoch)
        assert claimed_s - restarted_s >= fleet.timing.ttl_s
        # The data in its own folder is still there, and it goes on with it.
        before, after = read_journals(fleet.stage.journals)
        assert 0 <= after.first.count - before.last.count <= 2


def test_a_killed_guard_is_replaced_and_the_work_started_again(tmp_path: Path) -> None:
    with fleet_in(tmp_path, scale=10) as fleet:
        lease = fleet.begin("ada", "bob")
        for runs, part in enumerate(["guard", "reaper", "guard"], start=2):
            victim = fleet.guards("ada")[part]
            fleet.signal(victim, signal.SIGKILL)
            same_tenure(fleet, lease, runs)
            assert fleet.guard("ada").pid != victim.pid


def test_killed_work_is_started_again_after_a_pause(tmp_path: Path) -> None:
    with fleet_in(tmp_path, scale=10) as fleet:
        lease = fleet.begin("ada", "bob")
        for runs in (2, 3):
            (worker,) = fleet.workload("ada")
            fleet.signal(worker, signal.SIGKILL)
            same_tenure(fleet, lease, runs)
        first, second, third = read_journals(fleet.stage.journals)[0].runs
        assert second[0].at_s - first[-1].at_s >= BACKOFF_FIRST_S
        # It fails for the second time in a row.
        assert third[0].at_s - second[-1].at_s >= 2 * BACKOFF_FIRST_S
        # What it had saved is still there.
        assert second[0].count > first[-1].count


def test_agent_and_guard_killed_in_quick_turn(tmp_path: Path) -> None:
    with fleet_in(tmp_path, scale=20, changes=hard_worker("session", "daemon")) as fleet:
        lease = fleet.begin()
        for order in (("agent", "guard"), ("guard", "agent")):
            holder, epoch = fleet.holder, lease.epoch
            guard = fleet.guard(holder)
            for victim in order:
                if victim == "agent":
                    fleet.stage.signal(holder, signal.SIGKILL)
                else:
                    fleet.signal(guard, signal.SIGKILL)
            fleet.stage.kill(holder)
            lease = fleet.works(above=epoch)
            assert lease.epoch == epoch + 1
            assert lease.holder != holder
            fleet.restart(holder)


def test_children_that_detach_are_stopped_with_the_work(tmp_path: Path) -> None:
    """They write ticks of their own, so the judge would see them go on."""
    changes = hard_worker("session", "daemon")
    with fleet_in(tmp_path, scale=20, changes=changes) as fleet:
        lease = fleet.begin()
        for kill in (False, True):
            holder = fleet.holder
            fleet.until(partial(processes, fleet, holder, 3), "all three run")
            if kill:
                fleet.stage.kill(holder)
                lease = fleet.works(above=lease.epoch)
                fleet.restart(holder)
            else:
                lease = fleet.move(fleet.others(holder)[0])
            fleet.until(partial(processes, fleet, holder, 0), "nothing is left")


def test_a_session_whose_time_is_over_vacates_in_order(tmp_path: Path) -> None:
    scale = 20
    short = {"accounts": {"ada": {"session": {"lifetime": f"{6 * scale}s"}}}}
    with fleet_in(tmp_path, scale, changes=short) as fleet:
        began = CLOCK.now()
        old = fleet.begin()
        new = fleet.works(above=old.epoch)
        assert new.epoch == old.epoch + 1
        assert fleet.stage.exit_code("ada", 10.0) == 0
        assert CLOCK.now().since(began) >= 5
        fleet.until(partial(is_recorded, fleet, new.epoch), "a record of the claim")
        move = fleet.history()[new.epoch]
        assert (move.kind, move.from_) == (MoveKind.PLANNED, "ada")
        # It wasn't waited for: the lease had been given up.
        assert first_tick_s(fleet, new.epoch) - fleet.last_tick_s(old.epoch) < fleet.timing.ttl_s
        ended = fleet.report("ada")
        assert ended is not None
        assert "time is over" in (ended.ended or "")


def test_a_session_older_than_a_day_isnt_taken_for_a_young_one(tmp_path: Path) -> None:
    long = {"accounts": {"ada": {"session": {"lifetime": "48h"}}}}
    with fleet_in(tmp_path, scale=1, changes=long) as fleet:
        fleet.begin("ada", "bob")
        for account, lifetime_s in (("ada", 2 * DAY_S), ("bob", DAY_S / 2)):
            fleet.stage.kill(account)
            session = _aged(fleet, account, DAY_S + 300)
            fleet.restart(account)
            report = fleet.report(account)
            assert report is not None
            if lifetime_s > DAY_S:
                # By its seconds within the day it would be five minutes old.
                assert report.session == session
                assert 0 < lifetime_s - DAY_S - 300 - report.remaining_s < 60
            else:
                assert report.session != session
                assert 0 <= lifetime_s - report.remaining_s < 60


def _aged(fleet: Fleet, account: str, age_s: float) -> str:
    """Set back when an account's session began; its id."""
    path = fleet.stage.home(account) / "session.json"
    body = json.loads(path.read_text())
    body["began_boot"] = CLOCK.now().boot - age_s
    path.write_text(json.dumps(body))
    name = body["id"]
    assert isinstance(name, str)
    return name
