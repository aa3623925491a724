"""A body from the wire, bounded and parsed.

`access.middleware` has looked at its announced length, and `access.connection_limits` bounds
its time.
"""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from coordinator.problems import ApiProblem, invalid, too_large
from coordinator.settings import ServiceSettings

B = TypeVar("B", bound=BaseModel)


async def read_body(request: Request, shape: type[B], settings: ServiceSettings) -> B:
    """The body. Raises Problem."""
    data = await _bytes(request, settings.max_body_bytes)
    try:
        return shape.model_validate_json(data)
    except ValidationError as error:
        raise invalid(error) from None


async def _bytes(request: Request, limit: int) -> bytes:
    data = b""
    try:
        async for piece in request.stream():
            data += piece
            if len(data) > limit:
                raise too_large("a body", limit)
    except ClientDisconnect:
        raise ApiProblem(400, "cut_off", "the body ended too early") from None
    return data
