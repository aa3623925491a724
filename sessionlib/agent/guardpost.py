"""Keeping a guard on its post.

Decided here: that a lost guard is replaced, with backoff, and that the new one
is told of the lease only what still counts. Not decided here: what the guard
is for at the moment (`workload`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sessionlib.core.values import Instant
from sessionlib.core.work import STEADY_S, Failures
from sessionlib.guard.client import GuardClient, GuardError, GuardLost
from sessionlib.guard.policy import Limits
from sessionlib.guard.wire import Command, Event, Freeze, Grant, Started

News = Event | GuardLost


class GuardPost:
    """Always the one guard of a home, or none for a moment.

    `post` is called in other threads, with the guard's number: what an earlier
    one still had to say must not be taken for news. `cleared` says that nothing
    runs in this home that isn't known of.
    """

    def __init__(self, home: Path, limits: Limits, post: Callable[[int, News], None]) -> None:
        self._home = home
        self._limits = limits
        self._post = post
        self._client: GuardClient | None = None
        self._grant: Grant | None = None
        self._held: Instant | None = None
        self.failures = Failures()
        self.up = False
        self.cleared = False
        self._number = 0
        self._up_mono = 0.0
        self._closed = False

    @property
    def markers(self) -> dict[str, str]:
        return {} if self._client is None else self._client.markers

    def keep(self, now: Instant) -> None:
        """Start a guard if there is none. Afterwards nothing of an earlier agent is left."""
        if self._closed or self._client is not None or now.mono < self.failures.retry_mono:
            return
        self._number = number = self._number + 1
        client = GuardClient(self._home, self._limits, lambda event: self._post(number, event))
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

    def heard(self, number: int, news: News, now: Instant) -> bool:
        """Take note of `news`; False if it is of a guard long gone."""
        if number != self._number or self._client is None:
            return False
        if isinstance(news, Started):
            self.up, self._up_mono = True, now.mono
        elif isinstance(news, GuardLost):
            steady = self.up and now.mono - self._up_mono >= STEADY_S
            failures = Failures() if steady else self.failures
            self._client, self.up = None, False
            self.failures = failures.and_another(news.why, now.mono)
        return True

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
