"""The documents that `--json` prints: an interface for programs, which only ever gains keys."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from console.fleet.readmodel import FleetView
from console.fleet.safety import safety
from sessionlib.core.messages import History


def status_document(view: FleetView) -> dict[str, Any]:
    """What `status --json` prints."""
    verdict = safety(view)
    handover = None if view.handover is None else asdict(view.handover)
    return {
        "fleet": view.fleet,
        "safety": {"word": verdict.word.value, "reason": verdict.reason},
        "policy": asdict(view.policy),
        "lease": asdict(view.lease),
        "accounts": [asdict(row) for row in view.accounts],
        "handover": handover and {_plain(name): value for name, value in handover.items()},
        "checkpoint": asdict(view.checkpoint),
        "store": asdict(view.store),
        "coordinator": None if view.coordinator is None else asdict(view.coordinator),
    }


def move_document(history: History) -> dict[str, Any]:
    """One entry of `history --json`."""
    return {
        "epoch": history.epoch,
        "kind": history.kind.value,
        "from": history.from_,
        "to": history.to,
        "at": iso(history.at),
        "downtime_s": history.downtime_s,
        "reason": history.reason,
        "plan": history.plan,
    }


def iso(at: float) -> str | None:
    """Unix seconds as ISO 8601 in UTC; None for a time that no calendar holds."""
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return None


def _plain(name: str) -> str:
    # Python forbids `from` as a field's name.
    return name.removesuffix("_")
