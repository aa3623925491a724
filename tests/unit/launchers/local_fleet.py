"""A fleet's folder, and the launcher of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sessionlib.clock import SystemClock, sleep
from sessionlib.config import Config
from sessionlib.config_loading import load
from sessionlib.guard.sweep import HOME_MARKER, home_mark, marked, sweep
from sessionlib.launchers import LaunchHandle, LaunchStatus
from sessionlib.launchers.local import LAUNCH_MARKER, LocalLauncher
from sessionlib.signing import public_of

SEED = "5e" * 32
CLOCK = SystemClock()
LIMIT_S = 20.0
BODY = f"""\
fleet: my-fleet
fleet_key: "{public_of(SEED)}"
store: {{kind: folder, path: shared}}
timings: {{scale: 20}}
accounts:
  primary: {{email: a@example.com, role: main_worker, priority: 1}}
  backup1: {{email: b@example.com, role: hot_standby, priority: 2}}
workload: {{command: [sleep, "600"], grace: 1s}}
"""


@dataclass
class Place:
    """A fleet's folder and the launcher of this machine."""

    config: Config
    launcher: LocalLauncher

    @property
    def home(self) -> Path:
        return self.config.home("primary")

    def known(self) -> LaunchHandle:
        handle = self.launcher.known("primary")
        assert handle is not None
        return handle

    def status(self) -> LaunchStatus:
        return self.launcher.status(self.known())

    def until_guarded(self) -> None:
        until(lambda: len(marked(HOME_MARKER, home_mark(self.home))) >= 2, "a guard")


def until(look: object, what: str) -> None:
    assert callable(look)
    begin = CLOCK.now().mono
    while not look():
        assert CLOCK.now().mono - begin < LIMIT_S, what
        sleep(0.01)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("COLABVPS_FLEET_KEY", SEED)
    path = tmp_path / "accounts.yaml"
    path.write_text(BODY)
    config = load(path)
    place = Place(config, LocalLauncher(config, CLOCK))
    yield place
    handle = place.launcher.known("primary")
    if handle is not None:
        sweep(LAUNCH_MARKER, handle.nonce, patience_s=0)
    sweep(HOME_MARKER, home_mark(place.home), patience_s=0)
