"""Goal: what an operator orders from the command line comes about in a real fleet, once, and
nothing that would harm it does.

Method: the demonstration's agents, started by the launcher; the command line in this process,
with the fleet's own key. Each fleet is judged at its end by its workloads' journal.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessionlib.core.messages import MoveKind
from sessionlib.core.values import LeaseState, PlanPhase
from tests.e2e.fleet_fixture import (
    LONG_LEASE,
    Fleet,
    boot_s,
    fleet_in,
    hard_worker,
    kill,
    nothing_is_left,
)

SCALE = 20
PROGRAM = [sys.executable, "-m", "console"]
LIMIT_S = 60.0


@dataclass
class Console:
    """The command line, as a process of its own, on one fleet."""

    fleet: Fleet

    def started(self, *words: str) -> subprocess.Popen[str]:
        stage = self.fleet.stage
        return subprocess.Popen(
            [*PROGRAM, *words, "--config", str(stage.config_path), "--json"],
            env={**os.environ, "COLABVPS_FLEET_KEY": stage.seed},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, dict[str, Any], str]:
        process = self.started(*words)
        out, err = process.communicate(timeout=LIMIT_S)
        return process.returncode, json.loads(out), err

    def done(self, *words: str) -> dict[str, Any]:
        code, document, err = self.run(*words)
        assert (code, document["outcome"]) == (0, "done"), f"{document.get('text')}; {err}"
        return document


@contextmanager
def operated(folder: Path, **changes: Any) -> Iterator[tuple[Fleet, Console]]:
    with fleet_in(folder, SCALE, changes) as fleet:
        yield fleet, Console(fleet)


def test_a_paused_fleet_stays_where_it_is_until_an_emergency_overrides_it(tmp_path: Path) -> None:
    with operated(tmp_path) as (fleet, console):
        before = fleet.begin()
        old = before.holder or ""
        to = fleet.others(old)[0]
        # Two consoles at once do one thing.
        with ThreadPoolExecutor() as pool:
            ran = list(pool.map(lambda _: console.run("pause", "--yes", "--wait"), range(2)))
        assert [code for code, _, _ in ran] == [0, 0]
        assert fleet.lease().paused
        words = ("emergency", "--to", to, "--confirm-stopped", old, "--yes", "--wait")
        code, document, _ = console.run(*words)
        assert (code, document["verdict"], document["outcome"]) == (1, "alive", "refused")
        code, document, _ = console.run("handover", "--yes")
        assert (code, "paused" in document["error"]) == (1, True)
        kill(fleet, old)
        # A whole lease, and the turns of all: nobody may take over.
        seen_s, stale_s = fleet.trace.seen[-1][0], fleet.takeover_limit_s(rank=2)
        fleet.until(lambda: boot_s() - seen_s > stale_s, "the lease has run out")
        assert fleet.lease().epoch == before.epoch
        # As if it had been started somewhere else: nobody can prove its end.
        handle = fleet.stage.home(old) / "launch.json"
        handle.rename(handle.with_name("elsewhere.json"))
        code, document, _ = console.run("emergency", "--to", to, "--yes", "--wait")
        assert (code, document["verdict"], document["outcome"]) == (1, "unknown", "refused")
        assert f"--confirm-stopped {old}" in document["text"]
        assert fleet.lease().epoch == before.epoch
        document = console.done(*words)
        lease = fleet.works(above=before.epoch)
        assert (lease.epoch, lease.holder) == (before.epoch + 1, to)
        assert document["order"] in lease.done
        assert fleet.history()[lease.epoch].kind is MoveKind.EMERGENCY


def test_what_the_launcher_knows_to_be_gone_is_taken_over_from_before_its_lease_ends(
    tmp_path: Path,
) -> None:
    with operated(tmp_path, timings=LONG_LEASE) as (fleet, console):
        before = fleet.begin()
        old = before.holder or ""
        to = fleet.others(old)[0]
        kill(fleet, old)
        document = console.done("emergency", "--to", to, "--yes", "--wait")
        assert document["verdict"] == "dead"
        assert [one["verdict"] for one in document["witnesses"]] == ["unknown", "dead", "unknown"]
        lease = fleet.works(above=before.epoch)
        assert (lease.epoch, lease.holder) == (before.epoch + 1, to)
        assert document["order"] in lease.done
        assert fleet.history()[lease.epoch].kind is MoveKind.EMERGENCY


def test_a_pause_is_ended_by_a_standby_where_the_primary_was_lost(tmp_path: Path) -> None:
    with operated(tmp_path) as (fleet, console):
        before = fleet.begin()
        console.done("pause", "--yes", "--wait")
        kill(fleet, before.holder or "")
        console.done("resume", "--yes", "--wait")
        lease = fleet.works(above=before.epoch)
        assert not lease.paused


def test_a_takeover_waits_for_its_yes(tmp_path: Path) -> None:
    with operated(tmp_path, policy={"takeover": "approve"}) as (fleet, console):
        before = fleet.begin()
        old = before.holder or ""
        code, document, _ = console.run("approve", "--yes")
        assert (code, "nothing asks" in document["error"]) == (1, True)
        kill(fleet, old)
        asks = f"takeover:{before.epoch}"
        standbys = fleet.others(old)
        fleet.until(lambda: any(_asks(fleet, name, asks) for name in standbys), "a standby asks")
        assert fleet.lease().epoch == before.epoch
        document = console.done("approve", "--yes", "--wait")
        lease = fleet.works(above=before.epoch)
        assert (lease.epoch, lease.holder) == (before.epoch + 1, document["to"])
        assert document["order"] in lease.done


def test_a_move_for_later_is_called_off_and_one_that_comes_is_made(tmp_path: Path) -> None:
    with operated(tmp_path) as (fleet, console):
        before = fleet.begin()
        old = before.holder or ""
        to = fleet.others(old)[0]
        code, later, _ = console.run("handover", "--to", to, "--in", "10m", "--yes")
        assert code == 0
        fleet.until(lambda: (plan := fleet.lease().plan) and plan.id == later["order"], "a plan")
        console.done("abort", "--yes", "--wait")
        lease = fleet.works()
        assert (lease.epoch, lease.holder, lease.plan) == (before.epoch, old, None)
        assert fleet.answer(later["order"]).outcome == "refused"
        # Longer ahead than T-2 min, by when a successor has to be ready.
        document = console.done("handover", "--to", to, "--in", "9s", "--yes", "--wait")
        lease = fleet.works(above=before.epoch)
        assert (lease.epoch, lease.holder) == (before.epoch + 1, to)
        move = fleet.history()[lease.epoch]
        assert (move.kind, move.plan) == (MoveKind.PLANNED, document["order"])


def test_past_the_commit_point_an_abort_is_refused_and_the_move_goes_through(
    tmp_path: Path,
) -> None:
    with operated(tmp_path, timings=LONG_LEASE, **hard_worker("slow")) as (fleet, console):
        before = fleet.begin()
        to = fleet.others(before.holder or "")[0]
        fleet.order(to)
        assert fleet.phase(PlanPhase.QUIESCING, after=before.epoch)
        # Nobody claims for a while, so that the offer can be seen.
        fleet.stage.signal(to, signal.SIGSTOP)
        try:
            fleet.until(lambda: fleet.lease().state is LeaseState.OFFERED, "an offer")
            code, document, _ = console.run("abort", "--yes", "--wait")
        finally:
            fleet.stage.signal(to, signal.SIGCONT)
        assert (code, "past its commit point" in document["error"]) == (1, True)
        assert fleet.works(above=before.epoch).epoch == before.epoch + 1


def test_the_work_is_brought_back_from_no_session_at_all(tmp_path: Path) -> None:
    with operated(tmp_path) as (fleet, console):
        left = console.started("coldstart", "--account", "bob", "--yes")
        assert left.stderr is not None
        for line in left.stderr:
            if line.startswith("2/"):
                break
        left.send_signal(signal.SIGINT)
        out, _ = left.communicate(timeout=LIMIT_S)
        assert (left.returncode, "takes it up again" in json.loads(out)["error"]) == (130, True)
        document = console.done("coldstart", "--account", "bob")
        assert document["steps"][-1]["step"] == "done"
        first = fleet.works(above=0)
        assert first.holder == "bob"
        code, document, _ = console.run("coldstart", "--yes")
        assert (code, "bob holds the lease" in document["error"]) == (1, True)
        pid = json.loads((fleet.stage.home("bob") / "launch.json").read_text())["pid"]
        os.kill(pid, signal.SIGKILL)
        fleet.until(lambda: nothing_is_left(fleet, "bob"), "it is gone")
        document = console.done("coldstart", "--account", "ada", "--yes")
        assert document["steps"][0]["step"] == "start"
        second = fleet.works(above=first.epoch)
        assert second.holder == "ada"
        code, document, err = console.run("stop", "ada", "--yes", "--wait")
        assert (code, "ada has ended" in document["text"]) == (0, True)
        assert "is gone, and so are its guard and its workload" in err
        assert nothing_is_left(fleet, "ada")
        fleet.judge()


def _asks(fleet: Fleet, account: str, what: str) -> bool:
    report = fleet.report(account)
    return report is not None and report.asks == what
