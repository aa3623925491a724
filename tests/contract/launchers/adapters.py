"""One adapter for each launcher under the contract: how its real sessions are reached.

An adapter asks the system and never the launcher, whose word is on trial.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Protocol

import psutil

from sessionlib.clock import SystemClock, sleep
from sessionlib.config import Config
from sessionlib.config_loading import load
from sessionlib.guard.sweep import HOME_MARKER, home_mark, marked, sweep
from sessionlib.launchers import Launcher
from sessionlib.launchers.kinds import launcher_kind_of
from sessionlib.signing import public_of

SEED = "5e" * 32
WORKLOADS_OWN = "of-the-workload-alone"
CLOCK = SystemClock()
LIMIT_S = 30.0
ACCOUNT = "ada"


def until(is_so: object, what: str) -> None:
    """Wait for something that a process does by itself."""
    assert callable(is_so)
    begin_mono = CLOCK.now().mono
    while not is_so():
        assert CLOCK.now().mono - begin_mono < LIMIT_S, what
        sleep(0.01)


class LauncherAdapter(Protocol):
    """A fleet of one account, and what a test may do to the session that its launcher starts."""

    @property
    def config(self) -> Config: ...

    def open(self) -> Launcher:
        """A launcher as another program would have it: it remembers nothing."""

    def traces(self) -> list[Path]:
        """What a start leaves behind where others find it."""

    def processes(self) -> list[int]:
        """All of the session that can execute."""

    def until_complete(self) -> None:
        """Return once all of the session is there."""

    def kill_agent(self) -> None:
        """Kill the agent, and nothing else, so that what it leaves can't end by itself."""

    def freeze(self) -> None:
        """Stop all of the session, so that nothing of it answers."""

    @contextmanager
    def hung(self) -> Iterator[None]:
        """The agent gets nothing done meanwhile, whoever wakes it."""

    def texts(self) -> str:
        """Arguments, logs and traces, where no secret may stand."""

    def environments(self) -> str:
        """What the session's processes were born with."""

    def clean_up(self) -> None:
        """Leave nothing of it."""


@dataclass
class LocalAdapter:
    """Agents of this machine, by the launcher that `launcher: local` names."""

    folder: Path

    def __post_init__(self) -> None:
        (self.folder / "accounts.yaml").write_text(
            "fleet: my-fleet\n"
            f'fleet_key: "{public_of(SEED)}"\n'
            "store: {kind: folder, path: shared}\n"
            "timings: {scale: 20}\n"
            "accounts:\n"
            f"  {ACCOUNT}: {{email: a@example.com, role: main_worker, priority: 1}}\n"
            'workload: {command: [sleep, "600"], grace: 1s, secrets: [TOKEN]}\n'
        )

    @property
    def config(self) -> Config:
        return load(self.folder / "accounts.yaml")

    @property
    def home(self) -> Path:
        return self.config.home(ACCOUNT)

    def open(self) -> Launcher:
        return launcher_kind_of(self.config, ACCOUNT).open(self.config, CLOCK)

    def traces(self) -> list[Path]:
        return list(self.home.glob("launch*.json"))

    def processes(self) -> list[int]:
        return [*self._agents(), *self._guards()]

    def _agents(self) -> list[int]:
        words = {"sessionlib", str(self.config.path)}
        table = psutil.process_iter(["cmdline"])
        return [proc.pid for proc in table if words <= set(proc.info["cmdline"] or [])]

    def _guards(self) -> list[int]:
        return [proc.pid for proc in marked(HOME_MARKER, home_mark(self.home))]

    def until_complete(self) -> None:
        until(lambda: self._agents() and len(self._guards()) >= 2, "agent, guard and reaper")

    def kill_agent(self) -> None:
        send_all(self._guards(), signal.SIGSTOP)
        agents = self._agents()
        send_all(agents, signal.SIGKILL)
        until(lambda: not self._agents(), "the agent's end")

    def freeze(self) -> None:
        send_all(self.processes(), signal.SIGSTOP)

    @contextmanager
    def hung(self) -> Iterator[None]:
        agents, is_over = self._agents(), Event()

        def keep_stopped() -> None:
            while not is_over.wait(0.001):
                send_all(agents, signal.SIGSTOP)

        thread = Thread(target=keep_stopped)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def texts(self) -> str:
        arguments = [Path(f"/proc/{pid}/cmdline") for pid in self.processes()]
        logs = list((self.home / "logs").iterdir()) + self.traces()
        return "".join(path.read_text(errors="replace") for path in [*arguments, *logs])

    def environments(self) -> str:
        paths = [Path(f"/proc/{pid}/environ") for pid in self.processes()]
        return "".join(path.read_text(errors="replace") for path in paths)

    def clean_up(self) -> None:
        # The agent first: it would raise another guard.
        send_all(self._agents(), signal.SIGKILL)
        until(lambda: not self._agents(), "the agent's end")
        assert sweep(HOME_MARKER, home_mark(self.home), patience_s=0)


def send_all(pids: list[int], number: int) -> None:
    """Signal each that is still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


ADAPTERS = {"local": LocalAdapter}
"""Each launcher by its word in the configuration; a person is the other one, `manual`."""
