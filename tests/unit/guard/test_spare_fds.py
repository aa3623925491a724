"""What can't be seen for want of descriptors is not taken for gone."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessionlib.clock import SystemClock, sleep
from sessionlib.guard import sweep as sweeping
from sessionlib.guard.process_control import ProcessControl
from sessionlib.guard.spare_fds import SpareDescriptors
from sessionlib.guard.tree import STOPPED, read_proc

NOW = SystemClock().now()


def none_left(*_: object, **__: object) -> int:
    raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a group of its own, like a workload's main one."""
    child = subprocess.Popen(["sleep", "100"], start_new_session=True)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def state(child: subprocess.Popen[bytes]) -> str:
    proc = read_proc(child.pid)
    assert proc is not None
    return proc.state


def becomes(child: subprocess.Popen[bytes], states: frozenset[str]) -> bool:
    for _ in range(1000):
        if state(child) in states:
            return True
        sleep(0.005)
    return False


def blind(monkeypatch: pytest.MonkeyPatch, main: int) -> ProcessControl:
    """A process control that knows the workload's main process, and can read nothing any more."""
    control = ProcessControl(reaper_pid=0)
    control.note_new_process(main)
    monkeypatch.setattr(control, "find_family", none_left)
    monkeypatch.setattr(control._freezer, "_find_family", none_left)
    return control


def test_a_process_that_cant_be_read_hasnt_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", none_left)
    with pytest.raises(OSError, match="Too many open files"):
        read_proc(os.getpid())


def test_a_home_that_cant_be_searched_isnt_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sweeping.sweep("MARK", "nobody's", patience_s=0, limit_s=0)
    monkeypatch.setattr(sweeping, "snapshot", none_left)
    assert not sweeping.sweep("MARK", "nobody's", patience_s=0, limit_s=0)


def test_nor_is_one_whose_processes_dont_show_whose_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Path, "read_bytes", none_left)
    assert not sweeping.sweep("MARK", "nobody's", patience_s=0, limit_s=0)


def test_what_was_put_by_is_there_for_one_try_and_then_again() -> None:
    reserve = SpareDescriptors()
    held = list(reserve._held)
    tries: list[bool] = []

    def act() -> str:
        free = all(not os.path.exists(f"/proc/self/fd/{number}") for number in held)  # noqa: PTH110 - a number, not a file
        tries.append(free)
        if not free:
            none_left()
        return "done"

    assert [reserve.attempt(act), reserve.attempt(act)] == ["done", "done"]
    assert tries == [False, True, False, True]


def test_another_failure_is_not_tried_again() -> None:
    tries: list[int] = []

    def act() -> None:
        tries.append(1)
        raise PermissionError

    with pytest.raises(PermissionError):
        SpareDescriptors().attempt(act)
    assert tries == [1]


def test_without_a_look_the_main_process_is_stopped_but_not_said_to_be_still(
    monkeypatch: pytest.MonkeyPatch, child: subprocess.Popen[bytes]
) -> None:
    control = blind(monkeypatch, child.pid)
    assert control.freeze(NOW) is False
    assert becomes(child, STOPPED)
    assert control.unsettled_s(SystemClock().now()) > 0


def test_without_a_look_the_main_process_is_killed(
    monkeypatch: pytest.MonkeyPatch, child: subprocess.Popen[bytes]
) -> None:
    blind(monkeypatch, child.pid).kill()
    assert child.wait() == -signal.SIGKILL


def test_a_main_process_that_has_ended_is_no_longer_hit(
    monkeypatch: pytest.MonkeyPatch, child: subprocess.Popen[bytes]
) -> None:
    """Its number may be another one's by now."""
    control = blind(monkeypatch, child.pid)
    control.group = None
    control.kill()
    sleep(0.1)
    assert child.poll() is None


def test_a_warning_that_couldnt_be_given_is_given_later(
    monkeypatch: pytest.MonkeyPatch, child: subprocess.Popen[bytes]
) -> None:
    control = ProcessControl(reaper_pid=0)
    with monkeypatch.context() as patched:
        patched.setattr(control, "find_family", none_left)
        control.send_sigterm()
    assert child.poll() is None
    control.send_sigterm()
    assert child.wait() == -signal.SIGTERM
