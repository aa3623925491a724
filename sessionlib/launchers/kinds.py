"""What the program has to know of each kind of launcher. `KINDS` has a line for each."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass

from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.launchers import Launcher


@dataclass(frozen=True, slots=True, kw_only=True)
class LauncherKind:
    """One kind of launcher. `open` imports the adapter, so that nobody loads another kind's."""

    name: str
    """The word for it in an account's `launcher`."""
    open: Callable[[Config, Clock], Launcher]
    starts: bool = True
    """Whether the console may start a session by it; else the account's own person does."""


def _open_local(config: Config, clock: Clock) -> Launcher:
    from sessionlib.launchers.local import LocalLauncher  # noqa: PLC0415 - only for who asks for it

    return LocalLauncher(config, clock)


LOCAL = LauncherKind(name="local", open=_open_local)
# A person may start a session on this machine as well: what is left of it is found the same way.
MANUAL = LauncherKind(name="manual", open=_open_local, starts=False)

KINDS: MutableMapping[str, LauncherKind] = {
    LOCAL.name: LOCAL,
    MANUAL.name: MANUAL,
}


def launcher_kind_of(config: Config, account: str) -> LauncherKind:
    """The kind that starts this account's sessions. Reading the configuration has checked it."""
    return KINDS[config.account(account).launcher]
