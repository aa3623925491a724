"""In a notebook: a restart of the kernel ends the workload, whichever way it is done.

A real Jupyter kernel runs the agent's part in a cell. Its workload has a child
in a session of its own, which a kernel's own cleaning up doesn't reach.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from sessionlib.clock import sleep
from sessionlib.guard.sweep import HOME_MARKER, home_mark, marked
from tests.e2e.guard_kit import ROOT, Journal, assert_gone, clean, eventually

KINDS = ["setsid", "daemon", "stubborn"]
BOOT_S = 60


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[KernelManager]:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(ROOT))
    try:
        start_agent(manager, tmp_path)
        yield manager
    finally:
        manager.shutdown_kernel(now=True)
        clean(tmp_path)


def execute(manager: KernelManager, code: str) -> None:
    client: BlockingKernelClient = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=BOOT_S)
        reply = client.execute_interactive(code, timeout=BOOT_S, output_hook=lambda _: None)
        assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()


def start_agent(manager: KernelManager, home: Path) -> None:
    execute(
        manager,
        "import sys, threading, pathlib\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.e2e import guard_actor\n"
        f"words = (pathlib.Path({str(home)!r}), 600.0, 0.5, {KINDS!r})\n"
        "threading.Thread(target=guard_actor.main, args=words, daemon=True).start()\n",
    )
    eventually(lambda: {"main", "setsid", "daemon"} <= Journal(home).names(), "it runs")


@pytest.mark.parametrize("now", [True, False], ids=["killed", "asked"])
def test_a_restart_leaves_nothing_of_the_workload(
    kernel: KernelManager, tmp_path: Path, now: bool
) -> None:
    kernel.restart_kernel(now=now)
    assert_gone(tmp_path)
    eventually(lambda: not marked(HOME_MARKER, home_mark(tmp_path)), "the guard is gone too")
    # The kernel itself is well, and the next agent of this home may serve at once.
    start_agent(kernel, tmp_path)
    eventually(Journal(tmp_path).grows, "it runs again")


def test_an_interrupted_cell_does_not_disturb_it(kernel: KernelManager, tmp_path: Path) -> None:
    before = {proc.pid for proc in Journal(tmp_path).living()}
    kernel.interrupt_kernel()
    sleep(0.5)
    assert Journal(tmp_path).grows()
    assert {proc.pid for proc in Journal(tmp_path).living()} == before
