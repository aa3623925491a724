"""Goal: three agents as on three machines: a disk, a way to the store and a clock for each.

Method: the demonstration's stage, but each account has a folder of its own that
stands for its machine, and its agent is started from there. Where mounts are
possible each machine's disk and the store's are small ones of their own, and the
store is mounted on each machine; where they aren't, a link leads there. The
journals are outside of all that, so that the judge sees what the fleet can't.

Wall clocks are libfaketime's, of fleets that ask for them. Their boot-time and
monotonic clocks, of agent and guard, run at a rate of each machine's own then:
off by up to 1 %, which is all that the design answers for.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

import console.demo
from console.demo.demo_fleet import ACCOUNTS, DemoFleet
from sessionlib.guard.sweep import HOME_MARKER, home_mark, sweep
from tests.contract.full_disk import mount
from tests.e2e.fleet_fixture import boot_s
from tests.e2e.hazards.clocks import WallClock
from tests.e2e.hazards.kit import environment

STORE_MB = 64
HOME_MB = 32
TIMINGS = {"ttl": "70s", "renew": "12s", "timeout": "16s", "margin": "10s", "report": "30s"}
"""Before the scale: with twice the usual room for a machine that is busy."""
RATES = (0.99, 1.0, 1.01)
COUNTER = Path(console.demo.__file__).with_name("counter.py")


class Machines(DemoFleet):
    """A fleet whose accounts share nothing but the store."""

    def __init__(
        self,
        folder: Path,
        scale: float,
        changes: Mapping[str, Any],
        *,
        mounts: bool,
        rates: Mapping[str, float] | None = None,
    ) -> None:
        self.mounts = mounts
        self._rates = rates
        self._lock = threading.Lock()
        self._closed = False
        self._agents: dict[str, subprocess.Popen[bytes]] = {}
        self._pids: list[int] = []
        self.started_s: dict[str, float] = {}
        self.codes: list[tuple[str, int]] = []
        self.clocks: dict[str, WallClock] = {}
        super().__init__(folder, scale, {"timings": {**TIMINGS, "scale": scale}, **changes})

    def _configure(self, scale: float, changes: Mapping[str, Any]) -> Path:
        path = super()._configure(scale, changes)
        self.store_folder = self.folder / "VPS_Shared"
        self._disk(self.store_folder, STORE_MB)
        body = yaml.safe_load(path.read_text())
        for account in ACCOUNTS:
            machine = self.machine(account)
            self._disk(self.folder / "work" / account, HOME_MB)
            machine.mkdir(parents=True)
            shutil.copy(COUNTER, machine)
            own = {**body, "store": {"kind": "folder", "path": "shared"}}
            (machine / "accounts.yaml").write_text(yaml.safe_dump(own, sort_keys=False))
            self.attach(account)
            if self._rates is not None:
                rate = self._rates[account]
                self.clocks[account] = WallClock(machine, f"+0 x{rate}", rate)
        return path

    def _disk(self, place: Path, size_mb: int) -> None:
        place.mkdir(parents=True)
        if self.mounts:
            mount("-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(place))

    def machine(self, account: str) -> Path:
        return self.folder / "machines" / account

    def way(self, account: str) -> Path:
        """Where an account's machine has the store."""
        return self.machine(account) / "shared"

    def attach(self, account: str) -> None:
        """Give the machine its way to the store."""
        if self.mounts:
            self.way(account).mkdir(exist_ok=True)
            mount("--bind", str(self.store_folder), str(self.way(account)))
        else:
            self.way(account).symlink_to(self.store_folder)

    def detach(self, account: str) -> None:
        """Take it away, as an unmounted share is gone: an empty folder is left."""
        if self.mounts:
            subprocess.run(["umount", "--lazy", str(self.way(account))], check=True)
        else:
            self.way(account).unlink()

    def start(self, account: str) -> None:
        """Start an account's agent, unless it runs. It ends when this process does. Afterwards
        there is one, unless the fleet is at its end."""
        with self._lock:
            if not self._closed and not self.is_running(account):
                self._note_end(account)
                self._agents[account] = self._spawn(account)
                self._pids.append(self.pid(account))
                self.started_s[account] = boot_s()

    def _spawn(self, account: str) -> subprocess.Popen[bytes]:
        clock = self.clocks.get(account)
        python = (sys.executable,) if clock is None else clock.python
        config = self.machine(account) / "accounts.yaml"
        words = ["--config", config, "--account", account, "--home", self.home(account)]
        with self.errors(account).open("ab") as err:
            return subprocess.Popen(
                [*python, "-m", "sessionlib", "agent", *map(str, words), "--until-eof"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=err,
                cwd=self.machine(account),
                env=environment({} if clock is None else clock.env),
                start_new_session=True,
            )

    def errors(self, account: str) -> Path:
        """What its agents wrote to the terminal."""
        return self.folder / f"{account}.err"

    def _note_end(self, account: str) -> None:
        ended = self._agents.pop(account, None)
        if ended is not None:
            self.codes.append((account, ended.wait()))
            if ended.stdin is not None:
                ended.stdin.close()

    def is_running(self, account: str) -> bool:
        agent = self._agents.get(account)
        return agent is not None and agent.poll() is None

    def _agent(self, account: str) -> subprocess.Popen[bytes]:
        return self._agents[account]

    def close(self) -> None:
        """Leave no process of it, nor let one be started any more."""
        with self._lock:
            self._closed = True
        for agent in self._agents.values():
            if agent.poll() is None:
                agent.kill()
        for account in list(self._agents):
            self._note_end(account)
        for account in ACCOUNTS:
            sweep(HOME_MARKER, home_mark(self.home(account)), 0)
        for pid in self._pids:
            # What libfaketime leaves behind of a process that was killed.
            for left in Path("/dev/shm").glob(f"*faketime_???_{pid}"):
                left.unlink(missing_ok=True)

    def keep(self, folder: Path) -> None:
        """Copy what the fleet wrote to `folder`: its disks go with the mount namespace."""
        with suppress(OSError, shutil.Error):
            shutil.copytree(self.folder, folder, symlinks=True, ignore=_only_once)


def _only_once(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "shared" or name.startswith("filler")]
