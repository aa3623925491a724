"""A fleet, opened: its configuration and its store.

Decided here: nothing but the order of things, so that every command finds the
same file and fails with the same words.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from console.cli.options import Desk
from console.config_file import find_config
from console.fleet.coordinator import Coordination
from console.fleet.looking import look
from console.fleet.snapshot import Snapshot
from console.fleet.takeover_gate import Gate
from sessionlib.clock import Clock, SystemClock
from sessionlib.config import Config, load
from sessionlib.ports import Store
from sessionlib.stores import open_store


@dataclass(frozen=True, slots=True)
class Fleet:
    """What most commands need."""

    config: Config
    store: Store
    clock: Clock
    gate: Gate = field(default_factory=Gate)
    coordination: Coordination = field(default_factory=Coordination)

    def look(self) -> Snapshot:
        snapshot = look(self.store, self.config, self.clock)
        heard = self.coordination.look(self.config, self.clock)
        snapshot = replace(snapshot, coordinator=heard)
        if not snapshot.reachable:
            return snapshot
        return replace(snapshot, takeover_off=self.gate.why(self.store, self.config, self.clock))


def open_fleet(desk: Desk) -> Fleet:
    """The fleet that the command line names. Raises ConfigError."""
    clock = SystemClock()
    config = load(find_config(desk.config))
    return Fleet(config, open_store(config, clock), clock)
