"""Hazard 9: agents whose files have different timings.

Goal: how long a lease lasts is said by the record, never by the reader's file: a
hasty standby doesn't take over early, a patient one not late. Method: an account
with leases of 3.5 s and one with leases of 2 s succeed each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.hazards.kit import Fleet, fleet_in

HASTY = {"timings": {"ttl": "40s", "renew": "8s", "timeout": "9s", "margin": "7s"}}


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_in(tmp_path / "fleet", settings={"backup1": HASTY}) as fleet:
        fleet.begin()
        yield fleet


def test_the_records_ttl_counts_and_not_the_readers(fleet: Fleet) -> None:
    assert fleet.lease().ttl_s == 3.5
    fleet.kill("primary")
    lease = fleet.served("backup1", above=1)
    assert lease.ttl_s == 2.0
    assert claimed_after_s(fleet, 2) > 3.5 * 1.01 - 0.05

    fleet.start("primary")
    fleet.served()
    assert fleet.lease().epoch == 2, "the lease that it finds under its name is another's by now"
    fleet.kill("backup1")
    assert fleet.served("primary", above=2).ttl_s == 3.5
    assert 2.0 * 1.01 - 0.05 < claimed_after_s(fleet, 3) < 3.4


def claimed_after_s(fleet: Fleet, epoch: int) -> float:
    """How long after the last renewal, as both were seen in the store, `epoch` was claimed."""
    return fleet.chain.first(epoch).at_s - fleet.chain.last(epoch - 1).at_s
