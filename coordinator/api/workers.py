"""What sessions say: registration, heartbeat, a move's phase. An account speaks only for itself.

The body is read by hand, as every session sends a heartbeat all the time; `openapi` describes
it.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from fastapi import FastAPI
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from coordinator.api.openapi import error_responses, request_body_schema
from coordinator.api.request_body import read_body
from coordinator.api.request_models import HandoverBody, HeartbeatBody, RegisterBody
from coordinator.api.response_models import AcceptedResponse, HeartbeatResponse
from coordinator.errors import DatabaseUnusable
from coordinator.fencing import Ruling
from coordinator.problems import ApiProblem, forbidden, unavailable
from coordinator.settings import ServiceSettings
from coordinator.token_index import TokenGrant
from coordinator.transitions import (
    HeartbeatMessage,
    PhaseMessage,
    RegistrationMessage,
    TransitionOutcome,
    WorkerMessage,
)
from coordinator.writer import Overloaded, StateWriter

_HOUR_S = 3_600.0
_FAILURES = error_responses(400, 401, 403, 409, 413, 422, 429, 503)
_TAGS: list[str | Enum] = ["sessions"]


def add_routes(api: FastAPI, writer: StateWriter, settings: ServiceSettings) -> None:
    """The endpoints that sessions talk to."""

    @api.post(
        "/api/worker/heartbeat",
        tags=_TAGS,
        summary="Say that a session is alive",
        response_model=HeartbeatResponse,
        responses=_FAILURES,
        openapi_extra=request_body_schema(HeartbeatBody),
    )
    async def heartbeat(request: Request) -> Response:
        """Every 15 s, from every session, and whenever its status changes. It grants nothing;
        a session that isn't heard of for too long is shown as lost, and if it was the primary,
        there is none. An epoch below the highest known is answered 409.
        """
        body = await read_body(request, HeartbeatBody, settings)
        _require_own_account(request, body.account)
        beat = HeartbeatMessage(
            body.worker_id, body.account, body.epoch, body.status, body.session_remaining * _HOUR_S
        )
        outcome = await _submit(writer, beat)
        return _accepted(outcome, unregistered=outcome.unregistered)

    @api.post(
        "/api/worker/register",
        tags=_TAGS,
        summary="Say that a session is the primary, and where it is",
        response_model=AcceptedResponse,
        responses=_FAILURES,
        openapi_extra=request_body_schema(RegisterBody),
    )
    async def register(request: Request) -> Response:
        """The primary's alone, once its workload serves, with the epoch of the lease that it
        holds. From then on clients are sent to it. Said again under the same epoch by the same
        account, it replaces what was said before. A lower epoch, or the same from another
        account, is answered 409 and changes nothing.
        """
        body = await read_body(request, RegisterBody, settings)
        _require_own_account(request, body.account)
        registration = RegistrationMessage(
            body.worker_id,
            body.account,
            body.epoch,
            body.worker_url,
            body.capabilities.model_dump(exclude_none=True),
            body.takeover,
            body.previous_session,
        )
        return _accepted(await _submit(writer, registration))

    @api.post(
        "/api/handover",
        tags=_TAGS,
        summary="Say how far a planned move has come",
        response_model=AcceptedResponse,
        responses=_FAILURES,
        openapi_extra=request_body_schema(HandoverBody),
    )
    async def handover(request: Request) -> Response:
        """The lease's holder says so, at each phase; everybody who follows `/api/events` hears
        of it. It is news and no order: what moves the work is in the store.
        """
        body = await read_body(request, HandoverBody, settings)
        _require_own_account(request, body.account)
        _require_own_account(request, body.from_)
        phase = PhaseMessage(
            body.account, body.epoch, body.plan, body.from_, body.to, body.phase, body.left_s
        )
        return _accepted(await _submit(writer, phase))


def _require_own_account(request: Request, account: str) -> None:
    grant: TokenGrant = request.scope["grant"]
    if grant.account != account:
        raise forbidden("an account speaks for itself alone, and this token is another's")


async def _submit(writer: StateWriter, message: WorkerMessage) -> TransitionOutcome:
    try:
        outcome = await writer.submit(message)
    except Overloaded:
        raise unavailable("too much waits to be kept") from None
    except DatabaseUnusable:
        raise unavailable("the database can't be written just now") from None
    if outcome.ruling is Ruling.OUTDATED:
        raise _outdated(
            f"epoch {message.epoch} is over: {outcome.epoch} is the highest known", outcome
        )
    if outcome.ruling is Ruling.HELD_BY_ANOTHER:
        raise _outdated(f"epoch {message.epoch} is held by another account", outcome)
    return outcome


def _outdated(message: str, outcome: TransitionOutcome) -> ApiProblem:
    return ApiProblem(409, "outdated", message, epoch=outcome.epoch)


def _accepted(outcome: TransitionOutcome, **more: Any) -> Response:
    body = {"ok": True, "epoch": outcome.epoch, "holder": outcome.holder, **more}
    return Response(to_json(body), media_type="application/json")
