"""The set-up command: run once for each machine, bundle and command, until it ends with code 0.

A marker file says that it has. Nothing of it outlives the agent (`setup_process`). The next
run finds, by its mark, what a killed runner has left.
"""

from __future__ import annotations

import json
import os
import platform
import select
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sessionlib
from sessionlib.bundles.transfer import PreparationCancelled
from sessionlib.clock import Clock, SystemClock
from sessionlib.errors import ProgramError
from sessionlib.guard.client import without_secrets
from sessionlib.guard.sweep import home_mark, sweep
from sessionlib.plain_text import plain
from sessionlib.records import read_object

MARKER = "COLABVPS_SETUP"
TIMEOUT_S = 20 * 60.0
MAX_LOG_BYTES = 64 * 1024 * 1024
"""A command that prints more than this hangs in a loop, and would fill the disk."""
OLD_LOG_BYTES = 1024 * 1024

_LOOK_S = 0.2
_END_S = 10.0
_TAIL_BYTES = 4096
_LAST_LINES = 5
_MACHINE_ID = Path("/etc/machine-id")
# As for the guard: nothing that is installed beside us can come between.
_CODE = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from sessionlib.bundles.setup_process import main; main()"
)


@dataclass(frozen=True, slots=True)
class SetupJob:
    """A set-up command; `env` is added to the agent's environment and may hold secrets."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(repr=False)
    title: str


class SetupRunner:
    """Runs set-up commands in one home, one at a time. `last_line` may be read in any thread.

    `name` is what the log and the messages call them.
    """

    def __init__(
        self,
        home: Path,
        timeout_s: float = TIMEOUT_S,
        clock: Clock | None = None,
        name: str = "set-up",
    ) -> None:
        self._name = name
        self._home = home.absolute()
        self.log = self._home / "logs" / f"{name.replace('-', '')}.log"
        self._timeout_s = timeout_s
        self._clock = clock or SystemClock()
        self._began_bytes = 0

    def last_line(self) -> str:
        """What the command that runs printed last."""
        return next(iter(self._last_lines(1)), "")

    def run(self, job: SetupJob, cancelled: Callable[[], bool]) -> None:
        """Run it to its end. Raises KitError, or Cancelled; then nothing of it is left."""
        try:
            self._open_log(job)
            if not sweep(MARKER, home_mark(self._home), patience_s=0):
                raise ProgramError(
                    f"processes of an earlier {self._name} don't end: it can't be run"
                )
            with self._start(job) as runner:
                said = self._wait(job, runner, cancelled)
        except OSError as error:
            raise ProgramError(f"{self._name} can't be run: {error}") from None
        self._raise_if_failed(job, said)

    def _open_log(self, job: SetupJob) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            if self.log.stat().st_size > OLD_LOG_BYTES:
                self.log.replace(self.log.with_name(f"{self.log.name}.1"))
        with self.log.open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(f"--- {job.title}: {shlex.join(job.argv)}\n")
        self._began_bytes = self.log.stat().st_size

    def _start(self, job: SetupJob) -> subprocess.Popen[bytes]:
        mark = {MARKER: home_mark(self._home)}
        own = without_secrets(os.environ)
        body = {
            "argv": job.argv,
            "cwd": str(job.cwd),
            "env": {"PYTHONUNBUFFERED": "1", **own, **job.env, **mark},
            "log": str(self.log),
        }
        with self.log.open("ab") as log:
            runner = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _CODE, str(_root())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd="/",
                env={**own, **mark},
                start_new_session=True,
            )
        with suppress(BrokenPipeError):
            # Not as arguments, which everybody can read: there may be secrets among them.
            _stdin(runner).write(json.dumps(body).encode() + b"\n")
            _stdin(runner).flush()
        return runner

    def _wait(
        self, job: SetupJob, runner: subprocess.Popen[bytes], cancelled: Callable[[], bool]
    ) -> dict[str, Any]:
        """What the runner says in the end. Raises KitError where it was stopped from here."""
        began = self._clock.now()
        poll = select.poll()
        poll.register(_stdout(runner), select.POLLIN)
        why: ProgramError | None = None
        try:
            while not poll.poll(_LOOK_S * 1000):
                why = self._reason_to_stop(job, self._clock.now().since(began), cancelled)
                if why is not None:
                    raise why
            said = _stdout(runner).readline()
        finally:
            self._end(runner)
        return _said(said)

    def _reason_to_stop(
        self, job: SetupJob, since_s: float, cancelled: Callable[[], bool]
    ) -> ProgramError | None:
        if cancelled():
            return PreparationCancelled(f"{self._name} was called off")
        if since_s > self._timeout_s:
            return self._failed(job, f"hasn't ended after {self._timeout_s / 60:.3g} minutes")
        if self.log.stat().st_size - self._began_bytes > MAX_LOG_BYTES:
            return self._failed(job, f"has printed more than {MAX_LOG_BYTES // 1024**2} MB")
        return None

    def _end(self, runner: subprocess.Popen[bytes]) -> None:
        """Hang up, and see to it that nothing is left."""
        with suppress(OSError):
            _stdin(runner).close()
        try:
            runner.wait(_END_S)
        except subprocess.TimeoutExpired:
            runner.kill()
        if runner.wait() != 0:
            sweep(MARKER, home_mark(self._home), patience_s=0)

    def _raise_if_failed(self, job: SetupJob, said: dict[str, Any]) -> None:
        code = said.get("code")
        if code == 0:
            return
        if isinstance(code, int):
            text = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
            raise self._failed(job, text)
        raise self._failed(job, f"could not be run: {said.get('failed')}")

    def _failed(self, job: SetupJob, text: str) -> ProgramError:
        last = self._last_lines(_LAST_LINES)
        tail = "; it said last: " + " / ".join(last) if last else "; it printed nothing"
        name = plain(shlex.join(job.argv))[:200]
        return ProgramError(f"{self._name} ({name}) {text}{tail}; all of it is in {self.log}")

    def _last_lines(self, count: int) -> list[str]:
        try:
            with self.log.open("rb") as log:
                end = log.seek(0, os.SEEK_END)
                log.seek(max(self._began_bytes, end - _TAIL_BYTES))
                text = log.read(_TAIL_BYTES).decode(errors="replace")
        except OSError:
            return []
        # A bar that is drawn over itself ends each picture with a carriage return.
        lines = (plain(line).strip() for line in text.replace("\r", "\n").split("\n"))
        return [line[:200] for line in lines if line][-count:]


def is_done(marker: Path, argv: tuple[str, ...]) -> bool:
    """Whether this command has been run on this machine already, for what the marker goes with."""
    try:
        return read_object(marker.read_bytes()) == _mark_of(argv)
    except (OSError, ValueError):
        return False


def mark_done(marker: Path, argv: tuple[str, ...]) -> None:
    """Remember that it has. Raises OSError."""
    draft = marker.with_name(f".{marker.name}.{os.getpid()}")
    draft.write_text(json.dumps(_mark_of(argv)))
    draft.replace(marker)


def _mark_of(argv: tuple[str, ...]) -> dict[str, Any]:
    return {"machine": machine_identity(), "setup": list(argv)}


def machine_identity() -> str:
    """What set-up has prepared: this machine, whatever boot, and this Python's environment.

    The host's name beside the machine's id, for containers of one image share the id.
    """
    try:
        known = _MACHINE_ID.read_text().strip()
    except OSError:
        known = ""
    return f"{known}/{socket.gethostname()}/{platform.python_version()}/{sys.prefix}"


def _root() -> Path:
    return Path(sessionlib.__file__).parents[1]


def _said(line: bytes) -> dict[str, Any]:
    try:
        return read_object(line)
    except ValueError:
        return {"failed": "the process that runs it was killed"}


def _stdin(runner: subprocess.Popen[bytes]) -> Any:
    assert runner.stdin is not None  # noqa: S101 - opened as a pipe
    return runner.stdin


def _stdout(runner: subprocess.Popen[bytes]) -> Any:
    assert runner.stdout is not None  # noqa: S101 - opened as a pipe
    return runner.stdout
