"""Goal: a start leaves a trace before it is tried, and "ended" is said only of what is gone.

Method: real agents in homes of their own; processes are killed and stopped under a launcher that
has to say what is left of them. tests/contract/launchers holds what every launcher promises.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from sessionlib.config_loading import load
from sessionlib.guard.sweep import HOME_MARKER, home_mark, marked
from sessionlib.guard.tree import DEAD, read_proc
from sessionlib.launchers import LaunchHandle, LaunchRefused, LaunchState, LaunchStatus
from sessionlib.launchers import local as local_module
from sessionlib.launchers.handles import NAME, load_handle, save_handle, this_machine
from sessionlib.launchers.local import LAUNCH_MARKER, LocalLauncher
from sessionlib.launchers.locks import LAUNCH_LOCK, is_taken, locked
from sessionlib.layout import AGENT_LOCK
from tests.unit.launchers.local_fleet import BODY, CLOCK, LIMIT_S, SEED, Place, place, until

__all__ = ["place"]


def is_gone(pid: int | None) -> bool:
    proc = read_proc(pid or -1)
    return proc is None or proc.state in DEAD


def test_a_start_is_found_again_and_stopped(place: Place) -> None:
    handle = place.launcher.start("primary")
    assert place.known() == handle
    running = place.status()
    assert (running.state, running.pid) == (LaunchState.RUNNING, handle.pid)
    assert running.since_s is not None
    assert running.since_s < LIMIT_S
    place.until_guarded()
    # Another program, which has started nothing.
    other = LocalLauncher(place.config, CLOCK)
    ended = other.stop(other.known("primary") or handle)
    assert ended.state is LaunchState.ENDED
    assert f"process {handle.pid}, is gone" in ended.how
    assert is_gone(handle.pid)
    assert marked(HOME_MARKER, home_mark(place.home)) == []
    assert "ending: SIGTERM" in (place.home / "logs" / "agent.jsonl").read_text()


def test_it_runs_in_a_session_of_its_own_and_without_the_secret(place: Place) -> None:
    handle = place.launcher.start("primary")
    assert handle.pid is not None
    assert os.getsid(handle.pid) == handle.pid
    words = Path(f"/proc/{handle.pid}/cmdline").read_bytes()
    environ = Path(f"/proc/{handle.pid}/environ").read_bytes()
    assert SEED.encode() not in words + environ
    assert f"{LAUNCH_MARKER}={handle.nonce}".encode() in environ
    assert b"\0agent\0" in words


def test_a_second_start_is_refused_with_the_process(place: Place) -> None:
    handle = place.launcher.start("primary")
    until(lambda: is_taken(place.home / AGENT_LOCK), "the agent has its home")
    with pytest.raises(LaunchRefused, match=rf"process {handle.pid}.*stop primary"):
        LocalLauncher(place.config, CLOCK).start("primary")
    assert place.known() == handle


def test_an_agent_that_was_started_by_hand_counts_too(place: Place) -> None:
    words = ["agent", "--config", str(place.config.path), "--account", "primary"]
    by_hand = subprocess.Popen(
        [sys.executable, "-m", "sessionlib", *words], stdout=subprocess.DEVNULL
    )
    until(lambda: place.home.is_dir() and is_taken(place.home / AGENT_LOCK), "it has its home")
    with pytest.raises(LaunchRefused, match=f"process {by_hand.pid}"):
        place.launcher.start("primary")
    place.until_guarded()
    # A start of ours from before it: stopping that one does this one no harm.
    save_handle(LaunchHandle("primary", str(place.home), "5" * 16, this_machine(), 2**22 + 1, 1))
    found = place.launcher.stop(place.known())
    assert found.state is LaunchState.RUNNING
    assert found.session is None
    assert by_hand.poll() is None
    place.until_guarded()
    by_hand.terminate()
    assert by_hand.wait(LIMIT_S) == 0


def test_a_killed_agent_has_not_ended_while_its_guard_is_there(place: Place) -> None:
    handle = place.launcher.start("primary")
    place.until_guarded()
    guards = marked(HOME_MARKER, home_mark(place.home))
    for proc in guards:
        os.kill(proc.pid, signal.SIGSTOP)
    child = place.launcher.child(handle)
    child.kill()
    child.wait()
    status = place.status()
    assert (status.state, status.pid in {proc.pid for proc in guards}) == (
        LaunchState.RUNNING,
        True,
    )
    assert "guard or workload" in status.how
    for proc in guards:
        with suppress(ProcessLookupError):
            os.kill(proc.pid, signal.SIGCONT)
    until(lambda: place.status().state is LaunchState.ENDED, "guard and reaper end by themselves")
    # What is left of one doesn't keep another from starting.
    again = place.launcher.start("primary")
    assert again.nonce != handle.nonce


def test_stopping_ends_a_stopped_agent_and_what_its_guard_left(place: Place) -> None:
    handle = place.launcher.start("primary")
    place.until_guarded()
    for proc in marked(HOME_MARKER, home_mark(place.home)):
        os.kill(proc.pid, signal.SIGSTOP)
    place.launcher.child(handle).kill()
    assert place.launcher.stop(handle).state is LaunchState.ENDED
    assert marked(HOME_MARKER, home_mark(place.home)) == []


def test_the_session_is_vouched_for_only_where_it_was_the_last_in_its_home(place: Place) -> None:
    handle = place.launcher.start("primary")
    until(lambda: place.status().session, "a session")
    session = place.status().session
    assert place.launcher.stop(handle).session == session
    (place.home / AGENT_LOCK).write_text(str(os.getpid()))
    assert (place.status().state, place.status().session) == (LaunchState.ENDED, None)


def test_a_number_used_again_is_another_process(place: Place) -> None:
    place.home.mkdir(parents=True)
    mine = read_proc(os.getpid())
    assert mine is not None
    handle = LaunchHandle(
        "primary", str(place.home), "0" * 16, this_machine(), mine.pid, mine.start + 1
    )
    assert place.launcher.status(handle).state is LaunchState.ENDED
    assert place.launcher.stop(handle).state is LaunchState.ENDED
    same = replace(handle, start=mine.start)
    assert place.launcher.status(same).state is LaunchState.RUNNING


@pytest.mark.parametrize("machine", [None, "another boot pid:[1]"])
def test_of_another_machine_nothing_is_known(place: Place, machine: str | None) -> None:
    place.home.mkdir(parents=True)
    handle = LaunchHandle("primary", str(place.home), "0" * 16, machine, 2**22 + 1, 1)
    assert place.launcher.status(handle).state is LaunchState.UNKNOWN
    assert place.launcher.stop(handle).state is LaunchState.UNKNOWN


def test_a_machine_that_cant_be_searched_proves_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.home.mkdir(parents=True)
    handle = LaunchHandle("primary", str(place.home), "0" * 16, this_machine(), 2**22 + 1, 1)

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(local_module, "marked", refused)
    assert place.launcher.status(handle).state is LaunchState.UNKNOWN


def test_what_is_being_started_is_neither(place: Place) -> None:
    place.home.mkdir(parents=True)
    save_handle(LaunchHandle("primary", str(place.home), "0" * 16, this_machine()))
    with locked(place.home / LAUNCH_LOCK, CLOCK) as lock:
        assert lock is not None
        assert place.status().state is LaunchState.UNKNOWN
        with pytest.raises(LaunchRefused):
            place.launcher.start("primary")
    assert place.status() == LaunchStatus(
        LaunchState.ENDED, "its start was broken off, and no process came of it"
    )


@pytest.mark.parametrize(
    "rubbish",
    [
        "",
        "[]",
        "{",
        '{"schema": "launch/1"}',
        '{"schema": "launch/2"}',
        '{"schema": "launch/1", "account": "primary", "home": "x", "nonce": "n", "pid": "1"}',
    ],
)
def test_rubbish_in_its_place_is_no_handle(place: Place, rubbish: str) -> None:
    place.home.mkdir(parents=True)
    (place.home / NAME).write_text(rubbish)
    assert place.launcher.known("primary") is None


def test_a_handle_of_another_account_is_none_of_this_one(tmp_path: Path) -> None:
    handle = LaunchHandle("primary", str(tmp_path), "n", "m", 1, 2)
    save_handle(handle)
    assert load_handle(tmp_path, "primary") == handle
    assert load_handle(tmp_path, "backup1") is None
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_an_agent_that_could_obey_no_order_isnt_started(place: Place) -> None:
    path = place.config.path
    path.write_text("".join(f"{line}\n" for line in BODY.splitlines() if "fleet_key" not in line))
    with pytest.raises(LaunchRefused, match="fleet_key"):
        LocalLauncher(load(path), CLOCK).start("primary")
    assert not place.home.exists()
