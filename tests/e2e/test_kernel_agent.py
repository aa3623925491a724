"""The agent itself in a notebook's cell, as on a hosted notebook service.

Goal: a restart of the kernel leaves no workload behind, and the cell's
interruption is an orderly end. Method: a real kernel, the agent blocking its
cell, judged by the workload's journal and by what processes are left.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

from console.demo.demo_fleet import DemoFleet
from console.demo.journal_judge import read_journals
from sessionlib.core.values import LeaseState
from sessionlib.guard.sweep import HOME_MARKER, home_mark, marked
from tests.e2e.guard_kit import ROOT, eventually

CELL = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from sessionlib.agent.start import run
from sessionlib.config_loading import load
run(load(Path({config!r})), "ada")
"""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[DemoFleet]:
    with DemoFleet(tmp_path / "fleet", scale=20) as stage:
        yield stage


@pytest.fixture
def kernel(stage: DemoFleet) -> Iterator[KernelManager]:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(stage.folder))
    try:
        run_agent(manager, stage)
        yield manager
    finally:
        manager.shutdown_kernel(now=True)


def run_agent(manager: KernelManager, stage: DemoFleet) -> None:
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    # Not waited for: the cell blocks for as long as the agent runs.
    client.execute(CELL.format(root=str(ROOT), config=str(stage.config_path)))
    eventually(lambda: ticks(stage) > 10, "the workload works")
    client.stop_channels()


def ticks(stage: DemoFleet) -> int:
    return sum(len(tenure.ticks) for tenure in read_journals(stage.journals))


def nothing_is_left(stage: DemoFleet) -> bool:
    return not marked(HOME_MARKER, home_mark(stage.folder / "work" / "ada"))


@pytest.mark.parametrize("now", [True, False], ids=["killed", "asked"])
def test_a_restart_leaves_no_workload_and_the_cell_can_run_again(
    kernel: KernelManager, stage: DemoFleet, now: bool
) -> None:
    kernel.restart_kernel(now=now)
    eventually(lambda: nothing_is_left(stage), "nothing of the workload is left")
    before = ticks(stage)
    epochs = {tenure.epoch for tenure in read_journals(stage.journals)}
    run_agent(kernel, stage)
    eventually(lambda: ticks(stage) > before + 10, "it works again")
    tenures = read_journals(stage.journals)
    assert {tenure.epoch for tenure in tenures} > epochs, "a restarted agent claims anew"


def test_interrupting_the_cell_gives_the_lease_up(kernel: KernelManager, stage: DemoFleet) -> None:
    kernel.interrupt_kernel()
    eventually(lambda: nothing_is_left(stage), "nothing of the workload is left")
    lease = stage.read_snapshot().lease.value
    assert lease is not None
    assert (lease.state, lease.holder) == (LeaseState.FREE, None)
