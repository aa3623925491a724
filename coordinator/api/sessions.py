"""Who is where."""

from __future__ import annotations

from enum import Enum

from fastapi import FastAPI
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from coordinator.api.openapi import error_responses
from coordinator.api.response_models import PrimaryResponse, StatusResponse
from coordinator.problems import unavailable
from coordinator.settings import ServiceSettings
from coordinator.view import ViewContext, iso, primary_of, status_document
from coordinator.writer import StateWriter
from sessionlib.clock import Clock

_TAGS: list[str | Enum] = ["looking"]


def add_routes(api: FastAPI, writer: StateWriter, settings: ServiceSettings, clock: Clock) -> None:
    """The endpoints that show."""

    @api.get(
        "/api/sessions/status",
        tags=_TAGS,
        summary="Everything about the sessions",
        response_model=StatusResponse,
        responses=error_responses(401, 413, 429),
    )
    async def sessions_status(_request: Request) -> Response:
        """The primary, all others by account, the next move, and how the whole is. Ages and
        what is left are by this machine's clock.
        """
        shown = status_document(writer.state, ViewContext(clock.now(), settings.silence_s))
        return Response(to_json(shown), media_type="application/json")

    @api.get(
        "/api/primary",
        tags=_TAGS,
        summary="Where the primary is",
        response_model=PrimaryResponse,
        responses=error_responses(401, 413, 429, 503),
    )
    async def primary(_request: Request) -> Response:
        """503 while there is none: none has registered, a higher epoch is known, it says itself
        that it has stopped, or it wasn't heard of for too long.
        """
        found = primary_of(writer.state, ViewContext(clock.now(), settings.silence_s))
        if found is None:
            raise unavailable("there is no primary just now")
        shown = {
            "epoch": found.epoch,
            "account": found.account,
            "worker_id": found.worker_id,
            "worker_url": found.url,
            "since": iso(found.since.wall),
        }
        return Response(to_json(shown), media_type="application/json")
