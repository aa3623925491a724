"""What doctor makes of answers that a Drive gives.

Goal: a broken promise is found also where the answers are half lost, a reading of the past is
none, and what wasn't tried doesn't count as passed. Method: the checks themselves over a Drive
in memory that answers as each test wants.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from console.checks.doctor import conditional_writes, drive_behaviour, folder
from console.checks.doctor import scratch_folder as grounds
from console.checks.doctor.catalog import CheckResult
from console.checks.doctor.scratch_folder import CHANGED, Participant, ScratchFolder
from sessionlib.clock import SystemClock
from sessionlib.core.values import Instant
from sessionlib.stores.drive.files import DriveFile
from sessionlib.stores.drive.responses import DriveResponse, NoResponse, RequestRefused
from sessionlib.stores.folder import FolderStore

RACERS = 4


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grounds, "LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr(drive_behaviour, "SETTLED_S", 0.0)


@dataclass
class Drive:
    """One file, and what is odd about it. `answers` maps a conditional write's place in its
    round to what it is answered with: None for success; it is carried out where `carries` it."""

    answers: dict[int, Exception | None]
    carries: tuple[int, ...]
    stale_looks: int = 0
    text: str = "start"
    past: str = "start"
    writes: int = 0
    lock: Any = field(default_factory=threading.Lock)

    def client(self) -> Any:
        return _Client(self)


class _Client:
    def __init__(self, drive: Drive) -> None:
        self._drive = drive

    def time_limit(self, seconds: float) -> Any:
        return threading.Lock()  # any context does

    def with_retries(self, call: Callable[[], Any]) -> Any:
        return call()

    def new_id(self) -> str:
        return "id"

    def insert(self, body: Any, data: None) -> None:
        self._drive.text = self._drive.past = body["description"]

    def get(self, file_id: str) -> DriveFile:
        drive = self._drive
        stale = drive.stale_looks > 0
        drive.stale_looks -= stale
        text = drive.past if stale else drive.text
        return DriveFile("id", "scratch", f'"{text}"', 1.0, 1.0, description=text)

    def update(self, file_id: str, body: Any, data: None, etag: str | None = None) -> None:
        drive = self._drive
        if etag is None:
            drive.past, drive.text = drive.text, body["description"]
            return
        with drive.lock:
            place, drive.writes = drive.writes, drive.writes + 1
            if place in drive.carries:
                drive.text = body["description"]
            answer = drive.answers.get(place, RequestRefused(DriveResponse(CHANGED)))
        if answer is not None:
            raise answer


def ground(drive: Drive) -> ScratchFolder:
    one, other = (Participant(name, drive.client(), drive.client()) for name in ("a", "b"))
    return ScratchFolder(one, other, "folder", SystemClock(), lambda text: None, 5)


def raced(answers: dict[int, Exception | None], *carries: int) -> CheckResult:
    return conditional_writes.race(ground(Drive(answers, carries)), 1, RACERS)


def test_one_winner_is_what_there_should_be() -> None:
    assert raced({0: None}, 0).ok is True


def test_two_that_were_told_so_are_too_many() -> None:
    assert raced({0: None, 1: None}, 0, 1).ok is False


def test_a_write_whose_answer_was_lost_may_be_the_one() -> None:
    assert raced({0: NoResponse("dropped")}, 0).ok is not False


@pytest.mark.parametrize("trouble", [NoResponse("dropped"), RequestRefused(DriveResponse(503))])
def test_a_write_without_an_answer_stands_beside_no_winner(trouble: Exception) -> None:
    """Both were carried out over one version: that one of them didn't hear of it is no excuse."""
    assert raced({0: None, 1: trouble}, 0, 1).ok is False


def test_rounds_without_a_winner_prove_nothing() -> None:
    assert raced({}).ok is None


def test_a_refused_write_stands_beside_no_winner() -> None:
    assert raced({0: None}, 0, 1).ok is False


def test_a_reading_of_the_past_is_no_broken_promise() -> None:
    drive = Drive({}, ())
    place = ground(drive)
    found = conditional_writes.stale_etag(place, place.one, "stale-etag")
    assert found.ok is True

    class Late(_Client):
        """Reads of the past follow the refusal."""

        def update(self, *words: Any) -> None:
            try:
                super().update(*words)
            finally:
                drive.stale_looks = 1 if words[-1] is not None else 0

    late = replace(place, one=Participant("a", Late(drive), Late(drive)))  # type: ignore[arg-type]  # as a client
    assert conditional_writes.stale_etag(late, late.one, "stale-etag").ok is True


def test_a_write_over_an_old_version_that_is_carried_out_is_found() -> None:
    for trouble in (None, RequestRefused(DriveResponse(503))):
        place = ground(Drive({0: trouble}, (0,)))
        assert conditional_writes.stale_etag(place, place.one, "stale-etag").ok is False


class Hasty(_Client):
    """Nobody waits for its answer; the write is carried out at once, late, never, or as another."""

    def __init__(self, drive: Drive, how: str) -> None:
        super().__init__(drive)
        self._how = how

    def update(self, file_id: str, body: Any, data: None, etag: str | None = None) -> None:
        drive, text = self._drive, body["description"]
        if self._how == "late":
            drive.past, drive.text, drive.stale_looks = drive.text, text, 1
        elif self._how != "never":
            drive.text = text if self._how == "at once" else "something else"
        raise NoResponse("dropped")


@pytest.mark.parametrize(
    ("how", "ok", "words"),
    [
        ("at once", True, "1 of 1 writes without an answer"),
        ("never", True, "0 of 1"),
        ("late", False, "long after"),
        ("another", False, "something else"),
    ],
)
def test_what_becomes_of_a_write_that_nobody_waited_for(how: str, ok: bool, words: str) -> None:
    drive = Drive({}, ())
    place = ground(drive)
    hasty = replace(place.one, hangup_client=Hasty(drive, how))  # type: ignore[arg-type]  # as a client
    found = drive_behaviour.lost_connection(replace(place, one=hasty))
    assert (found.ok, words in found.text) == (ok, True), found.text


class _Told:
    def __init__(self, *told: str) -> None:
        self._told = list(told)

    def run_on_all(self, *lines: str) -> list[str]:
        return self._told


@pytest.mark.parametrize(
    ("told", "ok"),
    [
        (("won", "lost", "lost", "lost"), True),
        (("won", "won", "lost", "lost"), False),
        (("lost", "lost", "lost", "lost"), None),
        (("won", "lost", "lost", "error"), None),
        (("won", "lost", "lost", ""), None),
    ],
)
def test_of_processes_exactly_one_makes_a_file(told: tuple[str, ...], ok: bool | None) -> None:
    assert folder._race(_Told(*told), [], lambda text: None).ok is ok  # type: ignore[arg-type]  # as racers


@dataclass
class Ahead:
    """A machine whose wall clock is ahead by so much."""

    by_s: float

    def now(self) -> Instant:
        now = SystemClock().now()
        return Instant(now.boot, now.mono, now.wall + self.by_s)


@pytest.mark.parametrize(("by_s", "ok"), [(0.0, True), (60.0, False), (-60.0, False)])
def test_the_folders_clock_is_compared_with_ours(tmp_path: Path, by_s: float, ok: bool) -> None:
    store = FolderStore(tmp_path, Ahead(by_s))
    store.provision()
    found = folder._clock(store, [])
    assert found.ok is ok, found.text


def test_a_folder_is_as_it_was_once_it_was_tried(tmp_path: Path) -> None:
    FolderStore(tmp_path, SystemClock()).provision()
    before = sorted(tmp_path.rglob("*"))
    findings = list(folder.examine(tmp_path, 60.0, SystemClock(), lambda text: None))
    assert [(one.id, one.ok) for one in findings] == [
        ("exclusive", True),
        ("read-back", True),
        ("sync", True),
        ("clock", True),
    ]
    assert sorted(tmp_path.rglob("*")) == before
