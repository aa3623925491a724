"""Goal: an hour at rest costs over the wire what the store says it does, and no more than it may.
Method: a primary's and a standby's own rules and notes in moved time, over the emulator, which
counts what it is asked by Google's prices."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from sessionlib import layout
from sessionlib.config_loading import parse
from sessionlib.core.lease import first_record
from sessionlib.records import encode
from sessionlib.signing import new_seed, public_of
from tests.drive.agents_at_rest import PRIMARY_UNITS, STANDBY_UNITS, Resting, pass_time
from tests.drive.emulator import kit
from tests.drive.emulator.kit import BACKUP, MAIN, OPERATOR
from tests.drive.fake_drive import Stopwatch

HOUR_S = 3_600
SETTLED_S = 600
FILE = """
fleet: f
store: {{kind: drive, folder_id: {root}, ids: {ids}}}
accounts:
  primary: {{email: main@example.com, role: main_worker, priority: 1}}
  backup1: {{email: backup@example.com, role: hot_standby, priority: 2}}
workload: {{command: [x]}}
"""
EMAILS = {"primary": MAIN, "backup1": BACKUP}


def test_an_hour_at_rest_costs_over_the_wire_what_it_is_said_to_cost(tmp_path: Path) -> None:
    watch = Stopwatch()
    spent: Counter[str] = Counter()
    with kit.fleet(watch) as fleet:
        text = FILE.format(root=fleet.root_id, ids=json.dumps(fleet.ids))
        config = parse(text, Path("accounts.yaml"))
        public = public_of(new_seed())
        fleet.store(OPERATOR).create(layout.LEASE, encode(first_record("n", 60.0)))

        def agent(name: str) -> Resting:
            def spend(units: int) -> None:
                spent[EMAILS[name]] += units

            store = fleet.store(EMAILS[name], spend)
            return Resting(config, name, store, watch, tmp_path / name, public)

        agents = [agent(name) for name in config.accounts]
        (agents[0].data / "file").write_bytes(b"x" * 1_000)
        pass_time(watch, agents, SETTLED_S)
        assert agents[0].view.tenure is not None
        assert agents[0].view.lease is not None
        renewal = agents[0].view.lease.renewal
        spent.clear()
        fleet.emulator.request_log.clear()
        pass_time(watch, agents, HOUR_S)
        assert agents[0].view.lease.renewal > renewal + 200, "it has really renewed all the time"
        told = fleet.emulator.request_log.methods
        assert spent == fleet.emulator.units, "what the store counts is what it asks"
        assert 0 < spent[MAIN] <= PRIMARY_UNITS, (spent, told)
        assert 0 < spent[BACKUP] <= STANDBY_UNITS, (spent, told)
