"""Keeping a guard on its post.

Decided here: that a lost guard is replaced, with backoff, and that the new one
is told of the lease only what still counts. Not decided here: what the guard
is for at the moment (`workload`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from sessionlib.core.values import Instant
from sessionlib.core.work import STEADY_S, Failures
from sessionlib.guard.client import GuardClient, GuardError, GuardLost
from sessionlib.guard.policy import Limits
from sessionlib.guard.wire import Command, Event, Freeze, Grant, Started

News = Event | GuardLost


class Client(Protocol):
    """The agent's side of one guard, as `guard.client` is."""

    cleared: bool

    @property
    def markers(self) -> dict[str, str]:
        """What its environment is known by."""

    def start(self) -> None:
        """Clear the home and start the guard. Raises GuardError."""

    def send(self, command: Command) -> None:
        """Tell it something."""

    def close(self) -> bool:
        """End it and all below it; whether nothing is left."""


Hire = Callable[[Path, Limits, Callable[[News], None]], Client]


class GuardPost:
    """Always the one guard of a home, or none for a moment.

    `post` is called in other threads. `cleared` says that nothing runs in this home
    that isn't known of. `hire` makes the client of a guard that isn't started yet.
    """

    def __init__(
        self,
        home: Path,
        limits: Limits,
        post: Callable[[News], None],
        hire: Hire = GuardClient,
    ) -> None:
        self._home = home
        self._limits = limits
        self._post = post
        self._hire = hire
        self._client: Client | None = None
        self._grant: Grant | None = None
        self._held: Instant | None = None
        self.failures = Failures()
        self.up = False
        self.cleared = False
        self._up_mono = 0.0
        self._closed = False

    @property
    def markers(self) -> dict[str, str]:
        return {} if self._client is None else self._client.markers

    def keep(self, now: Instant) -> None:
        """Start a guard if there is none. Afterwards nothing of an earlier agent is left."""
        if self._closed or self._client is not None or now.mono < self.failures.retry_mono:
            return
        client = self._hire(self._home, self._limits, self._post)
        try:
            client.start()
        except GuardError as error:
            self.failures = self.failures.and_another(str(error), now.mono)
            return
        finally:
            self.cleared = client.cleared
        self._client = client
        if self._grant is not None:
            client.send(self._grant)

    def heard(self, news: News, now: Instant) -> None:
        """Take note of `news`. GuardLost is a guard's last word: none of it comes later, when
        there may be another."""
        if self._client is None:
            return
        if isinstance(news, Started):
            self.up, self._up_mono = True, now.mono
        elif isinstance(news, GuardLost):
            steady = self.up and now.mono - self._up_mono >= STEADY_S
            failures = Failures() if steady else self.failures
            self._client, self.up = None, False
            self.failures = failures.and_another(news.why, now.mono)

    def grant(self, grant: Grant) -> None:
        """A lease write has succeeded; it counts unless it was sent before the last hold."""
        if self._held is None or grant.sent.boot > self._held.boot:
            self._grant = grant
            self.send(grant)

    def hold(self, at: Instant) -> None:
        """What was sent up to `at` no longer counts, not even for a guard yet to come."""
        self._held, self._grant = at, None
        self.send(Freeze(at))

    def granted(self, epoch: int | None, now: Instant) -> bool:
        """Whether a start under `epoch` would be allowed, as far as is known here."""
        grant = self._grant
        return grant is not None and grant.epoch == epoch and now.since(grant.sent) < grant.valid_s

    def send(self, command: Command) -> None:
        if self._client is not None:
            self._client.send(command)

    def close(self) -> None:
        """End the guard and all below it, for good; not `cleared` if something doesn't end."""
        client, self._client, self.up, self._closed = self._client, None, False, True
        if client is not None:
            self.cleared = client.close()
