"""Keeping a guard running: a lost guard is replaced, with backoff.

The new one gets only the grant that still counts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from sessionlib.core.values import Instant
from sessionlib.core.work import STEADY_S, Failures
from sessionlib.guard.client import GuardClient, GuardError, GuardLost
from sessionlib.guard.policy import Limits
from sessionlib.guard.wire import Command, Freeze, GuardEvent, LeaseGrant, Started

GuardNews = GuardEvent | GuardLost


class GuardHandle(Protocol):
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


class GuardFactory(Protocol):
    """Makes the client of a guard that isn't started yet."""

    def __call__(
        self, *, home: Path, limits: Limits, on_event: Callable[[GuardNews], None]
    ) -> GuardHandle:
        """`on_event` is called in another thread."""


class GuardSupervisor:
    """The one guard of a home; for a short time there may be none.

    `post` is called in other threads. `cleared` says that nothing runs in this home
    that isn't known of. `new_guard` makes the client of a guard that isn't started yet.
    """

    def __init__(
        self,
        *,
        home: Path,
        limits: Limits,
        post: Callable[[GuardNews], None],
        new_guard: GuardFactory = GuardClient,
    ) -> None:
        self._home = home
        self._limits = limits
        self._post = post
        self._new_guard = new_guard
        self._client: GuardHandle | None = None
        self._grant: LeaseGrant | None = None
        self._distrusted_until: Instant | None = None
        self.failures = Failures()
        self.up = False
        self.cleared = False
        self._up_mono = 0.0
        self._closed = False

    @property
    def markers(self) -> dict[str, str]:
        return {} if self._client is None else self._client.markers

    def ensure_running(self, now: Instant) -> None:
        """Start a guard if there is none. Afterwards nothing of an earlier agent is left."""
        if self._closed or self._client is not None or now.mono < self.failures.retry_mono:
            return
        client = self._new_guard(home=self._home, limits=self._limits, on_event=self._post)
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

    def note_news(self, news: GuardNews, now: Instant) -> None:
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

    def grant(self, grant: LeaseGrant) -> None:
        """A lease write has succeeded; it counts unless it was sent before the last hold."""
        if self._distrusted_until is None or grant.sent.boot > self._distrusted_until.boot:
            self._grant = grant
            self.send(grant)

    def distrust_until(self, at: Instant) -> None:
        """What was sent up to `at` no longer counts, not even for a guard yet to come."""
        self._distrusted_until, self._grant = at, None
        self.send(Freeze(at))

    def has_grant(self, epoch: int | None, now: Instant) -> bool:
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
