"""How a request comes to its endpoint: directly.

Every endpoint takes the request and gives a response, so FastAPI has nothing to resolve or to
convert. It describes the endpoint all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response


class DirectRoute(APIRoute):
    """A route whose endpoint is all there is to it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        return self.endpoint
