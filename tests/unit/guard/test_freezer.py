"""When a family counts as frozen: with a made-up process table, look by look."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable

import pytest

from sessionlib.core.values import Instant
from sessionlib.guard import freezer
from sessionlib.guard.freezer import Freezer
from sessionlib.guard.silence import LOOKS, SilenceDetector
from sessionlib.guard.tree import Family, Proc, ProcId

Hit = Callable[[int, int], None]


class Table:
    """Processes of one family. `on_stop` lets something happen behind the reader's back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.states: dict[int, str] = {}
        self.orphans: frozenset[ProcId] = frozenset()
        self.dead: frozenset[ProcId] = frozenset()
        self.vanished = False
        self.hidden: set[int] = set()
        self.stuck: set[int] = set()
        self.after_look: list[Callable[[], None]] = []
        self.groups_hit = False
        monkeypatch.setattr(freezer, "strike", self.strike)
        monkeypatch.setattr(freezer, "send", self.send)
        monkeypatch.setattr(freezer, "read_proc", self.read)

    def read(self, pid: int) -> Proc | None:
        state = self.states.get(pid)
        return None if state is None else Proc(pid, 1, 1, state, pid * 10)

    def look(self) -> Family:
        seen = self.states.keys() - self.hidden
        members = tuple(proc for pid in sorted(seen) if (proc := self.read(pid)))
        family = Family(members, self.orphans, self.dead, self.vanished)
        if self.after_look:
            self.after_look.pop(0)()
        return family

    def strike(self, members: Iterable[Proc], signum: int, passes: int) -> None:
        self.groups_hit |= passes >= 3
        for proc in members:
            self.send(proc, signum)

    def send(self, proc: Proc, signum: int) -> None:
        if proc.pid in self.states and proc.pid not in self.stuck:
            self.states[proc.pid] = "T" if signum == signal.SIGSTOP else "S"


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    return Table(monkeypatch)


def test_two_looks_after_the_last_signal_are_needed(table: Table) -> None:
    table.states = {1: "S", 2: "R"}
    press = Freezer(table.look).stop_pass
    assert [press(), press(), press(), press()] == [False, False, True, True]


def test_who_is_born_behind_the_readers_back_is_stopped_too(table: Table) -> None:
    table.states = {1: "S"}
    table.after_look = [
        lambda: table.states.update({2: "S"}),
        lambda: table.states.update({3: "S"}),
    ]
    press = Freezer(table.look).stop_pass
    assert [press() for _ in range(5)] == [False, False, False, False, True]
    assert set(table.states.values()) == {"T"}


def test_an_orphan_asks_for_another_look(table: Table) -> None:
    table.states = {1: "S"}
    press = Freezer(table.look).stop_pass
    press()
    table.orphans = frozenset({(9, 90)})
    assert [press(), press(), press()] == [False, False, True]


def test_one_of_the_family_that_has_ended_asks_for_another_look(table: Table) -> None:
    """It may have made a child that no look has shown yet."""
    table.states = {1: "S"}
    press = Freezer(table.look).stop_pass
    press()
    table.dead = frozenset({(9, 90)})
    # Nobody waits for it: from then on it is known.
    assert [press(), press(), press()] == [False, False, True]


def test_anybodys_end_during_a_look_asks_for_another_one(table: Table) -> None:
    """Whose end it was can't be told any more, and a child of it may run."""
    table.states = {1: "S", 2: "R"}
    table.hidden = {2}
    table.vanished = True
    press = Freezer(table.look).stop_pass
    assert not any(press() for _ in range(10))
    table.hidden = set()
    table.vanished = False
    assert [press(), press(), press()] == [False, False, True]
    assert set(table.states.values()) == {"T"}


def test_where_somebody_ends_all_the_time_many_looks_are_enough(table: Table) -> None:
    table.states = {1: "S"}
    table.vanished = True
    press = Freezer(table.look).stop_pass
    looks = [press() for _ in range(1 + freezer.STILL_LOOKS)]
    assert looks == [False] * freezer.STILL_LOOKS + [True]


def test_who_was_missed_all_the_same_is_found_later(table: Table) -> None:
    table.states = {1: "S", 2: "R"}
    table.hidden = {2}
    press = Freezer(table.look).stop_pass
    assert [press(), press(), press()] == [False, False, True]
    table.hidden = set()
    looks = [press() for _ in range(freezer.STILL_PASSES + 3)]
    assert looks == [True] * freezer.STILL_PASSES + [False, False, True]
    assert set(table.states.values()) == {"T"}


def test_a_process_in_the_kernel_counts_once_it_was_signalled(table: Table) -> None:
    table.states = {1: "D"}
    table.stuck = {1}
    press = Freezer(table.look).stop_pass
    assert [press(), press(), press()] == [False, False, True]


def test_a_process_that_does_not_stop_is_not_taken_for_stopped(table: Table) -> None:
    table.states = {1: "R"}
    table.stuck = {1}
    press = Freezer(table.look).stop_pass
    assert not any(press() for _ in range(5))
    assert table.groups_hit


def test_one_that_was_woken_is_stopped_again(table: Table) -> None:
    table.states = {1: "S", 2: "S"}
    press = Freezer(table.look).stop_pass
    while not press():
        pass
    table.states[2] = "R"
    assert [press(), press(), press()] == [False, False, True]


def test_release_wakes_all_but_those_who_had_been_stopped_before(table: Table) -> None:
    table.states = {1: "S", 2: "T"}
    table.after_look = [lambda: table.states.update({3: "S"})]
    held = Freezer(table.look)
    while not held.stop_pass():
        pass
    assert set(table.states.values()) == {"T"}
    held.release()
    assert table.states == {1: "S", 2: "T", 3: "S"}
    assert not held.engaged


def moment(seconds: float) -> Instant:
    return Instant(seconds, seconds, seconds)


def test_silence_takes_both_time_and_looks() -> None:
    silence = SilenceDetector(1.0, moment(0))
    silence.note_look(heard=False, now=moment(100))
    assert not silence.lost(moment(100)), "after our own absence we look again first"
    for _ in range(LOOKS):
        silence.note_look(heard=False, now=moment(100))
    assert silence.lost(moment(100))
    silence.note_look(heard=True, now=moment(101))
    for _ in range(10 * LOOKS):
        silence.note_look(heard=False, now=moment(101.5))
    assert not silence.lost(moment(101.5)), "looking often doesn't make it longer"
    assert silence.lost(moment(102))
