"""One ASGI application over one database: what is built from what.

Whatever goes wrong is answered in one form.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from coordinator.access.middleware import AccessMiddleware
from coordinator.api import events, health, redirect, sessions, workers
from coordinator.api.direct_route import DirectRoute
from coordinator.api.openapi import build_document
from coordinator.database.database import Database
from coordinator.event_broadcast import EventBroadcast
from coordinator.metrics import Metrics
from coordinator.page import routes
from coordinator.problems import ApiProblem
from coordinator.settings import ServiceSettings
from coordinator.writer import StateWriter
from sessionlib.clock import Clock

_WORDS = {404: ("not_found", "there is no such path"), 405: ("not_allowed", "not by this method")}


class CoordinatorApp:
    """The application, and what has to be ended with it."""

    def __init__(self, database: Database, settings: ServiceSettings, clock: Clock) -> None:
        """Raises DatabaseUnusable."""
        self.writer = StateWriter(database, clock)
        self.broadcast = EventBroadcast(self.writer, settings)
        self.metrics = Metrics(self.writer, self.broadcast, settings, clock)
        self.api = self._api(settings, clock)
        self.app: ASGIApp = AccessMiddleware(self.api, self.writer, self.metrics, settings, clock)

    def _api(self, settings: ServiceSettings, clock: Clock) -> FastAPI:
        # The pages that FastAPI has for descriptions load scripts from elsewhere.
        api = FastAPI(
            docs_url=None, redoc_url=None, lifespan=self._lifespan, redirect_slashes=False
        )
        api.router.route_class = DirectRoute
        workers.add_routes(api, self.writer, settings)
        sessions.add_routes(api, self.writer, settings, clock)
        redirect.add_routes(api, self.writer, settings, clock)
        events.add_routes(api, self.broadcast)
        health.add_routes(api, self.writer, self.metrics)
        routes.add_routes(api, self.writer, settings, clock)
        api.add_exception_handler(ApiProblem, _refused)
        api.add_exception_handler(HTTPException, _refused)
        api.add_exception_handler(Exception, _failed)

        def description() -> dict[str, Any]:
            if api.openapi_schema is None:
                api.openapi_schema = build_document(api)
            return api.openapi_schema

        api.openapi = description  # type: ignore[method-assign]  # as FastAPI documents it
        return api

    @asynccontextmanager
    async def _lifespan(self, _api: FastAPI) -> AsyncIterator[None]:
        work = asyncio.create_task(self.writer.run())
        work.add_done_callback(_end_if_failed)
        try:
            yield
        finally:
            self.writer.stop()
            await work


def _end_if_failed(work: asyncio.Task[None]) -> None:
    """Without the one who keeps things nothing is left to serve: better to be started anew."""
    if not work.cancelled() and work.exception() is not None:
        signal.raise_signal(signal.SIGTERM)


async def _refused(_request: Request, error: Exception) -> Response:
    if isinstance(error, ApiProblem):
        return error.response()
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    word, message = _WORDS.get(status, ("refused", "this can't be done"))
    return ApiProblem(status, word, message, headers).response()


async def _failed(_request: Request, _error: Exception) -> Response:
    return ApiProblem(500, "failed", "something went wrong here that shouldn't have").response()
