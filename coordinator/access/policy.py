"""Every path, and who may use it; pure.

A path that isn't listed needs a token too, so that nothing is open because it was forgotten.
"""

from __future__ import annotations

from enum import Enum, auto

from coordinator.settings import ServiceSettings
from coordinator.token_index import TokenGrant

REDIRECT_ROUTE = "/go/{path}"
UNLISTED_ROUTE = "other"


class RequiredAccess(Enum):
    """What a request has to bring."""

    PUBLIC = auto()
    TOKEN = auto()
    ACCOUNT = auto()
    """The token of an account; the operator's speaks for none."""
    OPERATOR = auto()


ACCESS_BY_ROUTE = {
    "/": RequiredAccess.PUBLIC,
    "/page/now": RequiredAccess.PUBLIC,
    "/page/style.css": RequiredAccess.PUBLIC,
    "/page/page.js": RequiredAccess.PUBLIC,
    "/page/icon.svg": RequiredAccess.PUBLIC,
    "/healthz": RequiredAccess.PUBLIC,
    "/readyz": RequiredAccess.PUBLIC,
    "/api/worker/register": RequiredAccess.ACCOUNT,
    "/api/worker/heartbeat": RequiredAccess.ACCOUNT,
    "/api/handover": RequiredAccess.ACCOUNT,
    "/api/sessions/status": RequiredAccess.TOKEN,
    "/api/events": RequiredAccess.TOKEN,
    "/api/primary": RequiredAccess.TOKEN,
    REDIRECT_ROUTE: RequiredAccess.TOKEN,
    "/metrics": RequiredAccess.OPERATOR,
    "/openapi.json": RequiredAccess.TOKEN,
}


def template_of(path: str) -> str:
    """The path as it is listed: what metrics call it."""
    if path == "/go" or path.startswith("/go/"):
        return REDIRECT_ROUTE
    return path if path in ACCESS_BY_ROUTE else UNLISTED_ROUTE


def required_access(template: str, settings: ServiceSettings) -> RequiredAccess:
    """What a request to this path has to bring."""
    if settings.public_primary and template in {"/api/primary", REDIRECT_ROUTE}:
        return RequiredAccess.PUBLIC
    if settings.public_metrics and template == "/metrics":
        return RequiredAccess.PUBLIC
    return ACCESS_BY_ROUTE.get(template, RequiredAccess.TOKEN)


def allows(need: RequiredAccess, grant: TokenGrant) -> bool:
    """Whether a valid token is one of those that are wanted."""
    if need is RequiredAccess.ACCOUNT:
        return grant.account is not None
    return need is not RequiredAccess.OPERATOR or grant.account is None
