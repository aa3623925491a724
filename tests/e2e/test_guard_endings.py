"""However agent, guard and reaper end, the workload ends with them.

Real processes. The workload has a child in its own group, one in a session of
its own and one that has detached itself altogether.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessionlib.clock import sleep
from sessionlib.core.messages import WorkState
from sessionlib.core.work import Aim, Mode
from sessionlib.guard.client import GuardClient, GuardLost
from sessionlib.guard.sweep import HOME_MARKER, home_mark, marked
from sessionlib.guard.tree import send
from tests.e2e.guard_kit import (
    LIMITS,
    PATIENCE_S,
    Journal,
    Rig,
    actor,
    assert_gone,
    clean,
    eventually,
    guard_and_reaper,
    now,
    rig_in,
    spawn_in,
)

MARKED = ("child", "setsid", "daemon")
EVERY_KIND = (*MARKED, "nameless")


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with actor(tmp_path, 600.0, 0.5, *EVERY_KIND, "stubborn") as process:
        yield process


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with rig_in(tmp_path) as rig:
        rig.serve(*EVERY_KIND, "stubborn")
        yield rig


def assert_all_gone(home: Path) -> None:
    assert_gone(home)
    eventually(lambda: not marked(HOME_MARKER, home_mark(home)), "guard and reaper are gone")


@pytest.mark.parametrize("first", ["agent", "guard", "both stopped first"])
def test_agent_and_guard_killed_in_quick_turn(
    agent: subprocess.Popen[str], tmp_path: Path, first: str
) -> None:
    guard, _ = guard_and_reaper(tmp_path)
    if first == "both stopped first":
        # Neither has a chance to notice the other's end.
        agent.send_signal(signal.SIGSTOP)
        send(guard, signal.SIGSTOP)
    for kill in (agent.kill, lambda: send(guard, signal.SIGKILL))[:: -1 if first == "guard" else 1]:
        kill()
    assert_all_gone(tmp_path)


def test_agent_killed(agent: subprocess.Popen[str], tmp_path: Path) -> None:
    agent.kill()
    assert_all_gone(tmp_path)


def test_agent_killed_while_its_guard_is_stopped(
    agent: subprocess.Popen[str], tmp_path: Path
) -> None:
    """The reaper hears nothing from its guard any more, and that is enough."""
    guard, reaper = guard_and_reaper(tmp_path)
    send(guard, signal.SIGSTOP)
    agent.kill()
    assert_gone(tmp_path)
    send(guard, signal.SIGCONT)
    assert_all_gone(tmp_path)
    del reaper


def test_agent_killed_while_another_process_holds_its_socket(tmp_path: Path) -> None:
    """As after a fork in a notebook: there is no end-of-file then."""
    code = (
        "import os, sys, runpy\n"
        "from sessionlib.clock import sleep\n"
        "from sessionlib.guard.client import GuardClient\n"
        "start = GuardClient.start\n"
        "def start_and_fork(client):\n"
        "    start(client)\n"
        "    if os.fork() == 0:\n"
        "        sleep(30)\n"
        "        os._exit(0)\n"
        "GuardClient.start = start_and_fork\n"
        "runpy.run_module('tests.e2e.guard_actor', run_name='__main__', alter_sys=True)\n"
    )
    with actor(tmp_path, 600.0, 0.5, *EVERY_KIND, code=code) as agent:
        agent.kill()
        assert_all_gone(tmp_path)


def test_guard_killed(rig: Rig) -> None:
    guard, reaper = rig.guards()
    send(guard, signal.SIGKILL)
    first = {proc.pid for proc in rig.journal.living()}
    rig.until(lambda facts: not rig.guarded and facts.empty, "the guard is lost")
    assert not first & {proc.pid for proc in rig.journal.living()}
    rig.until(lambda facts: facts.state is WorkState.SERVING, "another guard, and serving again")
    assert rig.guards()[0] != guard
    assert rig.guards()[1] != reaper


def test_guard_stopped(rig: Rig) -> None:
    """An agent whose guard is stopped stops the work itself."""
    guard, _ = rig.guards()
    rig.goal(Aim.HOLD)
    rig.until(lambda facts: facts.frozen_why, "frozen")
    rig.grant(1)
    rig.goal(Aim.SERVE)
    rig.until(lambda facts: facts.state is WorkState.SERVING, "thawed")
    send(guard, signal.SIGSTOP)
    rig.until(lambda facts: not rig.guarded and facts.empty, "the guard is lost")
    assert "silent" in str(rig.facts.error)
    rig.goal(Aim.REST)
    rig.gone()


def test_reaper_killed(rig: Rig) -> None:
    _, reaper = rig.guards()
    rig.goal(Aim.SERVE)
    send(reaper, signal.SIGKILL)
    rig.until(lambda facts: not rig.guarded and facts.empty, "the guard has ended")
    rig.goal(Aim.REST)
    rig.gone()


def test_reaper_stopped(rig: Rig) -> None:
    _, reaper = rig.guards()
    send(reaper, signal.SIGSTOP)
    rig.until(lambda facts: not rig.guarded and facts.empty, "the guard has ended")
    rig.goal(Aim.REST)
    rig.gone()


@pytest.mark.parametrize("order", [1, -1])
def test_guard_and_reaper_killed(tmp_path: Path, order: int) -> None:
    with rig_in(tmp_path) as rig:
        rig.serve(*MARKED, "stubborn")
        guard_and_reaper_killed(rig, order)


def guard_and_reaper_killed(rig: Rig, order: int) -> None:
    pair = rig.guards()
    for proc in pair:
        send(proc, signal.SIGSTOP)
    for proc in pair[::order]:
        send(proc, signal.SIGKILL)
    rig.until(lambda facts: not rig.guarded and facts.empty, "swept")
    rig.goal(Aim.REST)
    rig.gone()


def test_all_three_killed_and_the_next_agent_of_the_home_clears_up(tmp_path: Path) -> None:
    with actor(tmp_path, 600.0, 0.5, *MARKED, "stubborn") as agent:
        all_three_killed(agent, tmp_path)


def all_three_killed(agent: subprocess.Popen[str], tmp_path: Path) -> None:
    pair = guard_and_reaper(tmp_path)
    mains = {int(line[1]) for line in Journal(tmp_path).lines() if line[0] == "main"}
    agent.send_signal(signal.SIGSTOP)
    for proc in pair:
        send(proc, signal.SIGSTOP)
    for proc in pair:
        send(proc, signal.SIGKILL)
    agent.kill()
    journal = Journal(tmp_path)
    eventually(lambda: not mains & {proc.pid for proc in journal.living()}, "the main one died")
    assert journal.living(), "who detached is left: only another agent can reach it"
    with rig_in(tmp_path) as rig:
        assert not rig.facts.empty
        rig.workload.start()
        assert rig.facts.empty
        assert not journal.living()


@pytest.mark.parametrize("last", ["guard", "reaper"])
def test_a_guard_is_lost_only_once_nothing_is_left_of_it(tmp_path: Path, last: str) -> None:
    """Guard and reaper killed: only the client can still reach who had detached."""
    journal = Journal(tmp_path)
    left: list[int] = []
    lost = threading.Event()

    def on_event(event: object) -> None:
        if isinstance(event, GuardLost):
            left.extend(proc.pid for proc in journal.living())
            lost.set()

    client = GuardClient(home=tmp_path, limits=LIMITS, on_event=on_event)
    try:
        client.start()
        client.send(spawn_in(tmp_path, client, Mode.STANDBY, None, "setsid", "daemon"))
        eventually(lambda: {"main", "setsid", "daemon"} <= journal.names(), "it runs")
        pair = guard_and_reaper(tmp_path)
        for proc in pair:
            send(proc, signal.SIGSTOP)
        for proc in pair if last == "reaper" else pair[::-1]:
            send(proc, signal.SIGKILL)
        assert lost.wait(PATIENCE_S)
        assert left == []
    finally:
        client.close()
        clean(tmp_path)


def test_another_home_is_left_alone(tmp_path: Path) -> None:
    with actor(tmp_path / "one", 600.0, 0.5), rig_in(tmp_path / "two") as rig:
        rig.serve()
        rig.workload.close()
        rig.gone()
        assert Journal(tmp_path / "one").grows()


def test_closing_ends_everything(rig: Rig) -> None:
    rig.workload.close()
    assert rig.facts.empty
    assert_all_gone(rig.home)


def test_the_guard_does_not_end_when_it_is_asked_to(rig: Rig) -> None:
    """A machine that shuts down asks all at once; the agent has to quiesce first."""
    for proc in rig.guards():
        os.kill(proc.pid, signal.SIGTERM)
        os.kill(proc.pid, signal.SIGINT)
        os.kill(proc.pid, signal.SIGHUP)
    begin = now().mono
    while now().mono - begin < 0.5:
        rig.workload.step(now())
        sleep(0.01)
    assert rig.guarded
    assert rig.facts.state is WorkState.SERVING
