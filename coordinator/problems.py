"""The one form of every refusal: JSON with `error`, a word for programs, and `message`, for people.

422 has `problems` too, and 409 the `epoch`. Nothing that a client sent is repeated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from starlette.responses import JSONResponse


class FieldProblem(BaseModel):
    """What is wrong with one part of a body."""

    field: str = Field(description="Where in the body; empty for all of it.", examples=["epoch"])
    message: str = Field(examples=["Input should be a valid integer"])


class ProblemBody(BaseModel):
    """Why a request wasn't carried out."""

    error: str = Field(description="A word for programs.", examples=["outdated"])
    message: str = Field(
        description="A sentence for people.",
        examples=["epoch 6 is over: 7 is the highest known"],
    )
    problems: list[FieldProblem] | None = Field(default=None, description="Of a 422, one by one.")
    epoch: int | None = Field(
        default=None, description="Of a 409: the highest epoch known.", examples=[7]
    )


class ApiProblem(Exception):
    """A refusal, ready to be sent."""

    def __init__(
        self,
        status: int,
        error: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.body = {"error": error, "message": message, **more}

    def response(self) -> JSONResponse:
        return JSONResponse(self.body, self.status, self.headers)


def unauthorized() -> ApiProblem:
    return ApiProblem(
        401,
        "unauthorized",
        "this needs a valid token: Authorization: Bearer ...",
        {"www-authenticate": 'Bearer realm="coordinator"'},
    )


def forbidden(message: str) -> ApiProblem:
    return ApiProblem(403, "forbidden", message)


def too_large(what: str, limit: int) -> ApiProblem:
    return ApiProblem(413, "too_large", f"{what} may have {limit} bytes at most")


def too_many(message: str, wait_s: float) -> ApiProblem:
    return ApiProblem(429, "too_many", message, {"retry-after": str(max(1, math.ceil(wait_s)))})


def unavailable(message: str, wait_s: float = 5) -> ApiProblem:
    return ApiProblem(503, "unavailable", message, {"retry-after": str(math.ceil(wait_s))})


def invalid(error: ValidationError) -> ApiProblem:
    """What pydantic says of a body, without anything of the body."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    problems = [
        {"field": ".".join(str(part) for part in one["loc"]), "message": one["msg"]}
        for one in found[:20]
    ]
    return ApiProblem(422, "invalid", "the body isn't what is expected here", problems=problems)
