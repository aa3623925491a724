"""The stream of events: the doorbell."""

from __future__ import annotations

from enum import Enum
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from coordinator.api.openapi import error_responses
from coordinator.event_broadcast import EventBroadcast
from coordinator.problems import too_many
from coordinator.token_index import TokenGrant

_FULL_S = 30.0
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A stream that doesn't end by itself.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": (
                    'id: 42\nevent: handover\ndata: {"plan": "5d1f0c2a", "to": "bob", '
                    '"phase": "offered", "from": "ada"}\n\n'
                ),
            }
        },
    }
}
_FROM = {
    "parameters": [
        {
            "name": "Last-Event-ID",
            "in": "header",
            "required": False,
            "description": "The last id that was heard.",
            "schema": {"type": "string"},
        }
    ]
}
_TAGS: list[str | Enum] = ["looking"]


def add_routes(api: FastAPI, broadcast: EventBroadcast) -> None:
    """The endpoint that is followed."""

    @api.get(
        "/api/events",
        tags=_TAGS,
        summary="Hear of changes as they happen",
        response_class=StreamingResponse,
        responses=_STREAM | error_responses(401, 413, 429),
        openapi_extra=_FROM,
    )
    async def events(request: Request) -> Response:
        """Server-sent events: `session` (a session's status has changed), `primary` (one has
        registered), `handover` (a move's phase), `epoch` (a higher one is known, or it was set
        by hand). Each is only a reason to look. With `Last-Event-ID` it goes on from there;
        where that isn't known any more there is one `resync`: look at everything. A comment
        comes at least every 20 s.
        """
        grant: TokenGrant = request.scope["grant"]
        if not broadcast.has_room(grant):
            raise too_many("too many streams are open, with this token or in all", _FULL_S)
        return _Stream(broadcast, grant, request.headers.get("last-event-id"))


class _Stream(StreamingResponse):
    """A stream that takes up its place before anything is awaited: of requests that come at
    once, each would find the same place free.
    """

    def __init__(self, bell: EventBroadcast, grant: TokenGrant, last_event_id: str | None) -> None:
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        stream = bell.stream(grant, last_event_id)
        super().__init__(stream, media_type="text/event-stream", headers=headers)
        self._place = bell.stream_slot(grant)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._place:
            await super().__call__(scope, receive, send)
