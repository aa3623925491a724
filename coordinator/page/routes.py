"""The status page's paths. A browser loads nothing for it from anywhere else, and keeps nothing."""

from __future__ import annotations

from enum import Enum
from importlib.resources import files

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from coordinator.api.openapi import error_responses
from coordinator.page.html import render_fragment, render_page
from coordinator.page.model import PageModel, page_model
from coordinator.settings import ServiceSettings
from coordinator.view import ViewContext
from coordinator.writer import StateWriter
from sessionlib.clock import Clock

_TAGS: list[str | Enum] = ["page"]
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
_KEPT = {**HEADERS, "cache-control": "max-age=300"}


class _Style(Response):
    media_type = "text/css"


class _Script(Response):
    media_type = "text/javascript"


class _Icon(Response):
    media_type = "image/svg+xml"


_PARTS: tuple[tuple[str, str, type[Response]], ...] = (
    ("style.css", "How the status page looks", _Style),
    ("page.js", "What keeps the status page up to date", _Script),
    ("icon.svg", "The status page's mark on its tab", _Icon),
)


def add_routes(api: FastAPI, writer: StateWriter, settings: ServiceSettings, clock: Clock) -> None:
    """The page, what it is made of, and what it asks for."""

    def now() -> PageModel:
        moment = ViewContext(clock.now(), settings.silence_s)
        return page_model(writer.state, moment, public_primary=settings.public_primary)

    @api.get(
        "/",
        tags=_TAGS,
        summary="The status page, for people",
        response_class=HTMLResponse,
        responses=error_responses(413, 429),
    )
    async def whole(_request: Request) -> Response:
        """Whole from the server; its script only keeps it up to date."""
        return HTMLResponse(render_page(now()), headers=HEADERS)

    @api.get(
        "/page/now",
        tags=_TAGS,
        summary="The part of the status page that changes",
        response_class=HTMLResponse,
        responses=error_responses(413, 429),
    )
    async def part(_request: Request) -> Response:
        """HTML, for the page's own script."""
        return HTMLResponse(render_fragment(now()), headers=HEADERS)

    for name, summary, kind in _PARTS:
        _add_part(api, name, summary, kind)


def _add_part(api: FastAPI, name: str, summary: str, kind: type[Response]) -> None:
    """One file of the page's own, as it lies beside this."""
    text = files(__package__).joinpath(name).read_text("utf-8")

    async def part(_request: Request) -> Response:
        return kind(text, headers=_KEPT)

    api.add_api_route(
        f"/page/{name}",
        part,
        name=name,
        tags=_TAGS,
        summary=summary,
        description=f"Of the type {kind.media_type}; it may be kept for some minutes.",
        response_class=kind,
        responses=error_responses(413, 429),
    )
