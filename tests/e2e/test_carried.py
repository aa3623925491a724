"""Goal: data and program go where the work goes, also after a crash.

Method: real agents on a folder, judged by their workloads' journal. Checkpoints at
short intervals and a kill; a program that is published, set up and published
again; a command that makes the data whole.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from console.demo import counter
from console.demo.demo_fleet import FIRST_CLAIM_S
from console.demo.journal_judge import read_journals
from sessionlib.bundles.records import CODE_RECORDS
from sessionlib.core.messages import MoveKind
from sessionlib.core.values import Lease
from sessionlib.signed.records import VersionSeries
from sessionlib.signing import public_of
from tests.e2e.fleet_fixture import SLACK_S, Fleet, fleet_in

SCALE = 20
EVERY_S = 1.0
OFTEN = {"every": f"{EVERY_S * SCALE:g}s"}


def pointer_beyond(fleet: Fleet, before: Lease) -> None:
    fleet.until(lambda: fleet.lease().checkpoint != before.checkpoint, "another checkpoint")


def test_a_crash_loses_no_more_than_an_interval_and_an_upload(tmp_path: Path) -> None:
    with fleet_in(tmp_path, SCALE, {"checkpoint": OFTEN}) as fleet:
        before = fleet.begin()
        fleet.works_on(4 * EVERY_S)
        assert before.holder is not None
        fleet.stage.kill(before.holder)
        fleet.works(above=before.epoch)
        found = fleet.last_passage()
        assert found.after.first.count > 1, "nothing came with it"
        assert found.lost_s <= EVERY_S + SLACK_S


def test_an_agent_that_comes_back_alone_goes_on_with_what_it_had(tmp_path: Path) -> None:
    with fleet_in(tmp_path, SCALE) as fleet:
        before = fleet.begin("ada")
        pointer_beyond(fleet, before)
        # From here on the work is in no checkpoint.
        fleet.works_on(1.0)
        fleet.stage.kill("ada")
        fleet.stage.start("ada")
        fleet.works(above=before.epoch)
        assert fleet.last_passage().lost_writes == 0


def test_what_was_never_published_is_set_aside_and_not_deleted(tmp_path: Path) -> None:
    with fleet_in(tmp_path, SCALE) as fleet:
        before = fleet.begin()
        pointer_beyond(fleet, before)
        fleet.works_on(1.0)
        fleet.stage.kill("ada")
        lease = fleet.works(above=before.epoch)
        fleet.restart("ada")
        fleet.move("ada")
        aside = list(fleet.stage.home("ada").glob("data.aside-*/count.json"))
        assert len(aside) == 1
        last = next(t for t in read_journals(fleet.stage.journals) if t.epoch == before.epoch).last
        assert json.loads(aside[0].read_text())["count"] >= last.count
        assert lease.holder != "ada"


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
        fleet.begin("ada", "bob")
        (code / "counter.py").write_text(f"# another version\n{text}")
        second = publish(fleet)
        fleet.until(lambda: bundle(fleet, "bob") == second, "the standby has the newest")
        assert bundle(fleet, "ada") == first, "who serves keeps what runs"
        fleet.move("bob")
        fleet.until(lambda: bundle(fleet, "ada") == second, "and so has who retired")
        # Only now is no set-up under way any more.
        for account in ("ada", "bob"):
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
    found = VersionSeries(stage.fleet.store, CODE_RECORDS, config.fleet).newest(
        public_of(stage.seed)
    )
    assert found is not None
    return found.label


def bundle(fleet: Fleet, account: str) -> str | None:
    report = fleet.report(account)
    return report.bundle if report else None


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
        fleet.until(lambda: "ended with exit code 3" in fleet.log("ada"), "it is told")
        standing = fleet.lease()
        fleet.works_on(3 * EVERY_S)
        assert fleet.lease().checkpoint == standing.checkpoint
        (tmp_path / "broken").unlink()
        pointer_beyond(fleet, standing)
        fleet.move("bob")
        assert (fleet.stage.home("bob") / "data" / "whole").read_text() == "yes"


def test_a_workload_that_fails_where_it_is_is_moved_to_where_it_runs(tmp_path: Path) -> None:
    fails = f'[ "$SESSION_ACCOUNT" = ada ] && exit 3; exec {sys.executable} counter.py'
    changes = {"workload": {"command": ["sh", "-c", fails]}, "policy": {"handover": "auto"}}
    with fleet_in(tmp_path, SCALE, changes) as fleet:
        fleet.stage.start("ada")
        assert fleet.stage.wait_until_held(FIRST_CLAIM_S)
        fleet.stage.start("bob")
        after = fleet.works(above=1)
        assert after.holder == "bob"
        fleet.until(lambda: after.epoch in fleet.history(), "its history")
        move = fleet.history()[after.epoch]
        assert (move.kind, move.from_) == (MoveKind.PLANNED, "ada")
        assert move.reason == "the workload failed 5 times in a row"
