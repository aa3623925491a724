"""Goal: whoever starts a session by any launcher can rely on what it says of it.

Method: real sessions, by every launcher that there is; starters are killed between their steps,
agents are killed and frozen, and another program has to say what became of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from sessionlib.launchers import Launcher, LaunchRefused, LaunchState
from sessionlib.launchers.kinds import KINDS
from tests.contract.launchers.adapters import (
    ACCOUNT,
    ADAPTERS,
    CLOCK,
    LIMIT_S,
    SEED,
    WORKLOADS_OWN,
    LauncherAdapter,
)
from tests.contract.launchers.starter import Starter

MOST_MOMENTS = 200
RACERS = 4
ROUNDS = 3


@pytest.fixture(params=sorted(ADAPTERS))
def adapter(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LauncherAdapter]:
    monkeypatch.setenv("COLABVPS_FLEET_KEY", SEED)
    monkeypatch.setenv("TOKEN", WORKLOADS_OWN)
    adapter = ADAPTERS[request.param](tmp_path)
    yield adapter
    adapter.clean_up()


def state(launcher: Launcher) -> LaunchState | None:
    """What is known of the account's last start; None without one."""
    handle = launcher.known(ACCOUNT)
    return None if handle is None else launcher.status(handle).state


def stopped(launcher: Launcher) -> LaunchState:
    handle = launcher.known(ACCOUNT)
    assert handle is not None
    return launcher.stop(handle).state


def started(launcher: Launcher) -> str:
    try:
        launcher.start(ACCOUNT)
    except LaunchRefused:
        return "refused"
    return "started"


def last_nonce(launcher: Launcher) -> str | None:
    handle = launcher.known(ACCOUNT)
    return None if handle is None else handle.nonce


def test_every_launcher_that_starts_sessions_is_under_the_contract() -> None:
    assert {name for name, kind in KINDS.items() if kind.starts} <= set(ADAPTERS)


def test_what_was_never_started_is_not_known(adapter: LauncherAdapter) -> None:
    assert state(adapter.open()) is None


def test_a_start_is_found_by_another_program(adapter: LauncherAdapter) -> None:
    handle = adapter.open().start(ACCOUNT)
    other = adapter.open()
    assert other.known(ACCOUNT) == handle
    assert other.status(handle).state is LaunchState.RUNNING
    adapter.until_complete()
    assert stopped(adapter.open()) is LaunchState.ENDED
    assert adapter.processes() == []


def test_a_starter_killed_at_any_moment_leaves_it_clear_what_came_of_it(
    adapter: LauncherAdapter,
) -> None:
    seen: set[bool] = set()
    with Starter(adapter.config.path, ACCOUNT) as starter:
        for moment in range(1, MOST_MOMENTS):
            came_of_it = starter.ask(f"die {moment}")
            if came_of_it != "died":
                break
            is_there = bool(adapter.processes())
            seen.add(is_there)
            # Nothing is started without a trace by which the next one finds it.
            assert not is_there or adapter.traces()
            assert (state(adapter.open()) is LaunchState.RUNNING) is is_there, moment
            if is_there:
                with pytest.raises(LaunchRefused):
                    adapter.open().start(ACCOUNT)
                assert stopped(adapter.open()) is LaunchState.ENDED
                assert adapter.processes() == []
    # What all the others left keeps the last from nothing.
    assert came_of_it == "started"
    assert seen == {False, True}


def test_of_a_starter_frozen_at_any_moment_and_another_one_gets_through(
    adapter: LauncherAdapter,
) -> None:
    with Starter(adapter.config.path, ACCOUNT) as frozen:
        for moment in range(1, MOST_MOMENTS):
            came_of_it = frozen.ask(f"freeze {moment}")
            if came_of_it != "frozen":
                break
            launcher = adapter.open()
            nonce, said = last_nonce(launcher), state(launcher)
            came_of_both = [started(launcher), frozen.ask("thaw")]
            assert sorted(came_of_both) == ["refused", "started"], moment
            assert state(launcher) is LaunchState.RUNNING
            # What was said to have ended doesn't come to life.
            assert said is not LaunchState.ENDED or last_nonce(launcher) != nonce, moment
            adapter.clean_up()
    assert came_of_it == "started"


def test_of_several_starters_at_once_one_gets_through(adapter: LauncherAdapter) -> None:
    with ExitStack() as stack:
        starters = [
            stack.enter_context(Starter(adapter.config.path, ACCOUNT)) for _ in range(RACERS)
        ]
        for _ in range(ROUNDS):
            for starter in starters:
                starter.send("start")
            answers = sorted(starter.answer() for starter in starters)
            assert answers == ["refused"] * (RACERS - 1) + ["started"]
            assert state(adapter.open()) is LaunchState.RUNNING
            adapter.clean_up()
            assert state(adapter.open()) is LaunchState.ENDED


def test_a_second_start_is_refused_while_the_first_may_live(adapter: LauncherAdapter) -> None:
    handle = adapter.open().start(ACCOUNT)
    adapter.until_complete()
    with pytest.raises(LaunchRefused):
        adapter.open().start(ACCOUNT)
    adapter.freeze()
    with pytest.raises(LaunchRefused):
        adapter.open().start(ACCOUNT)
    assert adapter.open().known(ACCOUNT) == handle


def test_ended_is_said_only_of_what_is_certainly_gone(adapter: LauncherAdapter) -> None:
    adapter.open().start(ACCOUNT)
    adapter.until_complete()
    adapter.kill_agent()
    assert adapter.processes(), "what the agent left is still there"
    assert state(adapter.open()) is not LaunchState.ENDED
    assert stopped(adapter.open()) is LaunchState.ENDED
    assert adapter.processes() == []


def test_stopping_twice_is_stopping_once(adapter: LauncherAdapter) -> None:
    adapter.open().start(ACCOUNT)
    adapter.until_complete()
    assert stopped(adapter.open()) is LaunchState.ENDED
    assert stopped(adapter.open()) is LaunchState.ENDED
    assert state(adapter.open()) is LaunchState.ENDED


def test_every_call_comes_back_from_a_session_that_answers_nothing(
    adapter: LauncherAdapter,
) -> None:
    launcher = adapter.open()
    handle = launcher.start(ACCOUNT)
    adapter.until_complete()
    adapter.freeze()
    began_mono = CLOCK.now().mono
    assert launcher.known(ACCOUNT) == handle
    assert launcher.status(handle).state is LaunchState.RUNNING
    with suppress(LaunchRefused):
        launcher.start(ACCOUNT)
    assert launcher.stop(handle).state is LaunchState.ENDED
    assert CLOCK.now().mono - began_mono < LIMIT_S
    assert adapter.processes() == []


def test_a_session_that_never_ends_by_itself_is_ended_in_time(adapter: LauncherAdapter) -> None:
    adapter.open().start(ACCOUNT)
    adapter.until_complete()
    began_mono = CLOCK.now().mono
    with adapter.hung():
        assert stopped(adapter.open()) is LaunchState.ENDED
    assert CLOCK.now().mono - began_mono < LIMIT_S
    assert adapter.processes() == []


def test_no_secret_stands_in_arguments_logs_or_traces(adapter: LauncherAdapter) -> None:
    adapter.open().start(ACCOUNT)
    adapter.until_complete()
    texts = adapter.texts()
    assert ACCOUNT in texts
    assert SEED not in texts
    assert WORKLOADS_OWN not in texts
    # An agent needs the public half of the operators' key and no more.
    assert SEED not in adapter.environments()


def test_of_a_start_elsewhere_nothing_is_claimed(adapter: LauncherAdapter) -> None:
    launcher = adapter.open()
    handle = launcher.start(ACCOUNT)
    stopped(launcher)
    elsewhere = replace(handle, machine="another one")
    assert launcher.status(elsewhere).state is LaunchState.UNKNOWN
    assert launcher.stop(elsewhere).state is LaunchState.UNKNOWN
