"""Goal: a guard for whom there is no descriptor left still stops the work, and outlives that.

Method: the kernel's limit, lowered on guard and reaper as they run to what they
have open: every further open fails as it does where a machine's file table is full.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sessionlib.core.messages import WorkState
from sessionlib.guard.tree import Proc
from tests.e2e.guard_kit import (
    LIMITS,
    VALID_S,
    Rig,
    actor,
    all_below_stopped,
    assert_gone,
    guard_and_reaper,
    rig_in,
)

DETACHED = ("child", "setsid", "daemon")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with rig_in(tmp_path) as rig:
        yield rig


@contextmanager
def no_descriptors(*procs: Proc) -> Iterator[None]:
    """As many as are open, and none more: the lowest number that is free is beyond the limit."""
    before = {proc.pid: resource.prlimit(proc.pid, resource.RLIMIT_NOFILE) for proc in procs}
    for pid, (_, most) in before.items():
        taken = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}  # noqa: PTH208 - names only
        free = min(set(range(len(taken) + 1)) - taken)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, most))
    try:
        yield
    finally:
        for pid, limits in before.items():
            try:
                resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            except ProcessLookupError:
                continue


def test_at_the_deadline_everybody_stands_still(rig: Rig) -> None:
    rig.serve(*DETACHED)
    pair = rig.guards()
    with no_descriptors(*pair):
        sent = rig.grant(1, valid_s=0.8)
        rig.until(lambda facts: facts.state is WorkState.FROZEN, "frozen")
        assert all_below_stopped(*pair)
        assert rig.journal.last_boot() < sent.boot + 0.8 + LIMITS.margin_s
        assert not rig.journal.grows()
        rig.grant(1)
        rig.until(lambda facts: facts.state is WorkState.SERVING, "thawed")
    assert [each.pid for each in rig.guards()] == [each.pid for each in pair], "not others"


def test_nothing_is_left_of_an_agent_that_was_killed(tmp_path: Path) -> None:
    """Nobody comes after it and looks for what is left."""
    with (
        actor(tmp_path, VALID_S, VALID_S, *DETACHED) as agent,
        no_descriptors(*guard_and_reaper(tmp_path)),
    ):
        agent.kill()
        assert_gone(tmp_path)


@pytest.mark.parametrize("killed", [0, 1], ids=["guard", "reaper"])
def test_nothing_is_left_when_one_of_the_two_is_killed(tmp_path: Path, killed: int) -> None:
    with actor(tmp_path, VALID_S, VALID_S, *DETACHED) as agent:
        pair = guard_and_reaper(tmp_path)
        os.kill(agent.pid, signal.SIGSTOP)
        with no_descriptors(pair[1 - killed]):
            os.kill(pair[killed].pid, signal.SIGKILL)
            assert_gone(tmp_path)
