"""Starting and ending sessions, each kind of place behind the one port.

"Ended" is said only of what is certainly gone: an operator may let another session take over on
the strength of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sessionlib.errors import ColabvpsError


class LaunchState(StrEnum):
    """What is known of a session that was started from here."""

    RUNNING = "running"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LaunchHandle:
    """One start of an account's session, kept on disk from before it is tried.

    `nonce` marks the process that comes of it; `pid` and `start` (clock ticks since
    boot) are None until it is there. `machine` says on which boot of which machine,
    None where that can't be told.
    """

    account: str
    home: str
    nonce: str
    machine: str | None
    pid: int | None = None
    start: int | None = None


@dataclass(frozen=True, slots=True)
class LaunchStatus:
    """What became of a start, and how that is known, in words.

    `since_s`: running for so long, or without a sign of life for at least so long, by
    this machine's clock; None where nobody can say. `session` is the id of the session
    that the status speaks of, as it stands in the reports and in the lease; None where
    it can't be told for certain.
    """

    state: LaunchState
    how: str
    since_s: float | None = None
    pid: int | None = None
    session: str | None = None


class LaunchRefused(ColabvpsError):
    """Not started, and the reason."""


class Launcher(Protocol):
    """Starts and ends sessions of one fleet."""

    def start(self, account: str) -> LaunchHandle:
        """Start a session. Raises LaunchRefused, naming who is there, where one runs."""

    def known(self, account: str) -> LaunchHandle | None:
        """The last start of this account from here, however long ago; None if there is none."""

    def status(self, handle: LaunchHandle) -> LaunchStatus:
        """What became of it. ENDED only if nothing of it can still execute."""

    def stop(self, handle: LaunchHandle) -> LaunchStatus:
        """End it, in good order if it will, and say what is known afterwards."""
