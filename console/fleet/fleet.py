"""An open fleet: its configuration and its store, found the same way by every command."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from console.config_file import find_config
from console.fleet.coordinator import CoordinatorProbe
from console.fleet.snapshot import Snapshot, read_snapshot
from console.fleet.takeover_gate import TakeoverGate
from sessionlib.clock import Clock, SystemClock
from sessionlib.config import Config
from sessionlib.config_loading import load
from sessionlib.ports import Store
from sessionlib.stores import open_store


@dataclass(frozen=True, slots=True)
class Fleet:
    """The configuration, the store and the clock, with what the console learns beside them."""

    config: Config
    store: Store
    clock: Clock
    takeover_gate: TakeoverGate = field(default_factory=TakeoverGate)
    coordinator_probe: CoordinatorProbe = field(default_factory=CoordinatorProbe)

    def read_snapshot(self) -> Snapshot:
        snapshot = read_snapshot(self.store, self.config, self.clock)
        heard = self.coordinator_probe.status(self.config, self.clock)
        snapshot = replace(snapshot, coordinator=heard)
        if not snapshot.reachable:
            return snapshot
        return replace(
            snapshot,
            store_unproven=self.takeover_gate.store_unproven(self.store, self.config, self.clock),
        )


def open_fleet(config_path: str | None) -> Fleet:
    """Open the fleet of a configuration; None for the file that `find_config` finds. Raises
    ConfigError."""
    clock = SystemClock()
    config = load(find_config(config_path))
    return Fleet(config, open_store(config, clock), clock)
