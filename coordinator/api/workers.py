"""What sessions say: registration, heartbeat, a move's phase.

Decided here: that an account speaks only for itself, and how each outcome is answered. The
body is read by hand and the description tells of it (`describing`): a heartbeat comes from
every session all the time.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from fastapi import FastAPI
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from coordinator.access.token_index import TokenGrant
from coordinator.api.answers import HeartbeatTaken, Taken
from coordinator.api.bodies import HandoverBody, HeartbeatBody, RegisterBody
from coordinator.api.openapi import may_fail, takes
from coordinator.api.problems import ApiProblem, forbidden, unavailable
from coordinator.api.request_body import read
from coordinator.errors import DatabaseUnusable
from coordinator.fencing import Ruling
from coordinator.settings import ServiceSettings
from coordinator.transitions import (
    HeartbeatMessage,
    Message,
    PhaseMessage,
    RegistrationMessage,
    TransitionOutcome,
)
from coordinator.writer import Overloaded, StateWriter

_HOUR_S = 3_600.0
_FAILURES = may_fail(400, 401, 403, 409, 413, 422, 429, 503)
_TAGS: list[str | Enum] = ["sessions"]


def add_to(api: FastAPI, writer: StateWriter, settings: ServiceSettings) -> None:
    """The endpoints that sessions talk to."""

    @api.post(
        "/api/worker/heartbeat",
        tags=_TAGS,
        summary="Say that a session is alive",
        response_model=HeartbeatTaken,
        responses=_FAILURES,
        openapi_extra=takes(HeartbeatBody),
    )
    async def heartbeat(request: Request) -> Response:
        """Every 15 s, from every session, and whenever its status changes. It grants nothing;
        a session that isn't heard of for too long is shown as lost, and if it was the primary,
        there is none. An epoch below the highest known is answered 409.
        """
        body = await read(request, HeartbeatBody, settings)
        _speaks_for(request, body.account)
        beat = HeartbeatMessage(
            body.worker_id, body.account, body.epoch, body.status, body.session_remaining * _HOUR_S
        )
        outcome = await _taken(writer, beat)
        return _answer(outcome, unregistered=outcome.unregistered)

    @api.post(
        "/api/worker/register",
        tags=_TAGS,
        summary="Say that a session is the primary, and where it is",
        response_model=Taken,
        responses=_FAILURES,
        openapi_extra=takes(RegisterBody),
    )
    async def register(request: Request) -> Response:
        """The primary's alone, once its workload serves, with the epoch of the lease that it
        holds. From then on clients are sent to it. Said again under the same epoch by the same
        account, it replaces what was said before. A lower epoch, or the same from another
        account, is answered 409 and changes nothing.
        """
        body = await read(request, RegisterBody, settings)
        _speaks_for(request, body.account)
        registration = RegistrationMessage(
            body.worker_id,
            body.account,
            body.epoch,
            body.worker_url,
            body.capabilities.model_dump(exclude_none=True),
            body.takeover,
            body.previous_session,
        )
        return _answer(await _taken(writer, registration))

    @api.post(
        "/api/handover",
        tags=_TAGS,
        summary="Say how far a planned move has come",
        response_model=Taken,
        responses=_FAILURES,
        openapi_extra=takes(HandoverBody),
    )
    async def handover(request: Request) -> Response:
        """The lease's holder says so, at each phase; everybody who follows `/api/events` hears
        of it. It is news and no order: what moves the work is in the store.
        """
        body = await read(request, HandoverBody, settings)
        _speaks_for(request, body.account)
        _speaks_for(request, body.from_)
        phase = PhaseMessage(
            body.account, body.epoch, body.plan, body.from_, body.to, body.phase, body.left_s
        )
        return _answer(await _taken(writer, phase))


def _speaks_for(request: Request, account: str) -> None:
    grant: TokenGrant = request.scope["grant"]
    if grant.account != account:
        raise forbidden("an account speaks for itself alone, and this token is another's")


async def _taken(writer: StateWriter, message: Message) -> TransitionOutcome:
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
    if outcome.ruling is Ruling.HELD:
        raise _outdated(f"epoch {message.epoch} is held by another account", outcome)
    return outcome


def _outdated(message: str, outcome: TransitionOutcome) -> ApiProblem:
    return ApiProblem(409, "outdated", message, epoch=outcome.epoch)


def _answer(outcome: TransitionOutcome, **more: Any) -> Response:
    body = {"ok": True, "epoch": outcome.epoch, "holder": outcome.holder, **more}
    return Response(to_json(body), media_type="application/json")
