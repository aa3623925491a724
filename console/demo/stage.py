"""A whole fleet on this machine: a folder, three agents, and the end of them all.

Decided here: what the fleet of a demonstration consists of, and that every
process of it ends however this one does. The agents are ordinary ones, started
as a user would start them. Not decided here: what happens to them (`play`).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from console.cli.opened import Fleet
from console.errors import WrongUse
from console.provision import create_lease, missing_lease
from console.seen import Snapshot
from sessionlib.clock import SystemClock, sleep
from sessionlib.config import load
from sessionlib.guard.sweep import HOME_MARKER, home_mark, sweep
from sessionlib.signing import new_seed, public_of
from sessionlib.stores.folder import FolderStore

ACCOUNTS = {
    "primary": {"email": "you@example.com", "role": "main_worker", "priority": 1},
    "backup1": {"email": "partner@example.com", "role": "hot_standby", "priority": 2},
    "backup2": {"email": "friend@example.com", "role": "hot_standby", "priority": 3},
}
GRACE_S = 5
END_S = 8.0


class Stage:
    """A fresh fleet in `folder`, or in a temporary folder that goes with it.

    `changes` are settings other than the demonstration's own, as in the configuration file.
    """

    def __init__(
        self, folder: Path | None, scale: float, changes: Mapping[str, Any] | None = None
    ) -> None:
        self.is_temporary = folder is None
        self.seed = new_seed()
        self._agents: dict[str, subprocess.Popen[bytes]] = {}
        self.folder = _made(folder)
        try:
            self._furnish(scale, changes or {})
        except BaseException:
            self.close()
            raise

    def _furnish(self, scale: float, changes: Mapping[str, Any]) -> None:
        self.journals = self.folder / "journal"
        self.config_path = self._configure(scale, changes)
        config = load(self.config_path)
        clock = SystemClock()
        store = FolderStore(config.store_folder(), clock)
        store.provision()
        lease = missing_lease(store, config.timing().ttl_s)
        if lease is not None:
            create_lease(store, lease)
        self.fleet = Fleet(config, store, clock)

    def _configure(self, scale: float, changes: Mapping[str, Any]) -> Path:
        shutil.copy(Path(__file__).with_name("counter.py"), self.folder / "counter.py")
        path = self.folder / "accounts.yaml"
        body = {
            "fleet": "demo",
            "store": {"kind": "folder", "path": "VPS_Shared"},
            "fleet_key": public_of(self.seed),
            "timings": {"scale": scale},
            "accounts": ACCOUNTS,
            "workload": {
                "command": [sys.executable, "counter.py"],
                "env": {"DEMO_JOURNAL": str(self.journals)},
                "grace": f"{GRACE_S}s",
            },
        }
        path.write_text(yaml.safe_dump(_merged(body, changes), sort_keys=False))
        return path

    def start(self, account: str) -> None:
        """Start an account's agent as a process of its own."""
        words = ["agent", "--config", str(self.config_path), "--account", account, "--until-eof"]
        with (self.folder / f"{account}.log").open("ab") as log:
            self._agents[account] = subprocess.Popen(
                [sys.executable, "-m", "sessionlib", *words],
                # Never written to: it closes when this process ends, however it does.
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                # Ctrl-C at the terminal reaches this process alone, which ends them in order.
                start_new_session=True,
            )

    def kill(self, account: str) -> None:
        """SIGKILL an agent, and wait for it to be gone."""
        self._agents[account].kill()
        self._agents[account].wait()

    def signal(self, account: str, number: int) -> None:
        """Signal an agent; one that has ended hears nothing."""
        self._agents[account].send_signal(number)

    def exit_code(self, account: str, timeout_s: float) -> int:
        """An agent's exit code, once it has ended. Raises subprocess.TimeoutExpired."""
        return self._agents[account].wait(timeout_s)

    def home(self, account: str) -> Path:
        """The folder of the account's agent."""
        return self.fleet.config.home(account)

    def is_running(self, account: str) -> bool:
        """Whether the account's agent still runs."""
        agent = self._agents.get(account)
        return agent is not None and agent.poll() is None

    def pid(self, account: str) -> int:
        """The process id of the account's agent."""
        return self._agents[account].pid

    def look(self) -> Snapshot:
        """The fleet, as the store shows it."""
        return self.fleet.look()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every agent, and with it its guard and its workload; remove what was temporary."""
        running = [agent for agent in self._agents.values() if agent.poll() is None]
        for agent in running:
            agent.send_signal(signal.SIGCONT)
            agent.terminate()
        waited_s = 0.0
        while waited_s < END_S and any(agent.poll() is None for agent in running):
            sleep(0.05)
            waited_s += 0.05
        for agent in running:
            if agent.poll() is None:
                agent.kill()
                agent.wait()
        for account in self._agents:
            # Nobody ends a guard that was stopped when its agent was killed.
            sweep(HOME_MARKER, home_mark(self.home(account)), patience_s=0)
        if self.is_temporary:
            shutil.rmtree(self.folder, ignore_errors=True)


def _merged(body: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`body` with `changes`, mappings below it setting by setting."""
    merged = {**body, **changes}
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(body.get(key), dict):
            merged[key] = _merged(body[key], value)
    return merged


def _made(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="colabvps-demo-"))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WrongUse(f"--dir {folder}: it must be a new or an empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.absolute()
