"""Goal: what a workload plants in its own work folder neither holds its agent up nor leads it
elsewhere; and what lies there is for its owner.

Method: links, pipes, devices and folders at the paths that agent and guard read and
replace, with files of a victim behind them; and the modes of all that an agent makes.
The workload runs as the agent's own user, so that this is no wall: it keeps a mistake
from becoming harm, and an agent that is root from being led by a workload that isn't.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.config_file import write_fleet_key
from sessionlib.agent import loop
from sessionlib.agent.log_rotation import rotate_if_large
from sessionlib.agent.logs import tail
from sessionlib.agent.workfiles import WorkFiles, WorkloadContext
from sessionlib.checkpoints import Unsuitable
from sessionlib.clock import SystemClock, sleep
from sessionlib.core.work import Mode, WorkloadSpec
from sessionlib.guard import control_file
from sessionlib.stores.memory import MemoryStore
from tests.unit.agent.agents import agent
from tests.unit.bundles.published_code import PUBLIC
from tests.unit.checkpoints.sessions import Side, fill

PRECIOUS = "https://precious.example/" + "p" * 60
LOG_CAP_BYTES = 10
PATIENCE_S = 20.0


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    """A file of somebody else's that the agent could read and write."""
    path = tmp_path / "victim"
    path.write_text(PRECIOUS)
    yield path
    assert path.read_text() == PRECIOUS


@pytest.fixture
def files(tmp_path: Path) -> WorkFiles:
    found = WorkFiles(WorkloadContext(tmp_path / "home", "alpha", "s-1", 2_000_000_000.0))
    found.prepare(WorkloadSpec(("a",)))
    return found


def _chain(path: Path, victim: Path) -> None:
    path.with_name("second").symlink_to(victim)
    path.symlink_to("second")


def _pipe_behind(path: Path, victim: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


PLANTS: dict[str, Callable[[Path, Path], object]] = {
    "a link": lambda path, victim: path.symlink_to(victim),
    "a chain of links": _chain,
    "a link to a device": lambda path, victim: path.symlink_to("/dev/zero"),
    "a link to a pipe": _pipe_behind,
    "a link to itself": lambda path, victim: path.symlink_to(path.name),
    "a pipe": lambda path, victim: os.mkfifo(path),
    "a folder": lambda path, victim: path.mkdir(),
}


def clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


@pytest.mark.parametrize("plant", PLANTS)
def test_what_the_workload_says_of_itself_is_read_from_files_alone(
    files: WorkFiles, victim: Path, plant: str
) -> None:
    for path in (files.url, files.status):
        PLANTS[plant](path, victim)
        assert files.read_status() == (None, (), None)
        for left in path.parent.iterdir():
            clear(left)


@pytest.mark.parametrize("read", ["status", "tail", "cap"])
def test_a_pipe_that_takes_a_files_place_at_the_last_moment_holds_nobody_up(
    files: WorkFiles, read: str
) -> None:
    """Looked at and then opened, it would be waited for: it is changed right before the open."""
    path = files.status if read == "status" else files.log
    path.write_text('{"progress": "fine"}')
    armed = [True]

    def swap(event: str, args: tuple[object, ...]) -> None:
        if armed and event == "open" and str(args[0]) == str(path):
            armed.clear()
            os.mkfifo(path.with_name("pipe"))
            path.with_name("pipe").replace(path)

    sys.addaudithook(swap)
    calls: dict[str, Callable[[], object]] = {
        "status": files.read_status,
        "tail": lambda: tail(path, 1024),
        "cap": lambda: rotate_if_large(path, LOG_CAP_BYTES),
    }
    answers: list[object] = []
    reading = threading.Thread(target=lambda: answers.append(calls[read]()), daemon=True)
    reading.start()
    reading.join(PATIENCE_S)
    assert armed == []
    assert answers in ([(None, (), None)], [b""], [False])


@pytest.mark.parametrize("plant", PLANTS)
def test_a_log_that_is_none_is_neither_shipped_nor_cut(
    files: WorkFiles, victim: Path, plant: str
) -> None:
    """Its end goes into the store, for all accounts to read; and a long one is cut off."""
    PLANTS[plant](files.log, victim)
    assert tail(files.log, 1024) == b""
    assert not rotate_if_large(files.log, LOG_CAP_BYTES)


@pytest.mark.parametrize("plant", ["a link", "a pipe"])
def test_what_is_cut_off_a_log_goes_into_a_file_of_our_own(
    files: WorkFiles, victim: Path, plant: str
) -> None:
    files.log.write_text("x" * (LOG_CAP_BYTES + 1))
    kept = files.log.with_name("workload.log.1")
    PLANTS[plant](kept, victim)
    assert rotate_if_large(files.log, LOG_CAP_BYTES)
    assert kept.read_text() == "x" * (LOG_CAP_BYTES + 1)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["control.json", ".control.json.new"])
@pytest.mark.parametrize("plant", ["a link", "a chain of links", "a pipe", "a link to itself"])
def test_the_control_file_is_written_in_its_own_place(
    files: WorkFiles, victim: Path, plant: str, name: str
) -> None:
    PLANTS[plant](files.control.with_name(name), victim)
    control_file.write(str(files.control), Mode.ACTIVE, 7)
    assert not files.control.is_symlink()
    assert json.loads(files.control.read_text()) == {"mode": "active", "epoch": 7}


LEADING_OUT = {
    "to a file": "../../victim",
    "absolute": "/etc/passwd",
    "to the home": "../run",
    "up through a name": "inside/../../../victim",
    "up and down": "../home/data/x",
}


@pytest.mark.parametrize("target", LEADING_OUT.values(), ids=LEADING_OUT)
def test_no_link_that_leads_out_of_the_data_is_copied_or_followed(
    tmp_path: Path, victim: Path, target: str
) -> None:
    store = MemoryStore(SystemClock())
    side = Side(store, tmp_path / "home")
    fill(side.data, x="content", inside__y="content")
    (side.data / "link").symlink_to(target)
    with pytest.raises(Unsuitable, match="leads, or may lead, out of the data directory"):
        side.checkpoints.copy(1, None)
    assert store.list("data/") == []


def test_a_hard_link_out_of_the_data_is_not_written_through(tmp_path: Path, victim: Path) -> None:
    """Copied it is a file of its own; a restore makes a new one and leaves the other alone."""
    store = MemoryStore(SystemClock())
    here, there = Side(store, tmp_path / "here"), Side(store, tmp_path / "there")
    fill(here.data, x="content")
    pointer = here.copy(1, None)
    fill(there.data, y="other")
    shadow = there.home / ".data.next"
    shadow.mkdir()
    (shadow / "x").hardlink_to(victim)
    there.checkpoints.restore(2, pointer)
    assert (there.data / "x").read_text() == "content"
    assert (there.data / "x").stat().st_ino != victim.stat().st_ino


def test_a_shadow_that_is_a_link_leads_no_restore_elsewhere(tmp_path: Path) -> None:
    store = MemoryStore(SystemClock())
    here, there = Side(store, tmp_path / "here"), Side(store, tmp_path / "there")
    fill(here.data, x="content", d__y="content")
    pointer = here.copy(1, None)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text(PRECIOUS)
    there.home.mkdir()
    shadow = there.home / ".data.next"
    shadow.mkdir()
    (shadow / "d").symlink_to(outside)
    there.checkpoints.restore(2, pointer)
    assert (there.data / "d" / "y").read_text() == "content"
    assert [path.name for path in outside.iterdir()] == ["precious"]


# Modes


@pytest.fixture
def open_umask() -> Iterator[None]:
    """That of most machines: what a program doesn't ask for is readable by all."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("open_umask")
def test_what_agent_and_workload_print_is_for_their_owner(tmp_path: Path) -> None:
    quick = agent(tmp_path)
    quick.leave("SIGTERM")
    assert quick.run() == 0
    logs = tmp_path / "work" / "a" / "logs"
    assert (logs / "agent.jsonl").exists()
    assert mode_of(logs) == 0o700


@pytest.mark.usefixtures("open_umask")
def test_an_agents_crash_holds_places_and_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, victim: Path
) -> None:
    secret = "5e" * 32

    def broken(*_: object) -> None:
        hidden = secret
        raise RuntimeError(f"with \x1b[31m{hidden}") from ValueError(f"and {hidden}")

    broke = agent(tmp_path)
    monkeypatch.setattr(loop, "decide", broken)
    path = tmp_path / "work" / "a" / "logs" / "crash.txt"
    path.symlink_to(victim)
    assert broke.run() == 1
    kept = path.read_text()
    assert "RuntimeError: with [redacted]" in kept
    assert "ValueError: and [redacted]" in kept
    assert "in broken" in kept
    assert "\x1b" not in kept
    assert mode_of(path) == 0o600
    assert not path.is_symlink()
    for log in path.parent.iterdir():
        assert secret not in log.read_text()


@pytest.mark.usefixtures("open_umask")
def test_a_configuration_that_only_its_owner_reads_is_so_at_every_moment(tmp_path: Path) -> None:
    """It may hold what belongs under `secrets`; the file that replaces it is made beside it."""
    path = tmp_path / "accounts.yaml"
    path.write_text("fleet: f\n")
    path.chmod(0o600)
    seen: set[int] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            for beside in tmp_path.iterdir():
                try:
                    seen.add(mode_of(beside))
                except FileNotFoundError:
                    continue

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    for number in range(100):
        path.write_text(f"fleet: f{number}\n")
        write_fleet_key(path, PUBLIC)
    sleep(0.01)
    ended.set()
    watching.join()
    assert seen == {0o600}
