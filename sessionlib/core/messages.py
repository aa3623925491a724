"""What agents and operators tell each other beside the lease: reports, history, orders.

None of them grants anything: a report may be stale, an order is a request, history is for people.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from sessionlib.core.values import Readiness, Role

ORDER_LIFE_S = 600.0
"""An order not carried out by then never will be: what it was given on is long past."""


class WorkState(StrEnum):
    """How the workload on one session is doing."""

    NONE = "none"
    STARTING = "starting"
    WARM = "warm"
    SERVING = "serving"
    FROZEN = "frozen"
    STOPPING = "stopping"
    BACKOFF = "backoff"


@dataclass(frozen=True, slots=True)
class Resources:
    """What a session uses of its machine; a figure that can't be read is None."""

    cpu_pct: float | None = None
    memory_pct: float | None = None
    disk_pct: float | None = None
    gpu_pct: float | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an order: `seen`, `acted`, `void`, `expired` or `refused`, and why."""

    id: str
    outcome: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class PublishedCheckpoint:
    """The last checkpoint that a holder has published, with its durability receipt.

    `age_s` is by the writer's own clock, at the report's time. `moved_bytes` were
    uploaded for it in `took_s`; `receipt` says in words what the store has confirmed.
    """

    name: str
    age_s: float
    bytes: int
    moved_bytes: int
    took_s: float
    receipt: str


@dataclass(frozen=True, slots=True)
class Report:
    """What one session says of itself, in `state/sessions/<account>.json`.

    `beat` rises with every report of one incarnation: a reader judges freshness
    by seeing it change, and by the store's age of the file; `at` (Unix seconds
    by the writer's wall clock) is for people only.
    """

    account: str
    session: str
    incarnation: str
    beat: int
    at: float
    role: Role
    priority: int
    member: str
    phase: str
    remaining_s: float
    lifetime_s: float
    epoch: int
    readiness: Readiness = Readiness.COLD
    workload: WorkState = WorkState.NONE
    restarts: int = 0
    plan: str | None = None
    ended: str | None = None
    progress: str | None = None
    tasks: tuple[str, ...] = ()
    url: str | None = None
    alarm: str | None = None
    version: str = ""
    every_s: float = 15.0
    resources: Resources = field(default_factory=Resources)
    receipts: tuple[Receipt, ...] = ()
    config: str | None = None
    """Which version of the fleet's configuration it goes by, in words."""
    bundle: str | None = None
    """The code bundle that is unpacked and set up here."""
    preparing: str | None = None
    """What it is busy with before it is ready, in words: setting up, fetching."""
    fetched: str | None = None
    """The checkpoint that is fetched and verified here."""
    copied: PublishedCheckpoint | None = None
    latest_safe_s: float | None = None
    """For how long from now a move can still be begun and end in time, by measured times."""
    asks: str | None = None
    """What it asks the operator to approve, as `plan:<id>` or `takeover:<epoch>`."""


class MoveKind(StrEnum):
    """How a primary came to be one."""

    FIRST = "first"
    PLANNED = "planned"
    TAKEOVER = "takeover"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class History:
    """One claim, in `state/history/<epoch>.json`, written by who made it.

    `at` is Unix seconds by the writer's clock. `downtime_s` is as the writer
    could know it: for a planned move the time that the old primary had stopped
    before its offer, and from the offer to serving; for a takeover from the
    moment the writer first saw the last renewal, an upper bound.
    """

    epoch: int
    kind: MoveKind
    from_: str | None
    to: str
    at: float
    downtime_s: float | None
    reason: str
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """A `handover_signal.json`, made by hand in the folder. Unsigned: it only proposes.

    `id` is made of its content, so that one file proposes once.
    """

    id: str
    is_test: bool


class OrderAction(StrEnum):
    """What an operator can ask for."""

    HANDOVER = "handover"
    STOP = "stop"
    APPROVE = "approve"
    ABORT = "abort"
    EMERGENCY = "emergency"
    PAUSE = "pause"
    RESUME = "resume"
    CHECKPOINT = "checkpoint"


class When(StrEnum):
    """When an ordered handover is to happen."""

    NOW = "now"
    LATER = "later"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Order:
    """A request, in `state/orders/<id>.json`.

    Bound to the lease it was given on: (`epoch`, `incarnation`, `renewal`). Another
    epoch voids it. `account` is whom it concerns: the successor of a handover or
    an emergency (None: the best one), the session to stop, the standby whose
    takeover is approved. `target` is the incarnation a stop was aimed at, so that a
    session started later isn't stopped by it. `plan` is the plan that an approval or
    an abort speaks of. `when` and `after_s` (seconds from when it was given) go with a
    handover. `stopped` is the account whose session an emergency rests on having
    ended, and `evidence` says in words how that is known.
    """

    id: str
    fleet: str
    action: OrderAction
    account: str | None
    epoch: int
    incarnation: str | None
    renewal: int
    by: str
    target: str | None = None
    plan: str | None = None
    when: When = When.NOW
    after_s: float | None = None
    stopped: str | None = None
    evidence: str | None = None
    signature: str = ""
