"""Sessions that were started from this machine: every command and the screen ask one launcher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.launchers import Launcher, LaunchHandle, LaunchStatus
from sessionlib.launchers.kinds import launcher_kind_of


@dataclass
class FleetLauncher:
    """A launcher for all accounts: each one's calls go to the kind that its settings name."""

    config: Config
    clock: Clock
    _opened: dict[str, Launcher] = field(default_factory=dict)

    def start(self, account: str) -> LaunchHandle:
        """Start a session. Raises LaunchRefused, or ConfigError for an account that isn't there."""
        return self._launcher(account).start(account)

    def known(self, account: str) -> LaunchHandle | None:
        return self._launcher(account).known(account)

    def status(self, handle: LaunchHandle) -> LaunchStatus:
        return self._launcher(handle.account).status(handle)

    def stop(self, handle: LaunchHandle) -> LaunchStatus:
        return self._launcher(handle.account).stop(handle)

    def _launcher(self, account: str) -> Launcher:
        kind = launcher_kind_of(self.config, account)
        if kind.name not in self._opened:
            self._opened[kind.name] = kind.open(self.config, self.clock)
        return self._opened[kind.name]


def launcher_of(config: Config, clock: Clock) -> Launcher:
    """The launcher of a fleet's sessions."""
    return FleetLauncher(config, clock)


def last_launch(launcher: Launcher, account: str) -> LaunchStatus | None:
    """What became of the account's last start from here; None if there was none."""
    handle = launcher.known(account)
    return None if handle is None else launcher.status(handle)


def last_launches(launcher: Launcher, config: Config) -> Mapping[str, LaunchStatus]:
    """The same for every account that was ever started from here."""
    found = {account: last_launch(launcher, account) for account in config.accounts}
    return {account: status for account, status in found.items() if status is not None}
