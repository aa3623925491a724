"""`/go/`: clients keep one address, and are sent to the primary.

The target stays on the primary's host and below its path, whatever the rest of the path says.
"""

from __future__ import annotations

from enum import Enum
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from coordinator.api.openapi import error_responses
from coordinator.problems import ApiProblem, unavailable
from coordinator.settings import ServiceSettings
from coordinator.view import ViewContext, primary_of
from coordinator.writer import StateWriter
from sessionlib.clock import Clock

_PREFIX = b"/go/"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SAFE = "/%:@!$&'()*+,;=-._~"
_SENT: dict[int | str, dict[str, Any]] = {
    307: {
        "description": "To the primary, with the method, the body, the path and the query.",
        "headers": {
            "Location": {"schema": {"type": "string"}, "description": "Where that is just now."}
        },
    }
}
_TAGS: list[str | Enum] = ["going"]
_REST = {
    "parameters": [
        {
            "name": "path",
            "in": "path",
            "required": True,
            "description": "Where at the primary; it may have slashes, and no `..`.",
            "schema": {"type": "string", "pattern": r"^[^\\\u0000-\u001f\u007f]*$"},
            "example": "predict",
        }
    ]
}


def redirect_target(base: str, rest: bytes, query: bytes) -> str | None:
    """Where `rest` of a path lies below `base`; None if it leads out of it.

    Both are as they were sent, with their escapes. `base` was checked when it was registered.
    """
    for segment in rest.split(b"/"):
        plain = unquote_to_bytes(segment)
        if plain in {b".", b".."} or b"\\" in plain:
            return None
    place = f"{base.rstrip('/')}/{quote(rest, safe=_SAFE)}"
    return f"{place}?{quote(query, safe=_SAFE + '?')}" if query else place


def add_routes(api: FastAPI, writer: StateWriter, settings: ServiceSettings, clock: Clock) -> None:
    """The endpoint that sends clients on."""

    async def go(request: Request) -> Response:
        """The rest of the path and the query are kept, the method and the body too: 307. While
        there is no primary, or none with an address, 503 with Retry-After.
        """
        found = primary_of(writer.state, ViewContext(clock.now(), settings.silence_s))
        if found is None or found.url is None:
            raise unavailable("there is no primary to go to just now")
        rest = request.scope["raw_path"].removeprefix(_PREFIX)
        place = redirect_target(found.url, rest, request.scope["query_string"])
        if place is None:
            raise ApiProblem(400, "leads_out", "the path leads out of the primary's address")
        return Response(status_code=307, headers={"location": place, "cache-control": "no-store"})

    for method in _METHODS:
        api.add_api_route(
            "/go/{path:path}",
            go,
            methods=[method],
            tags=_TAGS,
            summary="Go to the primary",
            operation_id=f"go_{method.lower()}",
            status_code=307,
            response_class=Response,
            openapi_extra=_REST,
            responses=_SENT | error_responses(400, 401, 404, 429, 503),
        )
