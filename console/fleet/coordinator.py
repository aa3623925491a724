"""What the coordinator says, beside the store. Its doorbell is a reason to read the store.

A thread of its own asks, every few seconds. A command that looks once waits for it a moment only:
a dead or slow coordinator costs the screen nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.coordinator import TOKEN_VARIABLE, tokens

if TYPE_CHECKING:
    from sessionlib.coordinator.client import CoordinatorClient
    from sessionlib.coordinator.event_stream import EventListener

EVERY_S = 5.0
FIRST_WAIT_S = 2.0
_LOGIN = (
    f"`colabvps-console login {tokens.OPERATOR} --coordinator` keeps one, or set {TOKEN_VARIABLE}"
)


@dataclass(frozen=True, slots=True)
class CoordinatorStatus:
    """`primary` and `epoch` are what it believes, None where it knows of nobody or this console
    has no token to ask with; `error` is why it couldn't be reached, or asked."""

    url: str
    reachable: bool | None = None
    primary: str | None = None
    epoch: int | None = None
    health: str | None = None
    error: str | None = None


@dataclass
class CoordinatorProbe:
    """One console's view of its coordinator."""

    _seen: CoordinatorStatus | None = None
    _asked_mono: float = float("-inf")
    _asking: threading.Thread | None = None
    _first: threading.Event = field(default_factory=threading.Event)

    def status(self, config: Config, clock: Clock) -> CoordinatorStatus | None:
        """What was heard last, waited for a moment where nothing was yet; None where the fleet
        has no coordinator."""
        seen = self.status_without_waiting(config, clock)
        if seen is not None and not self._first.is_set():
            self._first.wait(FIRST_WAIT_S)
            self._first.set()
            seen = self._seen or seen
        return seen

    def status_without_waiting(self, config: Config, clock: Clock) -> CoordinatorStatus | None:
        """The same without waiting; it is asked again where it is time to."""
        url = config.coordinator.url
        if url is None:
            return None
        now_mono = clock.now().mono
        is_idle = self._asking is None or not self._asking.is_alive()
        if is_idle and now_mono - self._asked_mono >= EVERY_S:
            self._asked_mono = now_mono
            self._asking = threading.Thread(target=self._ask, args=(url, config.fleet), daemon=True)
            self._asking.start()
        return self._seen or CoordinatorStatus(url)

    def _ask(self, url: str, fleet: str) -> None:
        # httpx is loaded only where there is somebody to ask.
        from sessionlib.coordinator import client  # noqa: PLC0415 - loaded only here

        token = tokens.find(fleet, tokens.OPERATOR)
        asked = client.CoordinatorClient(url, token)
        try:
            self._seen = _query(asked, CoordinatorStatus(url))
        except client.TokenRejected:
            why = (
                _missing_token_text(fleet)
                if token is None
                else f"it doesn't know the token here; {_LOGIN}"
            )
            self._seen = CoordinatorStatus(url, reachable=True, error=why)
        finally:
            asked.close()
            self._first.set()


def listen_for_changes(config: Config, ring: Callable[[], None]) -> EventListener | None:
    """A listener that has begun to call `ring`, in its own thread; None without a coordinator,
    or a token to listen with."""
    url = config.coordinator.url
    token = None if url is None else tokens.find(config.fleet, tokens.OPERATOR)
    if url is None or token is None:
        return None
    from sessionlib.coordinator import client  # noqa: PLC0415 - loaded only here
    from sessionlib.coordinator.event_stream import (  # noqa: PLC0415 - loaded only here
        EventListener,
    )

    listener = EventListener(client.CoordinatorClient(url, token), ring)
    listener.start()
    return listener


def _missing_token_text(fleet: str) -> str:
    """Why there is no token to ask with, and what to do."""
    return tokens.why_unreadable(fleet, tokens.OPERATOR) or f"no token here; {_LOGIN}"


def _query(asked: CoordinatorClient, seen: CoordinatorStatus) -> CoordinatorStatus:
    """Raises TokenRejected."""
    from sessionlib.coordinator.client import (  # noqa: PLC0415 - as above
        CoordinatorUnavailable,
        TokenRejected,
    )

    try:
        asked.get("/healthz")
    except CoordinatorUnavailable as error:
        return replace(seen, reachable=False, error=str(error))
    seen = replace(seen, reachable=True)
    try:
        status = asked.get("/api/sessions/status")
        primary = status["primary_session"] or {}
        return replace(
            seen,
            primary=_text(primary.get("account")),
            epoch=primary.get("epoch") if isinstance(primary.get("epoch"), int) else None,
            health=_text(status["system_health"]),
        )
    except TokenRejected:
        raise
    except CoordinatorUnavailable as error:
        return replace(seen, error=str(error))
    except (LookupError, TypeError, AttributeError):
        return replace(seen, error="its answer isn't a coordinator's")


def _text(value: Any) -> str | None:
    return value[:80] if isinstance(value, str) else None
