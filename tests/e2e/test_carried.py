"""Goal: data and program go where the work goes, by the clock and after a crash.

Method: real agents on a folder, judged by their workloads' journal. Checkpoints at
short intervals and a kill; a program that is published, set up and published
again; sessions so short that the clock moves the work; a signal file made by hand;
a command that makes the data whole.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from console.demo import counter
from console.demo.journal import Passage, passages, read_journals
from sessionlib import layout
from sessionlib.core.notes import MoveKind
from sessionlib.core.values import Lease
from sessionlib.kit.bundle import CODE
from sessionlib.kit.signed import Series
from sessionlib.signing import public_of
from tests.e2e.fleet_fixture import SLACK_S, Fleet, boot_s, fleet_in

SCALE = 20
EVERY_S = 1.0
OFTEN = {"every": f"{EVERY_S * SCALE:g}s"}


def last_passage(fleet: Fleet) -> Passage:
    return passages(read_journals(fleet.stage.journals))[-1]


def works_on(fleet: Fleet, seconds: float) -> None:
    until_s = boot_s() + seconds
    epoch = fleet.lease().epoch
    fleet.until(lambda: fleet.last_tick_s(epoch) > until_s, "the work goes on")


def pointer_beyond(fleet: Fleet, before: Lease) -> None:
    fleet.until(lambda: fleet.lease().checkpoint != before.checkpoint, "another checkpoint")


def test_a_crash_loses_no_more_than_an_interval_and_an_upload(tmp_path: Path) -> None:
    with fleet_in(tmp_path, SCALE, {"checkpoint": OFTEN}) as fleet:
        before = fleet.begin()
        works_on(fleet, 4 * EVERY_S)
        assert before.holder is not None
        fleet.stage.kill(before.holder)
        fleet.works(above=before.epoch)
        found = last_passage(fleet)
        assert found.after.first.count > 1, "nothing came with it"
        assert found.lost_s <= EVERY_S + SLACK_S


def test_an_agent_that_comes_back_alone_goes_on_with_what_it_had(tmp_path: Path) -> None:
    with fleet_in(tmp_path, SCALE) as fleet:
        before = fleet.begin("primary")
        pointer_beyond(fleet, before)
        # From here on the work is in no checkpoint.
        works_on(fleet, 1.0)
        fleet.stage.kill("primary")
        fleet.stage.start("primary")
        fleet.works(above=before.epoch)
        assert last_passage(fleet).lost_writes == 0


def test_what_was_never_published_is_set_aside_and_not_deleted(tmp_path: Path) -> None:
    with fleet_in(tmp_path, SCALE) as fleet:
        before = fleet.begin()
        pointer_beyond(fleet, before)
        works_on(fleet, 1.0)
        fleet.stage.kill("primary")
        lease = fleet.works(above=before.epoch)
        fleet.restart("primary")
        fleet.move("primary")
        aside = list(fleet.stage.home("primary").glob("data.aside-*/count.json"))
        assert len(aside) == 1
        last = next(t for t in read_journals(fleet.stage.journals) if t.epoch == before.epoch).last
        assert json.loads(aside[0].read_text())["count"] >= last.count
        assert lease.holder != "primary"


def test_a_published_program_is_set_up_where_it_goes_and_the_newest_one_runs(
    tmp_path: Path,
) -> None:
    code = tmp_path / "app"
    code.mkdir()
    text = Path(counter.__file__).read_text()
    (code / "counter.py").write_text(text)
    setup = [sys.executable, "-c", "open('made', 'a').write('x')"]
    program = {"code": str(code), "setup": setup}
    with fleet_in(tmp_path, SCALE, {"workload": program}) as fleet:
        first = publish(fleet)
        fleet.begin("primary", "backup1")
        (code / "counter.py").write_text(f"# another version\n{text}")
        second = publish(fleet)
        fleet.until(lambda: bundle(fleet, "backup1") == second, "the standby has the newest")
        assert bundle(fleet, "primary") == first, "who serves keeps what runs"
        fleet.move("backup1")
        fleet.until(lambda: bundle(fleet, "primary") == second, "and so has who retired")
        # Only now is no set-up under way any more.
        for account in ("primary", "backup1"):
            marks = [p.read_text() for p in fleet.stage.home(account).glob("code/*/made")]
            assert set(marks) == {"x"}, "set up once for each version"


def publish(fleet: Fleet) -> str:
    """Publish the program as an operator does; the word by which agents report it."""
    stage = fleet.stage
    subprocess.run(
        [sys.executable, "-m", "console", "publish", "--config", stage.config_path, "--yes"],
        env={**os.environ, "COLABVPS_FLEET_KEY": stage.seed},
        check=True,
        capture_output=True,
    )
    config = stage.fleet.config
    found = Series(stage.fleet.store, CODE, config.fleet).newest(public_of(stage.seed))
    assert found is not None
    return found.label


def bundle(fleet: Fleet, account: str) -> str | None:
    report = fleet.report(account)
    return report.bundle if report else None


def ending_soon(**policy: str) -> dict[str, Any]:
    return {"accounts": {"primary": {"session": {"lifetime": "8m"}}}, "policy": policy}


def test_the_clock_moves_the_work_before_its_session_ends(tmp_path: Path) -> None:
    with fleet_in(tmp_path, SCALE, ending_soon(handover="auto")) as fleet:
        before = fleet.begin()
        after = fleet.works(above=before.epoch)
        move = fleet.history()[after.epoch]
        assert (move.kind, move.reason) == (MoveKind.PLANNED, "the session ends")
        assert last_passage(fleet).downtime_s < fleet.timing.ttl_s
        assert fleet.stage.exit_code("primary", 30.0) == 0, "the retired one ends with its session"


def test_who_waits_for_a_word_that_never_comes_serves_to_the_end_and_gives_up(
    tmp_path: Path,
) -> None:
    waiting = ending_soon(handover="approve", on_no_answer="hold")
    with fleet_in(tmp_path, SCALE, waiting) as fleet:
        before = fleet.begin()
        fleet.until(lambda: asks(fleet, "primary"), "the operator is asked")
        after = fleet.works(above=before.epoch)
        move = fleet.history()[after.epoch]
        assert (move.kind, move.reason) == (MoveKind.PLANNED, "vacated by its holder")
        assert last_passage(fleet).lost_writes == 0


def asks(fleet: Fleet, account: str) -> bool:
    report = fleet.report(account)
    return report is not None and (report.asks or "").startswith("plan:")


def test_a_signal_made_by_hand_moves_the_work_once_and_a_test_of_it_nothing(
    tmp_path: Path,
) -> None:
    with fleet_in(tmp_path, SCALE, {"policy": {"handover": "auto"}}) as fleet:
        before = fleet.begin()
        file = fleet.stage.fleet.config.store_folder() / layout.SIGNAL
        body = {"action": "start_session", "primary_ending": True, "timestamp": "2026-01-01T00:00"}
        file.write_text(json.dumps({**body, "test": True}))
        fleet.until(lambda: signalled(fleet, "acted"), "a word on the test")
        assert fleet.lease().epoch == before.epoch
        file.write_text(json.dumps(body))
        after = fleet.works(above=before.epoch)
        assert fleet.history()[after.epoch].reason == "handover_signal.json asks for it"
        works_on(fleet, 1.0)
        assert fleet.lease().epoch == after.epoch, "the same file moved it twice"


def signalled(fleet: Fleet, outcome: str) -> bool:
    report = fleet.report(fleet.holder)
    receipts = report.receipts if report else ()
    return any(one.id.startswith("sig-") and one.outcome == outcome for one in receipts)


def test_the_data_is_made_whole_before_it_is_copied_or_it_is_not_copied(tmp_path: Path) -> None:
    script = tmp_path / "save.py"
    script.write_text(
        "import os, pathlib, sys\n"
        "pathlib.Path(os.environ['SESSION_DATA_DIR'], 'whole').write_text('yes')\n"
        f"sys.exit(3 if os.path.exists({str(tmp_path / 'broken')!r}) else 0)\n"
    )
    prepared = {**OFTEN, "prepare": [sys.executable, str(script)]}
    with fleet_in(tmp_path, SCALE, {"checkpoint": prepared}) as fleet:
        before = fleet.begin()
        pointer_beyond(fleet, before)
        (tmp_path / "broken").touch()
        fleet.until(lambda: "ended with exit code 3" in fleet.log("primary"), "it is told")
        standing = fleet.lease()
        works_on(fleet, 3 * EVERY_S)
        assert fleet.lease().checkpoint == standing.checkpoint
        (tmp_path / "broken").unlink()
        pointer_beyond(fleet, standing)
        fleet.move("backup1")
        assert (fleet.stage.home("backup1") / "data" / "whole").read_text() == "yes"


def test_a_workload_that_fails_where_it_is_is_moved_to_where_it_runs(tmp_path: Path) -> None:
    fails = f'[ "$SESSION_ACCOUNT" = primary ] && exit 3; exec {sys.executable} counter.py'
    changes = {"workload": {"command": ["sh", "-c", fails]}, "policy": {"handover": "auto"}}
    with fleet_in(tmp_path, SCALE, changes) as fleet:
        for account in ("primary", "backup1"):
            fleet.stage.start(account)
        after = fleet.works(above=1)
        assert after.holder == "backup1"
        fleet.until(lambda: after.epoch in fleet.history(), "its history")
        move = fleet.history()[after.epoch]
        assert (move.kind, move.from_) == (MoveKind.PLANNED, "primary")
        assert move.reason == "the workload failed 5 times in a row"
