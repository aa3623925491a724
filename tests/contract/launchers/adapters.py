"""One adapter for each launcher under the contract: how its real sessions are reached."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sessionlib.clock import SystemClock, sleep
from sessionlib.config import Config
from sessionlib.config_loading import load
from sessionlib.guard.sweep import HOME_MARKER, home_mark, marked, sweep
from sessionlib.guard.tree import DEAD, read_proc
from sessionlib.launchers import Launcher
from sessionlib.launchers.kinds import launcher_kind_of
from sessionlib.signing import public_of

SEED = "5e" * 32
WORKLOADS_OWN = "of-the-workload-alone"
CLOCK = SystemClock()
LIMIT_S = 30.0
ACCOUNT = "ada"
MOST_STEPS = 4
"""Of any adapter here."""


def until(is_so: object, what: str) -> None:
    """Wait for something that a process does by itself."""
    assert callable(is_so)
    begin_mono = CLOCK.now().mono
    while not is_so():
        assert CLOCK.now().mono - begin_mono < LIMIT_S, what
        sleep(0.01)


class LauncherAdapter(Protocol):
    """A fleet of one account, and what a test may do to the session that its launcher starts."""

    steps: Mapping[int, str]
    """After which a starter is killed, each by what it has just done."""

    @property
    def config(self) -> Config: ...

    def open(self) -> Launcher:
        """A launcher as another program would have it: it remembers nothing."""

    def die_after(self, step: int) -> None:
        """Start a session in a process that is killed after this step."""

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

    def texts(self) -> str:
        """Arguments and logs, where no secret may stand."""

    def clean_up(self) -> None:
        """Leave nothing of it."""


_STARTER = """
import os, signal, sys
from pathlib import Path
from sessionlib.clock import SystemClock
from sessionlib.config_loading import load
from sessionlib.launchers import local
config, step = load(Path(sys.argv[1])), int(sys.argv[2])
passed = [0]
def then_die(call):
    def wrapped(*args, **kwargs):
        result = call(*args, **kwargs)
        passed[0] += 1
        if passed[0] == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return wrapped
local.is_taken = then_die(local.is_taken)
local.save_handle = then_die(local.save_handle)
local.subprocess.Popen = then_die(local.subprocess.Popen)
local.LocalLauncher(config, SystemClock()).start(sys.argv[3])
"""


@dataclass
class LocalAdapter:
    """Agents of this machine, by the launcher that `launcher: local` names."""

    folder: Path
    steps: Mapping[int, str]

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps = {1: "looked", 2: "left its trace", 3: "started", 4: "noted the process"}
        (folder / "accounts.yaml").write_text(
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

    def die_after(self, step: int) -> None:
        words = [str(self.config.path), str(step), ACCOUNT]
        died = subprocess.run([sys.executable, "-c", _STARTER, *words], check=False)
        assert died.returncode == -signal.SIGKILL

    def traces(self) -> list[Path]:
        return list(self.home.glob("launch*.json"))

    def processes(self) -> list[int]:
        handle = self.open().known(ACCOUNT)
        agent = None if handle is None else self.open().status(handle).pid
        pids = {proc.pid for proc in marked(HOME_MARKER, home_mark(self.home))}
        living = [read_proc(pid) for pid in {*pids, *([agent] if agent else [])}]
        return [proc.pid for proc in living if proc is not None and proc.state not in DEAD]

    def until_complete(self) -> None:
        until(lambda: len(self.processes()) >= 3, "agent, guard and reaper")

    def kill_agent(self) -> None:
        guards = {proc.pid for proc in marked(HOME_MARKER, home_mark(self.home))}
        for pid in guards:
            os.kill(pid, signal.SIGSTOP)
        for pid in set(self.processes()) - guards:
            os.kill(pid, signal.SIGKILL)

    def freeze(self) -> None:
        for pid in self.processes():
            os.kill(pid, signal.SIGSTOP)

    def texts(self) -> str:
        arguments = [Path(f"/proc/{pid}/cmdline") for pid in self.processes()]
        logs = list((self.home / "logs").iterdir()) + self.traces()
        return "".join(path.read_text(errors="replace") for path in [*arguments, *logs])

    def clean_up(self) -> None:
        sweep(HOME_MARKER, home_mark(self.home), patience_s=0)
        handle = self.open().known(ACCOUNT)
        if handle is not None:
            self.open().stop(handle)


ADAPTERS = {"local": LocalAdapter}
"""Each launcher by its word in the configuration; a person is the other one, `manual`."""
