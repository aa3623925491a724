"""What sessions send: the fields of each body, and their bounds.

Types are taken at their word: a number in quotes is none. Unknown fields are left aside, so
that a newer agent can say more.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from coordinator.tokens import ACCOUNT_PATTERN
from sessionlib.core.values import MAX_EPOCH

_TEN_YEARS_H = 87_600.0
_TEN_YEARS_S = _TEN_YEARS_H * 3_600
# http and https only, with a host, and nothing after the path: `/go/` adds to it.
URL_PATTERN = (
    r"^https?://(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?::[0-9]{1,5})?(?:/[A-Za-z0-9/._~%!$&'()*+,;=:@-]{0,1800})?$"
)


def _whole(value: object) -> object:
    """To JSON 7.0 is a whole number too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Account = Annotated[
    str, Field(pattern=ACCOUNT_PATTERN, description="The account's name.", examples=["bob"])
]
Id = Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]
WorkerId = Annotated[Id, Field(description="The session's own name.", examples=["bob-3f9c21d07a"])]
Epoch = Annotated[
    int,
    Field(
        ge=0,
        le=MAX_EPOCH,
        description="The lease's epoch as the session knows it: the fencing token.",
        examples=[7],
    ),
    BeforeValidator(_whole),
]


class RequestBody(BaseModel):
    """What all bodies have in common."""

    model_config = ConfigDict(
        strict=True, extra="ignore", allow_inf_nan=False, hide_input_in_errors=True
    )


class Capabilities(RequestBody):
    """What a session runs on."""

    cpu_cores: Annotated[int, Field(ge=0, le=100_000), BeforeValidator(_whole)] | None = Field(
        default=None, examples=[4]
    )
    ram_gb: float | None = Field(default=None, ge=0, le=1e6, examples=[12.7])
    gpu_available: bool | None = Field(default=None, examples=[True])
    worker_type: str | None = Field(default=None, pattern=r"^[ -~]{0,64}$", examples=["colab"])


class RegisterBody(RequestBody):
    """A primary's registration."""

    worker_id: WorkerId
    worker_url: str | None = Field(
        default=None,
        pattern=URL_PATTERN,
        description="Where the workload is reached, http or https; null where it has no address.",
        examples=["https://example.trycloudflare.com"],
    )
    capabilities: Capabilities = Capabilities()
    account: Account
    epoch: Epoch
    takeover: bool = Field(default=False, description="Whether the former primary was lost.")
    previous_session: Id | None = Field(
        default=None, description="Whom the work came from.", examples=["ada"]
    )


class HeartbeatBody(RequestBody):
    """A session's sign of life."""

    worker_id: WorkerId
    account: Account
    epoch: Epoch
    status: str = Field(
        pattern=r"^[a-z][a-z_]{0,31}$",
        description="`active`, `starting`, `standby`, `fenced`, `ended`; others are kept as said.",
        examples=["active"],
    )
    session_remaining: float = Field(
        ge=-_TEN_YEARS_H,
        le=_TEN_YEARS_H,
        description="How much of its life the session has left, in hours.",
        examples=[7.25],
    )
    timestamp: str | None = Field(
        default=None,
        pattern=r"^[ -~]{0,64}$",
        description="The session's own clock; nothing is decided by it.",
        examples=["2026-01-01T12:00:00.000+00:00"],
    )


class HandoverBody(RequestBody):
    """How far a planned move has come."""

    worker_id: WorkerId
    account: Account
    epoch: Epoch
    plan: Id = Field(description="The plan's id.", examples=["5d1f0c2a"])
    from_: Account = Field(alias="from", examples=["bob"])
    to: Account = Field(examples=["cleo"])
    phase: str = Field(
        pattern=r"^[a-z][a-z_]{0,31}$",
        description=(
            "`proposed`, `notified`, `warming`, `syncing`, `signalled`, `quiescing`, `offered`; "
            "`aborted` once it is called off."
        ),
        examples=["warming"],
    )
    left_s: float | None = Field(
        default=None,
        ge=-_TEN_YEARS_S,
        le=_TEN_YEARS_S,
        description="How far ahead T-0 is, in seconds; null for a move that waits for nobody.",
        examples=[540.0],
    )
