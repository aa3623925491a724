"""The agent's reports to the coordinator, and the coordinator's doorbell for the agent.

A doorbell that never stops wakes the loop once at a time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

import psutil

from sessionlib.clock import Clock
from sessionlib.coordinator.client import CoordinatorClient
from sessionlib.coordinator.event_stream import EventListener
from sessionlib.coordinator.protocol import PlannedMove, SessionNews
from sessionlib.coordinator.reporter import CoordinatorReporter
from sessionlib.core.messages import MoveKind, Report, WorkState
from sessionlib.core.values import LeaseState
from sessionlib.core.view import View

_GIB = 1024.0**3
_UNPLANNED = frozenset({MoveKind.TAKEOVER, MoveKind.EMERGENCY})


class CoordinatorLink:
    """One agent's line to its coordinator. The loop calls it, and is never made to wait."""

    def __init__(  # noqa: PLR0913 - one parameter for each part
        self,
        *,
        client: CoordinatorClient,
        clock: Clock,
        every_s: float,
        worker_type: str,
        wake: Callable[[], None],
        complain: Callable[[str | None], None],
    ) -> None:
        self._machine = machine(worker_type)
        self._wake = wake
        self._rang = threading.Event()
        self._reporter = CoordinatorReporter(client, clock, every_s, complain)
        self._listener = EventListener(client, self._ring, complain)

    def start(self) -> None:
        self._reporter.start()
        self._listener.start()

    def has_rung(self) -> bool:
        """Whether the bell has rung since this was asked last."""
        if not self._rang.is_set():
            return False
        self._rang.clear()
        return True

    def send_state(self, report: Report, view: View) -> None:
        """The newest state; returns at once."""
        self._reporter.update(session_news(report, view, self._machine))

    def close(self) -> None:
        """Say the last word."""
        self._listener.close()
        self._reporter.close()

    def _ring(self) -> None:
        if not self._rang.is_set():
            self._rang.set()
            self._wake()


def session_news(report: Report, view: View, about: Mapping[str, Any]) -> SessionNews:
    """What there is to tell of a session."""
    lease, me = view.lease, view.me
    serves = view.tenure is not None and report.workload is WorkState.SERVING
    claimed = view.claim_origin if view.tenure is not None else None
    return SessionNews(
        account=me.account,
        worker_id=f"{me.account}-{me.session}",
        epoch=lease.epoch if lease is not None else view.seen_epoch,
        status=_status(report, view),
        # To the second: every change is a reason to think about what to say.
        remaining_s=round(report.remaining_s),
        has_lease=_may_speak_for_lease(view),
        is_serving=serves and report.ended is None,
        is_last=report.ended is not None,
        url=report.url,
        takeover=claimed is not None and claimed.kind in _UNPLANNED,
        previous_session=claimed.from_ if claimed is not None else None,
        move=_move(view),
        machine=about,
    )


def machine(worker_type: str) -> dict[str, Any]:
    """What the session runs on, in the coordinator's words."""
    return {
        "cpu_cores": os.cpu_count() or 1,
        "ram_gb": round(psutil.virtual_memory().total / _GIB, 1),
        "gpu_available": os.path.exists("/dev/nvidia0"),  # noqa: PTH110 - a device, not a file
        "worker_type": worker_type,
    }


def _status(report: Report, view: View) -> str:
    if report.ended is not None:
        return "ended"
    if view.fenced:
        return "fenced"
    if view.tenure is None:
        return "standby"
    return "active" if report.workload is WorkState.SERVING else "starting"


def _may_speak_for_lease(view: View) -> bool:
    """Whether the record is ours to speak of: we hold it, or have just offered it."""
    lease = view.lease
    if lease is None or lease.holder != view.me.account:
        return False
    return view.tenure is not None or lease.state is LeaseState.OFFERED


def _move(view: View) -> PlannedMove | None:
    lease = view.lease
    plan = lease.plan if lease is not None else None
    if plan is None:
        return None
    return PlannedMove(plan.id, view.me.account, plan.to, plan.phase.value, plan.left_s)
