"""Goal: the demonstration does what it says, prints what it promises, leaves nothing behind.

Method: the command as a user runs it, in a process of its own: to its end, in a
pseudo-terminal, and ended by a signal at random moments. What is left is looked
for among all processes, by the demonstration's folder in their command line or
environment.
"""

from __future__ import annotations

import json
import os
import pty
import random
import re
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from console.demo.demo_fleet import DemoFleet
from console.demo.emulated_drive import EmulatedDrive
from sessionlib.clock import SystemClock, sleep

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "console", "demo"]
HANDOVER = {"kind", "from", "to", "epoch", "downtime_s", "overlap_s", "lost_writes"}
ACCOUNTS = {"ada", "bob", "cleo"}
END_S = 30.0
SHOWN_WITHIN_S = 60.0
MOMENTS = 2
"""How many moments each signal is tried at, drawn anew for each by a fixed seed."""


def environment(temp: Path) -> dict[str, str]:
    """Of a demonstration whose temporary folder comes to be in `temp`."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temp), "TERM": "xterm"}


def left_behind(folder: Path) -> list[str]:
    """The processes that have something of `folder` in their command line or environment."""
    mark = os.fsencode(folder)
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with suppress(OSError):
                words = (process / "cmdline").read_bytes()
                if mark in words or mark in (process / "environ").read_bytes():
                    found.append(words.replace(b"\0", b" ").decode(errors="replace"))
    return found


def assert_gone(folder: Path) -> None:
    begin_s = SystemClock().now().mono
    while left := left_behind(folder):
        assert SystemClock().now().mono - begin_s < END_S, left
        sleep(0.05)


@contextmanager
def demo(temp: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A demonstration that is under way, in a process group that signals can be sent to."""
    process = subprocess.Popen(
        [*COMMAND, *words],
        env=environment(temp),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_it_reports_what_it_did_in_one_document(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    words = ["--headless", "--handovers", "2", "--kill-primary", "--dir", str(folder), "--json"]
    with demo(tmp_path, *words) as process:
        out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert out.count("\n") == 1
    assert out.endswith("\n")
    document = json.loads(out)
    assert set(document) == {"handovers", "accounts"}
    assert set(document["accounts"]) == ACCOUNTS
    moves = document["handovers"]
    assert all(set(move) == HANDOVER for move in moves)
    assert [move["kind"] for move in moves] == ["planned", "planned", "takeover"]
    assert [move["epoch"] for move in moves] == [2, 3, 4]
    assert [move["overlap_s"] for move in moves] == [0, 0, 0]
    assert [move["lost_writes"] for move in moves[:2]] == [0, 0]
    assert all(move["downtime_s"] > 0 for move in moves)
    assert {move["from"] for move in moves} | {move["to"] for move in moves} == ACCOUNTS
    # What was asked to be kept is kept, and it is a fleet's folder.
    assert (folder / "accounts.yaml").is_file()
    assert (folder / "VPS_Shared" / "state").is_dir()
    assert_gone(tmp_path)


def test_over_an_emulated_drive_it_does_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    words = ["--store", "drive-emulator", "--headless", "--handovers", "1", "--kill-primary"]
    with demo(tmp_path, *words, "--dir", str(folder), "--json") as process:
        out, err = process.communicate(timeout=110)
    assert process.returncode == 0, err
    moves = json.loads(out)["handovers"]
    assert [(move["kind"], move["epoch"]) for move in moves] == [("planned", 2), ("takeover", 3)]
    assert [move["overlap_s"] for move in moves] == [0, 0]
    assert moves[0]["lost_writes"] == 0
    assert "emulator of Google Drive" in err
    # As `init` leaves it: the folder's id and those of all that is in it.
    assert (
        "state/lease.json" in yaml.safe_load((folder / "accounts.yaml").read_text())["store"]["ids"]
    )
    assert not (folder / "VPS_Shared").exists()
    assert_gone(tmp_path)


@pytest.mark.parametrize("premises", [None, EmulatedDrive], ids=["folder", "drive"])
def test_another_terminal_has_all_it_needs_from_one_file(
    tmp_path: Path, premises: type[EmulatedDrive] | None
) -> None:
    plain = {name: text for name, text in os.environ.items() if not name.startswith("COLABVPS_")}
    with DemoFleet(tmp_path / "fleet", 20.0, None, premises, coordinated=True) as stage:
        assert stage.operators_file.stat().st_mode & 0o077 == 0
        script = f'. {stage.operators_file} && exec "{sys.executable}" -m console "$@"'
        words = ["sh", "-c", script, "sh", "status", "--json"]
        ran = subprocess.run(
            words,
            cwd=ROOT,
            env={**plain, "HOME": str(tmp_path), "XDG_CONFIG_HOME": ""},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    status = json.loads(ran.stdout)
    assert status["store"]["reachable"] is True
    assert status["coordinator"]["reachable"] is True
    assert status["coordinator"]["error"] is None


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with demo(tmp_path, "--headless", "--dir", str(tmp_path), "--json") as process:
        out, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert json.loads(out)["exit_code"] == 2
    assert str(tmp_path) in err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)],
    ids=["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"],
)
def test_however_it_ends_nothing_of_it_runs_on(tmp_path: Path, number: int, code: int) -> None:
    chance = random.Random(number)
    for moment in range(MOMENTS):
        with demo(tmp_path, "--headless", "--handovers", "50", "--json") as process:
            folder = _wait_for_folder(tmp_path)
            # At one moment at least there is something to end, however slow the machine is.
            while moment == 0 and not left_behind(folder):
                sleep(0.05)
            sleep(chance.uniform(0, 2))
            process.send_signal(number)
            out, err = process.communicate(timeout=END_S)
        assert process.returncode == code, err
        # No judgement on half a performance; a document it is all the same, where it can be.
        assert number == signal.SIGKILL or json.loads(out)["exit_code"] == code
        assert "Traceback" not in err
        assert_gone(folder)
        # Nobody can tidy up after SIGKILL.
        assert folder.exists() is (number == signal.SIGKILL)
        if folder.exists():
            folder.rename(tmp_path / f"left-{folder.name}")


def _wait_for_folder(temp: Path) -> Path:
    while True:
        for folder in temp.glob("colabvps-demo-*"):
            return folder
        sleep(0.002)


def test_in_a_terminal_it_opens_the_console_and_judges_once_that_is_left(tmp_path: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        own = {**environment(tmp_path), "TERM": "xterm-256color"}
        os.execve(sys.executable, COMMAND, own)  # noqa: S606 - what a terminal does
    termios.tcsetwinsize(terminal, (24, 80))
    try:
        # Whom the work goes to is the first in order of those who are ready by then.
        shown = _press(terminal, b"", "; bob and 1 more ready")
        assert all(account in shown for account in ACCOUNTS)
        _press(terminal, b"h", "Hand over to bob?")
        _press(terminal, b"y", "serves under epoch 2")
        os.write(terminal, b"q")
        left = _plain(_read_all(terminal))
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, left
    # The judgement comes after the picture.
    assert re.search(r"2 +planned +ada +bob", left)
    assert_gone(tmp_path)
    assert not list(tmp_path.glob("colabvps-demo-*"))


def _press(terminal: int, key: bytes, until: str) -> str:
    """Press a key, again where it was too early for it, until a text is on the screen."""
    # Read as a whole: a piece may end within a sequence that moves the cursor.
    drawn, pressed_mono = "", float("-inf")
    begin_mono = SystemClock().now().mono
    while until not in (shown := _plain(drawn)):
        now_mono = SystemClock().now().mono
        assert now_mono - begin_mono < SHOWN_WITHIN_S, f"never shown: {until}; but {shown[-4000:]}"
        if now_mono - pressed_mono > 1.0:
            os.write(terminal, key)
            pressed_mono = now_mono
        if select.select([terminal], [], [], 0.1)[0]:
            drawn += os.read(terminal, 65536).decode(errors="replace")
    return shown


def _plain(text: str) -> str:
    """Without what moves the cursor or colours."""
    return re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]", "", text)


def _read_all(terminal: int) -> str:
    pieces = []
    # Reading a terminal that nobody has open any more is an error on Linux.
    with suppress(OSError):
        while piece := os.read(terminal, 65536):
            pieces.append(piece)
    os.close(terminal)
    return b"".join(pieces).decode(errors="replace")


@pytest.mark.parametrize("place", ["/proc/aa", "file/below", "file", "full"])
def test_a_folder_that_cant_be_had_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "of").touch()
    folder = tmp_path / place
    ran = subprocess.run(
        [*COMMAND, "--headless", "--dir", str(folder)],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 2, ran.stderr
    assert f"--dir {folder}: " in ran.stderr
    assert "something went wrong" not in ran.stderr
    assert (tmp_path / "file").read_text() == "in the way"
