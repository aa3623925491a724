"""What each path asks for.

Decided here: every path that there is and who may use it; one that isn't listed needs a token
too, so that nothing is open because it was forgotten. Pure. Not decided here: whether an
account speaks for itself (`api.speaking`).
"""

from __future__ import annotations

from enum import Enum, auto

from coordinator.access.token_index import TokenGrant
from coordinator.settings import ServiceSettings

GO = "/go/{path}"
OTHER = "other"


class RequiredAccess(Enum):
    """What a request has to bring."""

    NOTHING = auto()
    TOKEN = auto()
    ACCOUNT = auto()
    """The token of an account; the operator's speaks for none."""
    OPERATOR = auto()


NEEDS = {
    "/": RequiredAccess.NOTHING,
    "/page/now": RequiredAccess.NOTHING,
    "/page/style.css": RequiredAccess.NOTHING,
    "/page/page.js": RequiredAccess.NOTHING,
    "/page/icon.svg": RequiredAccess.NOTHING,
    "/healthz": RequiredAccess.NOTHING,
    "/readyz": RequiredAccess.NOTHING,
    "/api/worker/register": RequiredAccess.ACCOUNT,
    "/api/worker/heartbeat": RequiredAccess.ACCOUNT,
    "/api/handover": RequiredAccess.ACCOUNT,
    "/api/sessions/status": RequiredAccess.TOKEN,
    "/api/events": RequiredAccess.TOKEN,
    "/api/primary": RequiredAccess.TOKEN,
    GO: RequiredAccess.TOKEN,
    "/metrics": RequiredAccess.OPERATOR,
    "/openapi.json": RequiredAccess.TOKEN,
}


def template_of(path: str) -> str:
    """The path as it is listed: what metrics call it."""
    if path == "/go" or path.startswith("/go/"):
        return GO
    return path if path in NEEDS else OTHER


def need_of(template: str, settings: ServiceSettings) -> RequiredAccess:
    """What a request to this path has to bring."""
    if settings.public_primary and template in {"/api/primary", GO}:
        return RequiredAccess.NOTHING
    if settings.public_metrics and template == "/metrics":
        return RequiredAccess.NOTHING
    return NEEDS.get(template, RequiredAccess.TOKEN)


def allows(need: RequiredAccess, grant: TokenGrant) -> bool:
    """Whether a valid token is one of those that are wanted."""
    if need is RequiredAccess.ACCOUNT:
        return grant.account is not None
    return need is not RequiredAccess.OPERATOR or grant.account is None
