"""Every setting, with its type and default. A setting that is present but empty counts as left out.

`accounts.example.yaml` shows them all, and a test holds it to this page.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sessionlib.config.durations import Duration, DurationOrZero
from sessionlib.config.field_types import (
    AccountName,
    Command,
    Count,
    DriveId,
    DrivePath,
    Email,
    FleetName,
    InnerPath,
    KindName,
    NoticeUrl,
    PublicKey,
    SomePath,
    Variable,
    WebUrl,
    Word,
)
from sessionlib.core.timing import Timing
from sessionlib.core.values import Role

_SAFE = Timing()
MAX_RECEIVERS = 10


class HandoverPolicy(StrEnum):
    """Whether a planned move waits for an operator."""

    AUTO = "auto"
    APPROVE = "approve"
    MANUAL = "manual"


class NoAnswer(StrEnum):
    """What happens to a plan that nobody answered."""

    PROCEED = "proceed"
    HOLD = "hold"


class TakeoverPolicy(StrEnum):
    """Whether an unplanned move waits for an operator."""

    AUTO = "auto"
    APPROVE = "approve"


class Standby(StrEnum):
    """Whether the workload also runs, without effect, on a standby."""

    COLD = "cold"
    WARM = "warm"


class Section(BaseModel):
    """A mapping of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_left_out(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None}


def _choice(default: StrEnum) -> Any:
    # Strict reading would ask for the enum itself where the file has its word.
    return Field(default=default, strict=False)


class StoreSettings(Section):
    """`path` goes with a folder, `folder_id` and `ids` with drive, `url` with objects.

    `kind` is a word of `sessionlib.stores.KINDS`, which says what this version has.

    `ids` are those of the folders and files below it, by their paths: `init` writes them.
    """

    kind: KindName = "folder"
    path: SomePath = "VPS_Shared"
    folder_id: DriveId | None = None
    ids: dict[DrivePath, DriveId] | None = None
    url: str | None = None


class CoordinatorSettings(Section):
    """The service that shows the fleet and points clients at the primary."""

    url: WebUrl | None = None


class PolicySettings(Section):
    """What may happen without an operator's word."""

    handover: HandoverPolicy = _choice(HandoverPolicy.APPROVE)
    on_no_answer: NoAnswer = _choice(NoAnswer.PROCEED)
    takeover: TakeoverPolicy = _choice(TakeoverPolicy.AUTO)


class SessionSettings(Section):
    """How long a session lasts, and how long without activity."""

    lifetime_s: Duration = Field(default=12 * 3_600.0, alias="lifetime")
    idle_s: Duration = Field(default=90 * 60.0, alias="idle")


class AccountSessionSettings(Section):
    """An account's own; what it leaves out is the fleet's."""

    lifetime_s: Duration | None = Field(default=None, alias="lifetime")
    idle_s: Duration | None = Field(default=None, alias="idle")


class TimingSettings(Section):
    """The lease's durations, before `scale`."""

    ttl_s: Duration = Field(default=_SAFE.ttl_s, alias="ttl")
    renew_s: Duration = Field(default=_SAFE.renew_s, alias="renew")
    timeout_s: Duration = Field(default=_SAFE.timeout_s, alias="timeout")
    margin_s: Duration = Field(default=_SAFE.margin_s, alias="margin")
    poll_s: Duration = Field(default=_SAFE.poll_s, alias="poll")
    rank_step_s: Duration = Field(default=_SAFE.rank_step_s, alias="rank_step")
    report_s: Duration | None = Field(default=None, alias="report")
    scale: Annotated[float, Field(ge=0.001, le=10_000)] = 1.0

    @model_validator(mode="after")
    def _safe(self) -> Self:
        self.timing(_SAFE.report_s)
        return self

    def timing(
        self,
        report_s: float,
        peek_s: float = _SAFE.peek_s,
        peek_standby_s: float = _SAFE.peek_standby_s,
    ) -> Timing:
        """The scaled lease durations; those given are the store's. Raises UnsafeTiming."""
        return Timing(
            ttl_s=self.ttl_s,
            renew_s=self.renew_s,
            timeout_s=self.timeout_s,
            margin_s=self.margin_s,
            poll_s=self.poll_s,
            rank_step_s=self.rank_step_s,
            report_s=self.report_s or report_s,
            peek_s=peek_s,
            peek_standby_s=peek_standby_s,
        ).scaled(self.scale)


class AccountSettings(Section):
    """One identity that may hold a session."""

    email: Email
    role: Role = Field(strict=False)
    priority: Count
    owner: str | None = None
    launcher: KindName = "local"
    """A word of `sessionlib.launchers.kinds.KINDS`."""
    session: AccountSessionSettings = AccountSessionSettings()


class ReadySettings(Section):
    """How the workload shows that it is ready; at most one of the two."""

    http: WebUrl | None = None
    file: SomePath | None = None


class WorkloadSettings(Section):
    """The user's own program."""

    command: Command
    code: SomePath | None = None
    setup: Command | None = None
    env: dict[Variable, Word] = Field(default_factory=dict)
    secrets: Annotated[tuple[Variable, ...], Field(strict=False)] = ()
    data: InnerPath = "data"
    standby: Standby = _choice(Standby.COLD)
    ready: ReadySettings = ReadySettings()
    grace_s: DurationOrZero = Field(default=20.0, alias="grace")


class CheckpointSettings(Section):
    """How often the data is copied, and how many copies are kept."""

    every_s: Duration = Field(default=300.0, alias="every")
    keep: Count = 12
    prepare: Command | None = None


class NoticeSettings(Section):
    """Where notices go. An address may hold secrets, so no printed form of it shows any."""

    urls: Annotated[tuple[NoticeUrl, ...], Field(strict=False, max_length=MAX_RECEIVERS)] = ()


class Settings(Section):
    """The whole file."""

    fleet: FleetName
    store: StoreSettings
    fleet_key: PublicKey | None = None
    coordinator: CoordinatorSettings = CoordinatorSettings()
    policy: PolicySettings = PolicySettings()
    session: SessionSettings = SessionSettings()
    timings: TimingSettings = TimingSettings()
    accounts: Annotated[dict[AccountName, AccountSettings], Field(min_length=1)]
    workload: WorkloadSettings
    checkpoint: CheckpointSettings = CheckpointSettings()
    notices: NoticeSettings = NoticeSettings()
