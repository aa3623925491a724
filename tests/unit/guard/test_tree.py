"""Signals to the right processes and to no other: with real ones."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sessionlib.clock import sleep
from sessionlib.guard import process_control, tree
from sessionlib.guard.process_control import ProcessControl
from sessionlib.guard.tree import Family, Proc, family, read_proc, send, strike

PAIR = "sleep 100 & exec sleep 100"


@pytest.fixture
def pair() -> Iterator[tuple[Proc, Proc]]:
    """Two processes of one group and session, one of them the other's child."""
    head = subprocess.Popen(["sh", "-c", PAIR], start_new_session=True)
    try:
        while not (members := family([head.pid]).members):
            sleep(0.005)
        parent = read_proc(head.pid)
        assert parent is not None
        yield parent, members[0]
    finally:
        os.killpg(head.pid, signal.SIGKILL)
        head.wait()


def executes(proc: Proc) -> bool:
    now = read_proc(proc.pid)
    return now is not None and now.start == proc.start and now.state not in tree.DEAD


def ends(proc: Proc) -> bool:
    for _ in range(1000):
        if not executes(proc):
            return True
        sleep(0.005)
    return False


def test_a_number_that_means_another_process_by_now_is_left_alone(pair: tuple[Proc, Proc]) -> None:
    head, _ = pair
    send(replace(head, start=head.start - 1), signal.SIGKILL)
    sleep(0.1)
    assert executes(head)
    send(head, signal.SIGKILL)
    assert ends(head)
    send(head, signal.SIGKILL)


def test_without_the_kernels_handles_it_goes_by_number(
    pair: tuple[Proc, Proc], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", missing)
    head, _ = pair
    send(replace(head, start=head.start - 1), signal.SIGKILL)
    sleep(0.1)
    assert executes(head)
    send(head, signal.SIGKILL)
    assert ends(head)


def test_only_a_stubborn_familys_group_is_hit(pair: tuple[Proc, Proc]) -> None:
    head, child = pair
    strike([child], signal.SIGKILL, 0)
    assert ends(child)
    assert executes(head)
    # The one that was seen has ended; what came of it meanwhile is still in its group.
    strike([child], signal.SIGKILL, tree.STUBBORN_PASSES)
    assert ends(head)


def test_our_own_group_is_never_hit() -> None:
    """If it were, this test would not live to tell."""
    child = subprocess.Popen(["sleep", "100"])
    proc = read_proc(child.pid)
    assert proc is not None
    assert proc.pgid == os.getpgrp()
    strike([proc], signal.SIGKILL, tree.STUBBORN_PASSES)
    child.wait()


def test_a_family_is_all_that_descends_children_first(pair: tuple[Proc, Proc]) -> None:
    head, child = pair
    members = family([os.getpid()]).members
    numbers = [proc.pid for proc in members]
    assert numbers.index(child.pid) < numbers.index(head.pid)
    assert os.getpid() not in numbers
    spared = family([os.getpid()], spared={head.pid}).members
    assert head.pid not in {proc.pid for proc in spared}
    assert child.pid in {proc.pid for proc in spared}


def test_who_hangs_in_the_air_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {1: Proc(1, 0, 1, "S", 1), 5: Proc(5, 4, 5, "S", 50), 6: Proc(6, 1, 6, "Z", 60)}
    monkeypatch.setattr(tree, "_listed", lambda: list(table))
    monkeypatch.setattr(tree, "read_proc", table.get)
    found = family([1])
    assert found == Family((), orphans=frozenset({(5, 50)}), dead=frozenset({(6, 60)}))


def test_an_end_during_a_look_is_told(
    pair: tuple[Proc, Proc], monkeypatch: pytest.MonkeyPatch
) -> None:
    head, _ = pair
    passing = subprocess.Popen(["sleep", "100"])
    listed = tree._listed

    def then_one_ends() -> list[int]:
        pids = listed()
        passing.kill()
        passing.wait()
        return pids

    monkeypatch.setattr(tree, "_listed", then_one_ends)
    assert family([head.pid]).vanished
    # Of the machine's others somebody may always end.
    monkeypatch.setattr(tree, "_listed", lambda: [pid for pid in listed() if pid >= head.pid])
    assert not all(family([head.pid]).vanished for _ in range(100))


def test_a_name_cannot_confuse_the_reader(tmp_path: Path) -> None:
    program = tmp_path / "a) Z 1 ("
    shutil.copy(shutil.which("sleep") or "", program)
    child = subprocess.Popen([str(program), "100"])
    try:
        proc = read_proc(child.pid)
        assert proc is not None
        assert proc.ppid == os.getpid()
        assert proc.state in {"S", "R", "D"}
    finally:
        child.kill()
        child.wait()
    assert read_proc(child.pid) is None


def test_each_pass_of_a_kill_takes_in_who_has_come_to_be_since(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    born = iter([(Proc(5, 1, 5, "S", 50),), (Proc(6, 1, 5, "S", 60),)])
    killed: list[int] = []
    monkeypatch.setattr(
        process_control, "strike", lambda members, *_: killed.extend(p.pid for p in members)
    )
    hold = ProcessControl(reaper_pid=4)
    monkeypatch.setattr(hold, "find_family", lambda: Family(next(born)))
    hold.kill()
    assert hold.pause_s is not None
    hold.kill()
    assert killed == [5, 6]


def test_who_is_marked_is_found_but_not_those_we_run_below() -> None:
    """As when an agent was itself started by a workload of its home."""
    look = (
        "import os\n"
        "from sessionlib.guard.sweep import marked\n"
        "print(*sorted(proc.pid for proc in marked('MARK', 'test-of-marks')))\n"
    )
    done = subprocess.run(
        ["sh", "-c", 'sleep 100 & echo $!; "$0" -c "$1"; kill $!', sys.executable, look],
        env={**os.environ, "MARK": "test-of-marks"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    beside, found = done.stdout.splitlines()
    assert found == beside


def test_a_pass_is_soon_at_first_and_patient_later() -> None:
    assert tree.pause_s(0) < tree.pause_s(10_000) <= 0.1


HEADLESS = """
import ctypes, sys, threading, time
def go_on():
    while True:
        time.sleep(0.005)
        sys.stdout.write(".")
        sys.stdout.flush()
threading.Thread(target=go_on).start()
ctypes.CDLL(None).syscall({exit}, 0)
"""
"""A program whose first thread ends, while another one works on: C programs do so."""
EXIT = {"x86_64": 60, "aarch64": 93}.get(os.uname().machine)


@pytest.mark.skipif(EXIT is None, reason="the number of exit(2) isn't known for this machine")
def test_a_process_whose_first_thread_has_ended_is_not_dead(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with journal.open("wb") as out:
        headless = subprocess.Popen(
            [sys.executable, "-c", HEADLESS.format(exit=EXIT)], stdout=out, start_new_session=True
        )
    try:
        main = Path(f"/proc/{headless.pid}/task/{headless.pid}/stat")
        while main.read_bytes().rpartition(b")")[2].split()[0] != b"Z":
            sleep(0.005)
        proc = read_proc(headless.pid)
        assert proc is not None
        assert proc.state not in tree.STOPPED, "it works on"
        assert proc in family([os.getpid()]).members or executes(proc)
        send(proc, signal.SIGSTOP)
        while (now := read_proc(headless.pid)) is not None and now.state not in tree.STOPPED:
            sleep(0.005)
        written = journal.stat().st_size
        sleep(0.05)
        assert journal.stat().st_size == written, "it is said to be stopped"
        assert executes(proc), "and not to be dead"
        send(proc, signal.SIGKILL)
        assert ends(proc)
    finally:
        headless.kill()
        headless.wait()
