"""Goal: set-up ends as it should, and nothing of one that doesn't is left.

Method: real programs that fail, hang, detach themselves and fork, found again by a
mark in their environment; agents are real processes, and killed. Nothing is
measured: a test waits for what must become true.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessionlib.bundles.setup import MARKER, SetupJob, SetupRunner
from sessionlib.bundles.transfer import PreparationCancelled
from sessionlib.errors import ProgramError
from sessionlib.guard.sweep import home_mark, marked, sweep
from sessionlib.guard.tree import read_proc
from tests.e2e.guard_kit import eventually

ROOT = Path(__file__).parents[2]

# A child that has left its parent's session, and a grandchild of that, which ignores all it can.
TREE = (
    sys.executable,
    "-c",
    """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if os.fork() == 0:
        open("grandchild", "w").write("x")
        print("it all hangs here", flush=True)
    while True:
        time.sleep(60)
while not os.path.exists("go"):
    time.sleep(0.01)
""",
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    sweep(MARKER, home_mark(tmp_path), patience_s=0)


def job(home: Path, *argv: str, **env: str) -> SetupJob:
    return SetupJob(argv, home, env, "set-up of v1")


def never() -> bool:
    return False


def left(home: Path) -> list[int]:
    return [proc.pid for proc in marked(MARKER, home_mark(home))]


def test_what_fails_is_told_with_its_last_words(home: Path) -> None:
    with pytest.raises(ProgramError) as caught:
        SetupRunner(home).run(
            job(
                home, "sh", "-c", "echo before; printf '\\033[31mno such\\033[0m wheel\\n'; exit 3"
            ),
            never,
        )
    said = str(caught.value)
    assert "ended with exit code 3; it said last: before / no such wheel; all of it is in" in said
    assert str(home / "logs" / "setup.log") in said
    assert "\033" not in said


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("no-such-program",), "could not be run: can't start 'no-such-program': not found"),
        (("sh", "-c", "kill -9 $$"), "was ended by signal 9; it printed nothing"),
    ],
)
def test_what_cant_be_run_is_told(home: Path, argv: tuple[str, ...], said: str) -> None:
    with pytest.raises(ProgramError, match=r"^set-up \(") as caught:
        SetupRunner(home).run(job(home, *argv), never)
    assert said in str(caught.value)


def test_secrets_reach_the_command_and_stand_in_no_arguments(home: Path) -> None:
    script = "echo $WORD > got; ps -ef > seen; cat /proc/*/cmdline >> seen 2>/dev/null; exit 0"
    SetupRunner(home).run(job(home, "sh", "-c", script, WORD="hidden-word-1234"), never)
    assert (home / "got").read_text() == "hidden-word-1234\n"
    assert "hidden-word-1234" not in (home / "seen").read_bytes().decode(errors="replace")
    assert "hidden-word-1234" not in (home / "logs" / "setup.log").read_text()


def test_a_time_out_ends_the_whole_tree(home: Path) -> None:
    (home / "grandchild").unlink(missing_ok=True)
    setup = SetupRunner(home, timeout_s=1.5)
    with pytest.raises(ProgramError, match=r"hasn't ended after .* minutes.*all of it is in"):
        setup.run(job(home, *TREE), never)
    assert (home / "grandchild").exists()
    assert left(home) == []


def test_calling_off_ends_the_whole_tree(home: Path) -> None:
    called_off = threading.Event()
    answers: list[Exception] = []

    def run() -> None:
        try:
            SetupRunner(home).run(job(home, *TREE), called_off.is_set)
        except PreparationCancelled as error:
            answers.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    eventually((home / "grandchild").exists, "the grandchild runs")
    assert len(left(home)) >= 3
    called_off.set()
    thread.join(20)
    assert [str(error) for error in answers] == ["set-up was called off"]
    assert left(home) == []


def test_what_a_command_that_succeeds_leaves_behind_is_ended_too(home: Path) -> None:
    (home / "go").write_text("")
    SetupRunner(home).run(job(home, *TREE), never)
    assert left(home) == []


def test_a_command_that_prints_for_ever_is_ended(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessionlib.bundles.setup.MAX_LOG_BYTES", 1024 * 1024)
    with pytest.raises(ProgramError, match="has printed more than 1 MB; it said last: y / y"):
        SetupRunner(home).run(job(home, "yes"), never)
    assert left(home) == []


AGENT = """
import sys
from pathlib import Path
from sessionlib.bundles.setup import SetupJob, SetupRunner
home = Path(sys.argv[1])
SetupRunner(home).run(SetupJob(tuple(sys.argv[2:]), home, {}, "set-up"), lambda: False)
"""


def agent_in(home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", AGENT, str(home), *TREE],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_an_agent_that_is_killed_leaves_nothing(home: Path) -> None:
    with agent_in(home) as agent:
        eventually((home / "grandchild").exists, "the grandchild runs")
        assert len(left(home)) >= 3
        agent.kill()
    eventually(lambda: not left(home), "everything has ended")


def test_a_runner_that_is_killed_is_told_and_cleaned_up_after(home: Path) -> None:
    answers: list[str] = []

    def run() -> None:
        try:
            SetupRunner(home).run(job(home, *TREE), never)
        except ProgramError as error:
            answers.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    eventually((home / "grandchild").exists, "the grandchild runs")
    (runner,) = (pid for pid in left(home) if is_runner(pid))
    os.kill(runner, signal.SIGKILL)
    thread.join(20)
    assert len(answers) == 1
    assert "the process that runs it was killed" in answers[0]
    assert left(home) == []


def is_runner(pid: int) -> bool:
    proc = read_proc(pid)
    return proc is not None and proc.ppid == os.getpid()


def test_agent_and_runner_killed_at_once_are_cleaned_up_after_by_the_next(home: Path) -> None:
    with agent_in(home) as agent:
        eventually((home / "grandchild").exists, "the grandchild runs")
        procs = [read_proc(pid) for pid in left(home)]
        runner = next(proc.pid for proc in procs if proc and proc.ppid == agent.pid)
        os.kill(agent.pid, signal.SIGSTOP)
        os.kill(runner, signal.SIGKILL)
        agent.kill()
    assert left(home) != []
    SetupRunner(home).run(job(home, "true"), never)
    assert left(home) == []
