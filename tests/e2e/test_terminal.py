"""Goal: whoever stops an agent's terminal stops nothing else.

Method: an agent on a terminal that was stopped as by Ctrl-S, and on a pipe that is full before
it says a word. It has to get the lease, keep it, and end when it is told to.
"""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from console.demo.demo_fleet import DemoFleet
from tests.e2e.guard_kit import ROOT, eventually

RENEWALS = 5


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[DemoFleet]:
    with DemoFleet(tmp_path / "fleet", scale=20) as stage:
        yield stage


@pytest.fixture(params=["stopped", "unread"])
def deaf(request: pytest.FixtureRequest) -> Iterator[int]:
    """A descriptor that takes nothing."""
    if request.param == "stopped":
        ours, theirs = pty.openpty()
        termios.tcflow(theirs, termios.TCOOFF)
    else:
        ours, theirs = os.pipe()
        os.set_blocking(theirs, False)
        with suppress(BlockingIOError):
            while True:
                os.write(theirs, b"x")
        os.set_blocking(theirs, True)
    yield theirs
    os.close(theirs)
    os.close(ours)


def test_a_terminal_that_takes_nothing_costs_no_lease(stage: DemoFleet, deaf: int) -> None:
    words = ["-m", "sessionlib", "agent", "--config", str(stage.config_path)]
    with subprocess.Popen(
        [sys.executable, *words, "--account", "ada", "--until-eof"],
        # Closes when this process ends, however it does, and then the agent leaves.
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=deaf,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    ) as agent:
        try:
            eventually(lambda: renewals(stage) >= RENEWALS, "it holds the lease and renews it")
            agent.send_signal(signal.SIGTERM)
            assert agent.wait(60) == 0
        finally:
            agent.kill()


def renewals(stage: DemoFleet) -> int:
    lease = stage.read_snapshot().lease.value
    return lease.renewal if lease is not None and lease.holder == "ada" else 0
