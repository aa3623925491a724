"""A whole fleet on this machine: a folder, three agents, and the end of them all.

Every process of it ends however this one does. The agents are ordinary ones, started as a user
would start them.
"""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from console.demo.demo_store import DemoFolderStore, DemoStore
from console.demo.local_coordinator import LocalCoordinator
from console.errors import WrongUse
from console.fleet.fleet import Fleet
from console.fleet.snapshot import Snapshot, try_read_from_store
from console.setup.lease_record import create_lease, missing_lease
from sessionlib.clock import SystemClock, sleep
from sessionlib.config_loading import load
from sessionlib.coordinator import TOKEN_VARIABLE
from sessionlib.core.values import Lease, LeaseState
from sessionlib.launchers import LaunchHandle
from sessionlib.launchers.local import LocalLauncher
from sessionlib.layout import LEASE
from sessionlib.ports import Store
from sessionlib.signing import new_seed, public_of
from sessionlib.stores import timing_of

ACCOUNTS: Mapping[str, Mapping[str, Any]] = {
    "ada": {"email": "ada@example.com", "role": "main_worker", "priority": 1},
    "bob": {"email": "bob@example.com", "role": "hot_standby", "priority": 2},
    "cleo": {"email": "cleo@example.com", "role": "hot_standby", "priority": 3},
}
GRACE_S = 5
END_S = 8.0
FIRST_CLAIM_S = 30.0
"""Much longer than the first agent takes to claim the lease on a busy machine."""
_LOOK_EVERY_S = 0.05


class DemoFleet:
    """A fresh fleet in `folder`, or in a temporary folder that goes with it.

    `changes` are settings other than the demonstration's own, as in the configuration file.
    With `coordinated` a coordinator runs beside it.
    `premises` makes the place of its store, given the fleet's folder and each account's e-mail.
    """

    def __init__(
        self,
        folder: Path | None,
        scale: float,
        changes: Mapping[str, Any] | None = None,
        premises: Callable[[Path, Mapping[str, str]], DemoStore] | None = None,
        *,
        coordinated: bool = False,
    ) -> None:
        self.is_temporary = folder is None
        self.seed = new_seed()
        self._handles: dict[str, LaunchHandle] = {}
        self.folder = _made(folder)
        emails = {name: str(account["email"]) for name, account in ACCOUNTS.items()}
        self._premises: DemoStore = DemoFolderStore()
        self.coordinator: LocalCoordinator | None = None
        try:
            if coordinated:
                self.coordinator = LocalCoordinator(self.folder, ACCOUNTS, scale)
                changes = {**(changes or {}), "coordinator": {"url": self.coordinator.url}}
            if premises is not None:
                self._premises = premises(self.folder, emails)
            self._set_up(scale, changes or {})
        except BaseException:
            self._discard()
            raise

    def _set_up(self, scale: float, changes: Mapping[str, Any]) -> None:
        self.journals = self.folder / "journal"
        self.config_path = self._configure(scale, changes)
        config = load(self.config_path)
        clock = SystemClock()
        config = self._premises.provision(config, clock, self.seed)
        store = self._premises.open(config, clock)
        lease = missing_lease(store, timing_of(config).ttl_s)
        if lease is not None:
            create_lease(store, lease)
        self.fleet = Fleet(config, store, clock)
        self.operators_file = self._write_operators_file()
        also = self.coordinator.environment if self.coordinator else lambda account: {}
        self._launcher = LocalLauncher(config, clock, until_eof=True, extra_env=also)

    def _configure(self, scale: float, changes: Mapping[str, Any]) -> Path:
        shutil.copy(Path(__file__).with_name("counter.py"), self.folder / "counter.py")
        path = self.folder / "accounts.yaml"
        body = {
            "fleet": "demo",
            "store": self._premises.settings(),
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

    def _write_operators_file(self) -> Path:
        """A file for a shell to read: all that a console of this fleet has to be told. It holds
        secrets, and is nobody else's to read."""
        told = {
            "COLABVPS_CONFIG": str(self.config_path),
            "COLABVPS_FLEET_KEY": self.seed,
            **self._premises.environment(),
        }
        if self.coordinator is not None:
            told[TOKEN_VARIABLE] = self.coordinator.operators_token
        path = self.folder / "operator.env"
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in told.items()]
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.writelines(lines)
        return path

    def start(self, account: str) -> None:
        """Start an account's agent as a process of its own, which ends when this one does."""
        self._handles[account] = self._launcher.start(account)

    def wait_until_held(self, timeout_s: float, ended: Callable[[], bool] = lambda: False) -> bool:
        """Wait until somebody holds the lease, at most until `ended`; whether somebody does.

        Whose agent starts alone is the first to serve, however busy the machine is.
        """
        store, clock = self.open_store(), self.fleet.clock
        until_mono = clock.now().mono + timeout_s
        while not ended() and clock.now().mono < until_mono:
            lease = try_read_from_store(store, Lease, LEASE).value
            if lease is not None and lease.state is not LeaseState.FREE:
                return True
            sleep(_LOOK_EVERY_S)
        return False

    def kill(self, account: str) -> None:
        """SIGKILL an agent, and wait for it to be gone."""
        self._agent(account).kill()
        self._agent(account).wait()

    def signal(self, account: str, number: int) -> None:
        """Signal an agent; one that has ended hears nothing."""
        self._agent(account).send_signal(number)

    def exit_code(self, account: str, timeout_s: float) -> int:
        """An agent's exit code, once it has ended. Raises subprocess.TimeoutExpired."""
        return self._agent(account).wait(timeout_s)

    def home(self, account: str) -> Path:
        """The folder of the account's agent."""
        return self.fleet.config.home(account)

    def is_running(self, account: str) -> bool:
        """Whether the account's agent still runs."""
        return account in self._handles and self._agent(account).poll() is None

    def pid(self, account: str) -> int:
        """The process id of the account's agent."""
        return self._agent(account).pid

    def _agent(self, account: str) -> subprocess.Popen[bytes]:
        return self._launcher.child(self._handles[account])

    def open_store(self) -> Store:
        """The fleet's store once more, for another thread."""
        return self._premises.open(self.fleet.config, SystemClock())

    def read_snapshot(self) -> Snapshot:
        """The fleet, as the store shows it."""
        return self.fleet.read_snapshot()

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
        # Of each the last start that was tried, whether it came to its end or not.
        known = map(self._launcher.known, ACCOUNTS)
        self._launcher.stop_all([handle for handle in known if handle is not None], END_S)
        self._discard()

    def _discard(self) -> None:
        self._premises.close()
        if self.coordinator is not None:
            self.coordinator.close()
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
    try:
        if folder is None:
            return Path(tempfile.mkdtemp(prefix="colabvps-demo-"))
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise WrongUse(f"--dir {folder}: it must be a new or an empty folder")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongUse(_folder_error_text(folder, error.strerror)) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise WrongUse(_folder_error_text(folder, os.strerror(errno.EACCES)))
    return folder.absolute()


def _folder_error_text(folder: Path | None, why: str | None) -> str:
    if folder is None:
        return f"no temporary folder can be made ({why}): name one of your own with --dir"
    return f"--dir {folder}: can't be made or written to ({why}): name a folder of your own"
