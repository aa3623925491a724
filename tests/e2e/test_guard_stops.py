"""Starting and stopping: that a workload ends as a whole, and in good order.

Real processes. The worker's journal says who ran when, and what was heard.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sessionlib.agent.log_rotation import rotate_if_large
from sessionlib.clock import sleep
from sessionlib.core.messages import WorkState
from sessionlib.core.work import Aim
from tests.e2e.guard_kit import Rig, now, rig_in

EVERY_KIND = ("child", "setsid", "daemon")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with rig_in(tmp_path) as rig:
        yield rig


def test_serving_begins_and_ends_with_the_goal(rig: Rig) -> None:
    rig.serve()
    assert rig.facts.epoch == 1
    assert not rig.facts.empty
    rig.goal(Aim.REST)
    rig.until(lambda facts: facts.empty, "empty")
    assert rig.facts.state is WorkState.NONE
    assert rig.facts.epoch is None
    assert "warned" in rig.journal.names()
    rig.gone()


@pytest.mark.parametrize("aim", [Aim.REST, Aim.DEAD])
def test_nobody_escapes_by_detaching(rig: Rig, aim: Aim) -> None:
    rig.serve(*EVERY_KIND)
    rig.goal(aim)
    rig.until(lambda facts: facts.empty, "empty")
    rig.gone()


def test_empty_is_not_said_before_the_last_one_has_ended(rig: Rig) -> None:
    rig.serve(*EVERY_KIND, "saver")
    rig.goal(Aim.REST)
    while not rig.workload.step(now()).empty:
        sleep(0.002)
    assert not rig.journal.living()


def test_everybody_is_warned_and_may_save(rig: Rig) -> None:
    rig.serve(*EVERY_KIND, "saver")
    rig.goal(Aim.REST)
    rig.until(lambda facts: facts.empty, "empty")
    saved = [line for line in rig.journal.lines() if line[0] == "saved"]
    assert len(saved) == 1 + len(EVERY_KIND)


def test_a_shell_in_between_costs_its_child_no_warning(rig: Rig) -> None:
    rig.use("saver")
    worker = " ".join(rig.workload.spec.command)
    rig.serve("saver", command=("sh", "-c", f"{worker} & wait"))
    rig.goal(Aim.REST)
    rig.until(lambda facts: facts.empty, "empty")
    assert "saved" in rig.journal.names()


def test_who_does_not_heed_the_warning_is_killed_after_the_grace(rig: Rig) -> None:
    rig.serve("stubborn", *EVERY_KIND, grace_s=0.5)
    begin = now().mono
    rig.goal(Aim.REST)
    rig.until(lambda facts: facts.empty, "empty")
    assert now().mono - begin >= 0.5
    assert "warned" in rig.journal.names()
    rig.gone()


def test_killing_overrides_a_grace_that_has_begun(rig: Rig) -> None:
    rig.serve("stubborn", grace_s=60.0)
    rig.goal(Aim.REST)
    rig.until(lambda _: "warned" in rig.journal.names(), "warned")
    rig.goal(Aim.DEAD)
    rig.until(lambda facts: facts.empty, "empty")
    rig.gone()


def test_what_the_main_process_leaves_behind_is_stopped_before_it_starts_again(rig: Rig) -> None:
    rig.begin("leaver")
    rig.until(lambda _: "left" in rig.journal.names(), "somebody is left")
    rig.until(lambda facts: facts.state is WorkState.BACKOFF, "waiting to start again")
    assert rig.facts.error == "it exited with 3"
    assert rig.facts.restarts == 1
    assert not rig.journal.living()


def test_forks_do_not_outrun_a_kill(rig: Rig) -> None:
    rig.serve("forker", "comet", "comet", "comet")
    rig.goal(Aim.DEAD)
    rig.until(lambda facts: facts.empty, "empty")
    rig.gone()


def test_it_is_started_again_and_again_with_growing_waits(rig: Rig) -> None:
    rig.begin(command=("sh", "-c", "cut -d' ' -f1 /proc/uptime >> starts; exit 7"))
    rig.until(lambda facts: facts.restarts >= 3, "three failures")
    assert rig.facts.error == "it exited with 7"
    first, second, third = map(float, (rig.home / "starts").read_text().split()[:3])
    assert second - first >= 0.45
    assert third - second >= 0.95
    rig.begin()
    rig.until(lambda facts: facts.state is WorkState.SERVING, "another purpose, another chance")
    assert rig.facts.error is None
    assert rig.facts.restarts == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"command": ("no-such-program-anywhere",)}, "not found on PATH"),
        ({"command": ("/no/such/file",)}, "there is no such file"),
        ({"command": ("./a-text",)}, "Permission denied"),
        ({"cwd": "no/such/folder"}, "No such file or directory"),
    ],
)
def test_what_cannot_be_started_says_why(rig: Rig, changes: dict[str, Any], words: str) -> None:
    (rig.home / "a-text").touch(mode=0o600)
    rig.begin(**changes)
    rig.until(lambda facts: facts.state is WorkState.BACKOFF, "waiting to try again")
    assert words in str(rig.facts.error)
    assert rig.facts.empty
    assert rig.facts.epoch is None


def test_its_environment_has_what_it_needs_and_none_of_our_secrets(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLABVPS_FLEET_KEY", "secret")
    monkeypatch.setenv("SESSION_EPOCH", "9")
    dump = "import json, os; print(json.dumps(dict(os.environ)))"
    rig.epoch = 3
    rig.begin(command=(sys.executable, "-c", f"{dump}; import time; time.sleep(60)"))
    log = Path(rig.workload.log_path)
    rig.until(lambda _: log.exists() and log.read_text().endswith("\n"), "a line in the log")
    found = json.loads(log.read_text())
    assert found["SESSION_EPOCH"] == "4"
    assert found["SESSION_MODE"] == "active"
    assert found["SESSION_ACCOUNT"] == "alpha"
    assert found["SESSION_ID"] == "s-1"
    assert found["SESSION_DEADLINE"] == "2000000000"
    assert Path(found["SESSION_DATA_DIR"]).is_dir()
    assert json.loads(Path(found["SESSION_CONTROL_FILE"]).read_text()) == {
        "mode": "active",
        "epoch": 4,
    }
    ours = {name for name in found if name.startswith("COLABVPS_")}
    assert ours == {"COLABVPS_GUARD", "COLABVPS_HOME"}
    assert found["PATH"] == os.environ["PATH"]


def test_the_log_is_cut_and_the_workload_writes_on(rig: Rig) -> None:
    talk = "import time\nwhile True: print('x' * 999); time.sleep(0.001)"
    rig.begin(command=(sys.executable, "-c", talk))
    log = Path(rig.workload.log_path)
    rig.until(lambda _: log.exists() and log.stat().st_size > 50_000, "a long log")
    assert rotate_if_large(log, 50_000)
    kept = log.with_name("workload.log.1")
    assert kept.stat().st_size > 50_000
    rig.until(lambda _: 0 < log.stat().st_size < 50_000, "a new beginning")
    assert not rotate_if_large(log, 10_000_000)
