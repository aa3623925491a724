"""A warm standby: it runs without a lease, and becomes active only under one.

Real processes; the journal says what each believed itself to be.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessionlib.core.messages import WorkState
from sessionlib.core.work import Aim
from tests.e2e.guard_kit import Rig, rig_in


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with rig_in(tmp_path) as rig:
        yield rig


def test_a_warm_standby_runs_without_a_lease_and_becomes_active(rig: Rig) -> None:
    rig.use("setsid", standby="warm")
    rig.goal(Aim.WARM)
    rig.until(lambda facts: facts.state is WorkState.WARM and facts.ready, "warm")
    rig.appear("main", "setsid")
    assert rig.facts.epoch is None
    (main,) = {line[1] for line in rig.journal.lines() if line[0] == "main"}
    rig.epoch = 5
    rig.grant(5)
    rig.goal(Aim.SERVE)
    rig.until(lambda facts: facts.state is WorkState.SERVING, "serving")
    rig.until(lambda _: "told" in rig.journal.names(), "told")
    assert rig.facts.epoch == 5
    control = json.loads((rig.home / "run" / "control.json").read_text())
    assert control == {"mode": "active", "epoch": 5}
    told = next(line for line in rig.journal.lines() if line[0] == "told")
    assert told[1] == main
    assert told[3:] == ["active", "5"]
    standby = [line for line in rig.journal.lines() if line[3] == "standby"]
    assert standby
    rig.grant(5, valid_s=0.4)
    rig.until(lambda facts: facts.state is WorkState.FROZEN, "frozen")
    assert not rig.journal.grows()


def test_a_warm_standby_is_not_woken_without_a_lease(rig: Rig) -> None:
    rig.use(standby="warm")
    rig.goal(Aim.WARM)
    rig.until(lambda facts: facts.ready, "warm")
    rig.appear("main")
    rig.epoch = 5
    rig.goal(Aim.SERVE)
    rig.run_for(0.3)
    assert rig.facts.state is WorkState.WARM
    assert "told" not in rig.journal.names()


def test_a_standby_that_is_not_ready_is_replaced_not_woken(rig: Rig) -> None:
    rig.use(standby="warm", ready_file="never")
    rig.goal(Aim.WARM)
    rig.until(lambda facts: facts.state is WorkState.WARM, "started")
    rig.appear("main")
    assert not rig.facts.ready
    rig.use("ready", standby="warm", ready_file="data/ready")
    rig.epoch = 5
    rig.grant(5)
    rig.goal(Aim.SERVE)
    rig.until(lambda facts: facts.state is WorkState.SERVING, "serving")
    assert "told" not in rig.journal.names()
    assert {line[1] for line in rig.journal.lines() if line[3] == "active"}
