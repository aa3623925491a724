"""The fleet that several tests share: two agents that heed permissions, in zones of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.hazards.kit import Fleet, fleet_in, obedient

ZONES = {
    "primary": {"TZ": "Pacific/Kiritimati"},
    "backup1": {"TZ": "Nowhere/None", "TZDIR": "/nonexistent", "PYTHONTZPATH": ""},
}


@pytest.fixture(scope="package")
def shared_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet_in(tmp_path_factory.mktemp("hazards") / "fleet") as fleet:
        for account, zone in ZONES.items():
            fleet.start(account, by=obedient(), **zone)
        yield fleet


@pytest.fixture
def fleet(shared_fleet: Fleet) -> Iterator[Fleet]:
    """The shared fleet with `primary` at work; it is judged after each test."""
    for account, zone in ZONES.items():
        if not shared_fleet.is_running(account):
            shared_fleet.start(account, by=obedient(), **zone)
    if shared_fleet.served().holder != "primary":
        shared_fleet.hand_over("primary")
    yield shared_fleet
    shared_fleet.judge()
