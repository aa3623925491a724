"""Sessions that were started from this machine: one launcher for every command and the screen."""

from __future__ import annotations

from collections.abc import Mapping

from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.launchers import Launcher, LaunchStatus
from sessionlib.launchers.local import LocalLauncher


def launcher_of(config: Config, clock: Clock) -> Launcher:
    """The launcher of this machine."""
    return LocalLauncher(config, clock)


def last_launch(launcher: Launcher, account: str) -> LaunchStatus | None:
    """What became of the account's last start from here; None if there was none."""
    handle = launcher.known(account)
    return None if handle is None else launcher.status(handle)


def last_launches(launcher: Launcher, config: Config) -> Mapping[str, LaunchStatus]:
    """The same for every account that was ever started from here."""
    found = {account: last_launch(launcher, account) for account in config.accounts}
    return {account: status for account, status in found.items() if status is not None}
