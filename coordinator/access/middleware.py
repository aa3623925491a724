"""What every request passes before anything of it is read or done."""

# The order: headers too large (431), whose token it is, whether that is enough (401, 403), how
# many come (429), a body announced too large (413). Every answer gets its headers here, and is
# counted here.

from __future__ import annotations

from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coordinator.access.policy import (
    REDIRECT_ROUTE,
    RequiredAccess,
    allows,
    required_access,
    template_of,
)
from coordinator.access.rate_limits import RateLimits, rate_key
from coordinator.metrics import Metrics
from coordinator.problems import ApiProblem, forbidden, too_large, too_many, unauthorized
from coordinator.settings import ServiceSettings
from coordinator.token_index import TokenGrant
from coordinator.writer import StateWriter
from sessionlib.clock import Clock

_STREAM = "/api/events"
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_NO_STORE = (b"cache-control", b"no-store")
_LOOKED_AT = frozenset({b"authorization", b"content-length", b"x-forwarded-for"})


class AccessMiddleware:
    """An ASGI application around another."""

    def __init__(
        self,
        app: ASGIApp,
        writer: StateWriter,
        metrics: Metrics,
        settings: ServiceSettings,
        clock: Clock,
    ) -> None:
        self._app = app
        self._writer = writer
        self._metrics = metrics
        self._settings = settings
        self._clock = clock
        self._by_token = RateLimits(settings.token_rate, settings.token_burst)
        self._by_address = RateLimits(settings.address_rate, settings.address_burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s = self._clock.now().mono
        template = template_of(scope["path"])
        status = 500

        async def counting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message)
            await send(message)

        try:
            await self._check_request(scope, template, started_s)
        except ApiProblem as problem:
            await problem.response()(scope, receive, counting)
        else:
            await self._app(_as_get(scope, template), receive, counting)
        finally:
            took_s = None if template == _STREAM else self._clock.now().mono - started_s
            self._metrics.count_answer(template, scope["method"], status, took_s)

    async def _check_request(self, scope: Scope, template: str, now_s: float) -> None:
        """Let a request pass, with whose it is. Raises Problem."""
        headers, size = _headers(scope)
        if size > self._settings.max_header_bytes:
            limit = self._settings.max_header_bytes
            raise ApiProblem(431, "too_large", f"headers may have {limit} bytes at most")
        grant = await self._grant_of(scope, headers, now_s)
        scope["grant"] = grant
        _authorize(required_access(template, self._settings), grant)
        # What `/go/` gets is never read.
        if template != REDIRECT_ROUTE:
            _check_length(headers.get(b"content-length"), self._settings.max_body_bytes)

    async def _grant_of(
        self, scope: Scope, headers: dict[bytes, bytes], now_s: float
    ) -> TokenGrant | None:
        """Who sends it, and may send one more. Raises Problem."""
        authorization = headers.get(b"authorization")
        grant = self._writer.token_index.authenticate(authorization)
        if grant is None:
            _check_rate(self._by_address.consume(self._sender(scope, headers), now_s))
            if authorization is None:
                return None
            # It may have been made a moment ago.
            await self._writer.refresh()
            grant = self._writer.token_index.authenticate(authorization)
        if grant is not None:
            _check_rate(self._by_token.consume(grant.hash, now_s))
        return grant

    def _sender(self, scope: Scope, headers: dict[bytes, bytes]) -> str:
        forwarded = headers.get(b"x-forwarded-for")
        if self._settings.behind_proxy and forwarded is not None:
            # The last one was added by our own proxy; those before it are hearsay.
            return rate_key(forwarded.decode("latin-1").rpartition(",")[2].strip())
        client: Any = scope.get("client")
        return rate_key(client[0] if client else "")


def _as_get(scope: Scope, template: str) -> Scope:
    """A HEAD as the GET that it asks the headers of: the server leaves the body out."""
    if scope["method"] != "HEAD" or template in {REDIRECT_ROUTE, _STREAM}:
        return scope
    return {**scope, "method": "GET"}


def _headers(scope: Scope) -> tuple[dict[bytes, bytes], int]:
    found: dict[bytes, bytes] = {}
    size = 0
    for name, value in scope["headers"]:
        size += len(name) + len(value)
        if name in _LOOKED_AT:
            found[name] = value
    return found, size


def _authorize(need: RequiredAccess, grant: TokenGrant | None) -> None:
    if need is RequiredAccess.PUBLIC:
        return
    if grant is None:
        raise unauthorized()
    if not allows(need, grant):
        whose = "the operator's" if need is RequiredAccess.OPERATOR else "an account's"
        raise forbidden(f"this needs {whose} token")


def _check_rate(wait_s: float) -> None:
    if wait_s > 0:
        raise too_many("too many requests: come back later", wait_s)


def _check_length(announced: bytes | None, limit: int) -> None:
    if announced is not None and (not announced.isdigit() or int(announced[:20]) > limit):
        raise too_large("a body", limit)


def _add_headers(message: Message) -> None:
    headers = message["headers"] = [*message.get("headers", ()), *_ALWAYS]
    if not any(name == b"cache-control" for name, _ in headers):
        headers.append(_NO_STORE)
