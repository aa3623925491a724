"""An operator at a fleet on disk: what is typed, what moves on meanwhile, what was ordered."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sessionlib.core.messages import Order
from sessionlib.core.values import Plan, PlanPhase
from sessionlib.launchers import LaunchHandle, LaunchRefused, LaunchState, LaunchStatus
from sessionlib.launchers.kinds import KINDS
from sessionlib.signing import public_of, verify
from tests.unit.console.fleet_on_disk import SEED, FleetOnDisk

PLAN = Plan("p1", "backup1", PlanPhase.NOTIFIED, "the session ends", left_s=1800.0)
FAST = "timings: {scale: 10000}\n"
"""A lease of three seconds, and a watch of a little more than one."""


@dataclass
class StandInLauncher:
    """A launcher whose sessions do as the test says."""

    config: object = None
    statuses: dict[str, LaunchStatus] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    refuses: str | None = None
    home: str = ""

    def known(self, account: str) -> LaunchHandle | None:
        if account not in self.statuses:
            return None
        return LaunchHandle(account, self.home, "n", "m", 7, 1)

    def status(self, handle: LaunchHandle) -> LaunchStatus:
        return self.statuses[handle.account]

    def start(self, account: str) -> LaunchHandle:
        if self.refuses:
            raise LaunchRefused(self.refuses)
        self.started.append(account)
        self.statuses[account] = LaunchStatus(LaunchState.RUNNING, "process 7 runs", 0.1, 7)
        return LaunchHandle(account, self.home, "n", "m", 7, 1)

    def stop(self, handle: LaunchHandle) -> LaunchStatus:
        raise AssertionError(handle)


@pytest.fixture
def launcher(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StandInLauncher:
    found = StandInLauncher(home=str(tmp_path))
    for name, kind in KINDS.items():
        monkeypatch.setitem(KINDS, name, replace(kind, open=lambda *_: found))
    return found


def steps(monkeypatch: pytest.MonkeyPatch, *todo: Callable[[], None]) -> None:
    """Let one step happen at each wait; nothing happens once they are used up."""
    left = list(todo)

    def wait(_: float) -> None:
        if left:
            left.pop(0)()

    for place in ("ordering", "emergency", "coldstart"):
        monkeypatch.setattr(f"console.cli.{place}.sleep", wait)


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, *typed: str) -> None:
    class Typed(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Typed("".join(f"{line}\n" for line in typed)))
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda _: True, raising=False)


def the_order(fleet: FleetOnDisk) -> Order:
    (order,) = fleet.orders()
    verify(order, public_of(SEED))
    return order


def quick(fleet: FleetOnDisk) -> None:
    fleet.config_path.write_text(fleet.config_path.read_text() + FAST)
