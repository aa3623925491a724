"""A fleet on disk, as its agents would have left it, for tests of the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import main
from sessionlib import layout
from sessionlib.clock import SystemClock
from sessionlib.config import Config
from sessionlib.config_loading import load
from sessionlib.core.messages import History, MoveKind, Order, Report, WorkState
from sessionlib.core.values import Lease, LeaseState, Readiness, Role
from sessionlib.records import decode, encode
from sessionlib.signing import public_of
from sessionlib.stores.folder import FolderStore

SEED = "5e" * 32
CONFIG = f"""\
# kept by hand
fleet: my-fleet
fleet_key: "{public_of(SEED)}"
store: {{kind: folder, path: shared}}
accounts:
  primary: {{email: a@example.com, role: main_worker, priority: 1}}
  backup1: {{email: b@example.com, role: hot_standby, priority: 2}}
  backup2: {{email: c@example.com, role: cold_backup, priority: 3}}
workload: {{command: [sleep, "60"]}}
"""
LEASE = Lease(4, "primary", "s1", "inc-primary", 7, "n", 60.0, LeaseState.HELD)


def report(account: str, **changes: Any) -> Report:
    """A standby's report, unless `changes` say otherwise."""
    roles = {"primary": Role.MAIN_WORKER, "backup1": Role.HOT_STANDBY, "backup2": Role.COLD_BACKUP}
    base = Report(
        account=account,
        session=f"s-{account}",
        incarnation=f"inc-{account}",
        beat=3,
        at=1_700_000_000.0,
        role=roles[account],
        priority=list(roles).index(account) + 1,
        member="standby",
        phase="Fresh",
        remaining_s=42_000.0,
        lifetime_s=43_200.0,
        epoch=4,
        readiness=Readiness.READY,
    )
    return replace(base, **changes)


def serving(account: str, epoch: int) -> Report:
    return report(account, member="primary", workload=WorkState.SERVING, epoch=epoch)


def moved(epoch: int, to: str = "backup1", plan: str | None = None) -> History:
    return History(epoch, MoveKind.PLANNED, "primary", to, 1_700_000_000.0, 1.25, "ordered", plan)


@dataclass
class FleetOnDisk:
    """The folder with everything, and a way to run the program against it."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    store: FolderStore = field(init=False)

    def __post_init__(self) -> None:
        self.config_path.write_text(CONFIG)
        self.store = FolderStore(self.folder / "shared", SystemClock())
        self.store.provision()

    @property
    def config_path(self) -> Path:
        return self.folder / "accounts.yaml"

    @property
    def config(self) -> Config:
        return load(self.config_path)

    def put_lease(self, lease: Lease) -> None:
        found = self.store.read(layout.LEASE)
        if found is None:
            self.store.create(layout.LEASE, encode(lease))
        else:
            self.store.replace(layout.LEASE, encode(lease), found.version)

    def put_report(self, *reports: Report) -> None:
        for one in reports:
            self.store.put(layout.session_key(one.account), encode(one))

    def put_history(self, *moves: History) -> None:
        for move in moves:
            self.store.create(layout.history_key(move.epoch), encode(move))

    def at_work(self) -> None:
        """The primary serves under epoch 4, both others stand by."""
        self.put_lease(LEASE)
        self.put_report(serving("primary", 4), report("backup1"), report("backup2"))
        self.put_history(moved(4, to="primary"))

    def orders(self) -> list[Order]:
        found = []
        for key in self.store.list(layout.ORDERS):
            record = self.store.read(key)
            assert record is not None
            found.append(decode(Order, record.data))
        return found

    def run(self, *args: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        self.capture.readouterr()
        code = main([*args, "--config", str(self.config_path)])
        out, err = self.capture.readouterr()
        return code, out, err

    def run_json(self, *args: str) -> tuple[int, Any, str]:
        """The same with --json: standard output must be one document on one line."""
        code, out, err = self.run(*args, "--json")
        assert out.endswith("\n")
        assert out.count("\n") == 1
        return code, json.loads(out), err


@pytest.fixture
def fleet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> FleetOnDisk:
    """A provisioned fleet without a lease; the operator's key is in the environment."""
    monkeypatch.setenv("COLABVPS_FLEET_KEY", SEED)
    monkeypatch.delenv("COLABVPS_CONFIG", raising=False)
    return FleetOnDisk(tmp_path, capsys)
