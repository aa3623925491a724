"""What each path asks for.

Decided here: every path that there is and who may use it; one that isn't listed needs a token
too, so that nothing is open because it was forgotten. Pure. Not decided here: whether an
account speaks for itself (`api.speaking`).
"""

from __future__ import annotations

from enum import Enum, auto

from coordinator.access.keys import Grant
from coordinator.settings import Settings

GO = "/go/{path}"
OTHER = "other"


class Need(Enum):
    """What a request has to bring."""

    NOTHING = auto()
    TOKEN = auto()
    ACCOUNT = auto()
    """The token of an account; the operator's speaks for none."""
    OPERATOR = auto()


NEEDS = {
    "/": Need.NOTHING,
    "/page/now": Need.NOTHING,
    "/page/style.css": Need.NOTHING,
    "/page/page.js": Need.NOTHING,
    "/page/icon.svg": Need.NOTHING,
    "/healthz": Need.NOTHING,
    "/readyz": Need.NOTHING,
    "/api/worker/register": Need.ACCOUNT,
    "/api/worker/heartbeat": Need.ACCOUNT,
    "/api/handover": Need.ACCOUNT,
    "/api/sessions/status": Need.TOKEN,
    "/api/events": Need.TOKEN,
    "/api/primary": Need.TOKEN,
    GO: Need.TOKEN,
    "/metrics": Need.OPERATOR,
    "/openapi.json": Need.TOKEN,
}


def template_of(path: str) -> str:
    """The path as it is listed: what metrics call it."""
    if path == "/go" or path.startswith("/go/"):
        return GO
    return path if path in NEEDS else OTHER


def need_of(template: str, settings: Settings) -> Need:
    """What a request to this path has to bring."""
    if settings.public_primary and template in {"/api/primary", GO}:
        return Need.NOTHING
    if settings.public_metrics and template == "/metrics":
        return Need.NOTHING
    return NEEDS.get(template, Need.TOKEN)


def allows(need: Need, grant: Grant) -> bool:
    """Whether a valid token is one of those that are wanted."""
    if need is Need.ACCOUNT:
        return grant.account is not None
    return need is not Need.OPERATOR or grant.account is None
