"""What is answered: names and types, for the description and for tests of it. `view` fills them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class AcceptedResponse(BaseModel):
    """The word counts, and is kept."""

    ok: Literal[True]
    epoch: int = Field(description="The highest epoch known.", examples=[7])
    holder: str | None = Field(
        description="The account known to hold it; null where none has said so.",
        examples=["bob"],
    )


class HeartbeatResponse(AcceptedResponse):
    """A heartbeat counts, and is kept."""

    unregistered: bool = Field(
        description=(
            "The session says that it serves, and its registration isn't known: this coordinator "
            "has forgotten it, or never heard it. It is to register once more."
        )
    )


class SessionSummary(BaseModel):
    """An account's session, by its last heartbeat."""

    account: str = Field(examples=["cleo"])
    worker_id: str = Field(examples=["cleo-91ab5e"])
    epoch: int = Field(description="As the session knew it.", examples=[7])
    status: str = Field(examples=["standby"])
    remaining_s: float = Field(description="What is left of its life.", examples=[39_600.0])
    heartbeat_age_s: float = Field(examples=[4.2])
    lost: bool = Field(description="Whether nothing was heard for too long.")


class PrimarySummary(SessionSummary):
    """The primary's session, and where it is."""

    worker_url: str | None = Field(examples=["https://example.trycloudflare.com"])
    capabilities: dict[str, int | float | bool | str | None]
    since: str = Field(
        description="When it registered first under its epoch.",
        examples=["2026-01-01T12:00:00+00:00"],
    )


class HandoverSummary(BaseModel):
    """The next move: the one that is planned, or else the primary's end."""

    plan: str | None = Field(description="Null where none is planned yet.", examples=["5d1f0c2a"])
    from_: str = Field(alias="from", examples=["ada"])
    to: str | None = Field(examples=["bob"])
    phase: str = Field(description="`expected` without a plan.", examples=["warming"])
    in_s: float | None = Field(description="Null: as soon as its successor is ready.")
    at: str | None = Field(examples=["2026-01-01T20:00:00+00:00"])


class StatusResponse(BaseModel):
    """Everything about the sessions."""

    primary_session: PrimarySummary | None
    backup_sessions: list[SessionSummary]
    next_handover: HandoverSummary | None
    system_health: Literal["healthy", "degraded", "down"] = Field(
        description=(
            "`healthy`: somebody works, and somebody who is heard of stands by; `degraded`: "
            "nobody stands by; `down`: nobody who is heard of works."
        )
    )


class PrimaryResponse(BaseModel):
    """Where the primary is."""

    epoch: int = Field(examples=[7])
    account: str = Field(examples=["bob"])
    worker_id: str = Field(examples=["bob-3f9c21d07a"])
    worker_url: str | None = Field(examples=["https://example.trycloudflare.com"])
    since: str = Field(examples=["2026-01-01T12:00:00+00:00"])


class HealthResponse(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class ReadinessResponse(BaseModel):
    """The database can be written."""

    status: Literal["ready"]
    epoch: int = Field(examples=[7])
