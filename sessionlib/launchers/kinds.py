"""What the program has to know of each kind of launcher. `KINDS` has a line for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass

from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.launchers import Launcher


@dataclass(frozen=True, slots=True)
class LauncherProblem:
    """Why an account's session can't be started, and what to do."""

    text: str
    cure: str


def _no_problems(_config: Config, _account: str) -> Iterable[LauncherProblem]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LauncherKind:
    """One kind of launcher. `open` imports the adapter, so that nobody loads another kind's."""

    name: str
    """The word for it in an account's `launcher`."""
    open: Callable[[Config, Clock], Launcher]
    begins: str
    """How its session begins, as words behind the account: "starts on this machine"."""
    starts: bool = True
    """Whether the console may start a session by it; else the account's own person does."""
    may_be_colab: bool = False
    """Whether its sessions may be Colab's: preflight shows Google's rule then."""
    problems: Callable[[Config, str], Iterable[LauncherProblem]] = _no_problems
    """What preflight examines for one account: settings that it needs, programs that it runs.
    It returns within seconds, starts nothing, and raises nothing."""


def _open_local(config: Config, clock: Clock) -> Launcher:
    from sessionlib.launchers.local import LocalLauncher  # noqa: PLC0415 - only for who asks for it

    return LocalLauncher(config, clock)


LOCAL = LauncherKind(name="local", open=_open_local, begins="starts on this machine")
# A person may start a session on this machine as well: what is left of it is found the same way.
MANUAL = LauncherKind(
    name="manual",
    open=_open_local,
    begins="is started by its own person",
    starts=False,
    may_be_colab=True,
)

KINDS: MutableMapping[str, LauncherKind] = {
    LOCAL.name: LOCAL,
    MANUAL.name: MANUAL,
}


def launcher_kind_of(config: Config, account: str) -> LauncherKind:
    """The kind that starts this account's sessions. Reading the configuration has checked it."""
    return KINDS[config.account(account).launcher]
