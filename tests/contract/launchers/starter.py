"""A program that starts an account's session, and dies or freezes at any moment of that.

It reads a line (`die 12`, `freeze 12` or `start`) and answers with what came of it: `died`,
`started` or `refused`. A frozen one answers `frozen`, and what came of it once told to `thaw`.
Moments are those before each call that touches the file system; each start is in a fork.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from sessionlib.clock import SystemClock
from sessionlib.config_loading import load
from sessionlib.launchers import Launcher, LaunchRefused
from sessionlib.launchers.kinds import launcher_kind_of
from tests.contract.actor import Steps
from tests.contract.actors import REPO

STARTED, REFUSED = 0, 3
WORDS = {STARTED: "started", REFUSED: "refused", -signal.SIGKILL: "died"}
SIGNALS = {"die": signal.SIGKILL, "freeze": signal.SIGSTOP}


class Starter:
    """That program, as a test talks to it."""

    def __init__(self, config: Path, account: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(config), account],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=REPO,
            text=True,
        )
        self.answer()

    def ask(self, line: str) -> str:
        self.send(line)
        return self.answer()

    def send(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()


def main() -> None:
    config, account = load(Path(sys.argv[1])), sys.argv[2]
    # Opened here, so that loading it is none of the moments.
    launcher = launcher_kind_of(config, account).open(config, SystemClock())
    steps = Steps()
    tell("ready")
    frozen = None
    for line in sys.stdin:
        order, _, moment = line.strip().partition(" ")
        if order == "thaw" and frozen is not None:
            child = frozen
            os.kill(child, signal.SIGCONT)
        else:
            child = fork(launcher, account, steps, order, int(moment or 0))
        code = os.waitpid(child, os.WUNTRACED)[1]
        frozen = child if os.WIFSTOPPED(code) else None
        tell("frozen" if frozen else WORDS.get(os.waitstatus_to_exitcode(code), "failed"))
    if frozen is not None:
        os.kill(frozen, signal.SIGKILL)


def fork(launcher: Launcher, account: str, steps: Steps, order: str, moment: int) -> int:
    child = os.fork()
    if child:
        return child

    def at_step(count: int) -> None:
        if count == moment:
            os.kill(os.getpid(), SIGNALS[order])

    steps.arm(at_step)
    code = 1
    try:
        launcher.start(account)
        code = STARTED
    except LaunchRefused:
        code = REFUSED
    finally:
        os._exit(code)


def tell(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
