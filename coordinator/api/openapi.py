"""The OpenAPI description, where FastAPI can't see by itself: bodies, and possible refusals."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from coordinator.access.policy import ACCESS_BY_ROUTE, RequiredAccess
from coordinator.api.request_models import HandoverBody, HeartbeatBody, RegisterBody
from coordinator.problems import ProblemBody
from sessionlib import __version__

_BY_HAND = (HandoverBody, HeartbeatBody, RegisterBody, ProblemBody)
_REF = "#/components/schemas/{model}"
_WHY = {
    400: "The request can't be read.",
    401: "No token, or none that is valid.",
    403: "The token is another account's, or doesn't allow this.",
    404: "There is no such thing.",
    409: "A higher epoch is known, or this one is held by another account.",
    413: "The body is too large.",
    422: "The body isn't what is expected; it says where.",
    429: "Too many requests, or streams; Retry-After says when to come back.",
    503: "Not now; Retry-After says when to come back.",
}
_WAITS = {
    "headers": {
        "Retry-After": {
            "description": "When to come back, in seconds.",
            "schema": {"type": "integer", "minimum": 1},
        }
    }
}
DESCRIPTION = """\
Knows where every session of a fleet is, and leads clients to the primary.

It is a view, a registry and a doorbell, never the authority: who is primary is decided by
the lease in the fleet's store. A word under an epoch lower than the highest known never
counts (409).

Each account has a bearer token and speaks only for itself; the operator has another. What was
answered with 200 is on disk. Every refusal is one JSON object with `error`, a word for
programs, and `message`, a sentence for people.
"""


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals that an endpoint may give, for its description."""
    return {
        status: {
            "description": _WHY[status],
            "content": {"application/json": {"schema": _ref(ProblemBody)}},
            **(_WAITS if status in {429, 503} else {}),
        }
        for status in statuses
    }


def request_body_schema(shape: type[BaseModel]) -> dict[str, Any]:
    """A body that an endpoint reads by hand."""
    content = {"application/json": {"schema": _ref(shape)}}
    return {"requestBody": {"required": True, "content": content}}


def _ref(shape: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=shape.__name__)}


def build_document(app: FastAPI) -> dict[str, Any]:
    """The whole description."""
    document = get_openapi(
        title="colabvps coordinator",
        version=__version__,
        description=DESCRIPTION,
        routes=app.routes,
    )
    _, definitions = models_json_schema(
        [(shape, "validation") for shape in _BY_HAND],
        ref_template=_REF,
    )
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(definitions["$defs"])
    components["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "From `coordinator token create ACCOUNT`, or `--operator`.",
        }
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if ACCESS_BY_ROUTE.get(path) is not RequiredAccess.PUBLIC:
                operation["security"] = [{"token": []}]
    return document
