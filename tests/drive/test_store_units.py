"""Goal: a fleet at rest stays within its share of an account's quota. Method: the three agents of
the example's fleet, their own rules and reading and writing, in moved time; each request's price
as the store counts it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from sessionlib import layout
from sessionlib.config import Config
from sessionlib.config_loading import parse
from sessionlib.core.lease import first_record
from sessionlib.records import encode
from sessionlib.signing import new_seed, public_of
from tests.drive.agents_at_rest import (
    PRIMARY_UNITS,
    STANDBY_UNITS,
    TALKING_UNITS,
    Resting,
    pass_time,
)
from tests.drive.fake_drive import ROOT, FakeDrive, Fleet, Stopwatch

HOUR_S = 3_600
SETTLED_S = 900
FILE = """
fleet: f
store: {{kind: drive, folder_id: {root}, ids: {ids}}}
accounts:
  primary: {{email: a@example.com, role: main_worker, priority: 1}}
  backup1: {{email: b@example.com, role: hot_standby, priority: 2}}
  backup2: {{email: c@example.com, role: hot_standby, priority: 3}}
workload: {{command: [x]}}
"""


def fleet_at_rest(folder: Path) -> tuple[Fleet, Stopwatch, list[Resting]]:
    watch = Stopwatch()
    fleet = Fleet(FakeDrive(watch))
    ids = {path: f"{id_}-of-tree" for path, id_ in fleet.ids.items()}
    config: Config = parse(FILE.format(root=ROOT, ids=json.dumps(ids)), Path("accounts.yaml"))
    seed = new_seed()
    fleet.store("operator").create(layout.LEASE, encode(first_record("n", 60.0)))
    agents = [
        Resting(config, name, fleet.store(name), watch, folder / name, public_of(seed))
        for name in config.accounts
    ]
    return fleet, watch, agents


@pytest.mark.parametrize("busy", [False, True])
def test_an_hour_at_rest_costs_no_more_than_it_may(tmp_path: Path, busy: bool) -> None:
    fleet, watch, agents = fleet_at_rest(tmp_path)
    primary = agents[0]
    (primary.data / "file").write_bytes(b"x" * 1_000)
    pass_time(watch, agents, SETTLED_S, busy=busy)
    assert primary.view.tenure is not None
    assert primary.view.lease is not None
    assert primary.view.lease.checkpoint is not None
    epoch, renewal = primary.view.lease.epoch, primary.view.lease.renewal
    fleet.drive.spent.clear()
    fleet.drive.requests.clear()
    pass_time(watch, agents, HOUR_S, busy=busy)
    assert primary.view.lease.epoch == epoch
    assert primary.view.lease.renewal > renewal + 200, "it has really renewed all the time"
    assert all(agent.view.lease == primary.view.lease for agent in agents)
    spent = fleet.drive.spent
    told = Counter(fleet.drive.requests)
    assert 0 < spent["primary"] <= PRIMARY_UNITS + busy * TALKING_UNITS, (spent, told)
    for name in ("backup1", "backup2"):
        assert 0 < spent[name] <= STANDBY_UNITS, (spent, told)
    assert sum(spent.values()) == sum(spent[agent.account] for agent in agents)
