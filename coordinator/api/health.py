"""Health and metrics."""

from __future__ import annotations

from enum import Enum

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from coordinator.api.openapi import error_responses
from coordinator.api.response_models import HealthResponse, ReadinessResponse
from coordinator.metrics import CONTENT_TYPE, Metrics
from coordinator.problems import unavailable
from coordinator.writer import StateWriter

_TAGS: list[str | Enum] = ["operating"]


def add_routes(api: FastAPI, writer: StateWriter, metrics: Metrics) -> None:
    """The endpoints for those who run it, and for passers-by."""

    @api.get(
        "/healthz",
        tags=_TAGS,
        summary="Whether the process answers",
        response_model=HealthResponse,
        responses=error_responses(413, 429),
    )
    async def healthz(_request: Request) -> Response:
        """Says nothing of the fleet, nor of the database."""
        return JSONResponse({"status": "ok"})

    @api.get(
        "/readyz",
        tags=_TAGS,
        summary="Whether it can do its work",
        response_model=ReadinessResponse,
        responses=error_responses(413, 429, 503),
    )
    async def readyz(_request: Request) -> Response:
        """503 while the database can't be used."""
        if writer.trouble is not None:
            raise unavailable("the database can't be used just now")
        return JSONResponse({"status": "ready", "epoch": writer.state.fence.epoch})

    @api.get(
        "/metrics",
        tags=_TAGS,
        summary="Figures for Prometheus",
        response_class=PlainTextResponse,
        responses=error_responses(401, 403, 413, 429),
    )
    async def figures(_request: Request) -> Response:
        """With the operator's token, unless they are public by setting."""
        return Response(metrics.render(), media_type=CONTENT_TYPE)
