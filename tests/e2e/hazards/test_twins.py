"""Hazards 5 and 7: two agents where one was meant, and two that want one lease.

Goal: a home has one agent; of two agents of one account one works; of two that may
claim at the same moment one wins. Method: a twin is a second agent of an account,
in a home of its own, so that it has the same rank, and is named by the same offer.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from sessionlib.clock import sleep
from tests.e2e.hazards.kit import Fleet, fleet_in, until

TWINS = ("backup1", "backup1+twin")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet_in(tmp_path_factory.mktemp("twins") / "fleet") as fleet:
        fleet.begin("primary", *TWINS)
        yield fleet


@pytest.fixture
def fleet(shared: Fleet) -> Iterator[Fleet]:
    """The fleet with `primary` at work and both twins standing by."""
    for name in ("primary", *TWINS):
        if not shared.is_running(name):
            shared.start(name)
    if shared.served().holder != "primary":
        shared.hand_over("primary")
    yield shared
    shared.judge()


def test_a_second_agent_in_one_home_is_refused_with_the_reason(fleet: Fleet) -> None:
    before = fleet.lease()
    first = fleet.pid("primary")
    fleet.start("primary#2")
    assert fleet.end_of("primary#2") == 1
    said = fleet.errors("primary#2")
    assert f"in use by another agent (process {first})" in said
    assert "for another account" in said
    assert len(said.splitlines()) == 1
    assert fleet.served().incarnation == before.incarnation


def test_of_two_agents_of_the_working_account_one_works(fleet: Fleet) -> None:
    before = fleet.lease()
    fleet.start("primary+twin")
    until(lambda: fleet.said("primary+twin", "lease_held"), "the twin sees who holds the lease")
    sleep(4 * fleet.timing.poll_s)
    assert fleet.lease().incarnation == before.incarnation
    assert not fleet.said("primary+twin", "member_claiming")
    fleet.kill("primary+twin")


def test_one_of_two_that_are_named_by_one_offer_wins(fleet: Fleet) -> None:
    before = fleet.lease()
    move = fleet.hand_over("backup1")
    assert move.epoch == before.epoch + 1
    assert len(winners(fleet, move.epoch)) == 1


def test_one_of_two_that_wake_to_one_stale_lease_wins(fleet: Fleet) -> None:
    before = fleet.lease()
    fleet.kill("primary")
    sleep(2 * fleet.timing.poll_s)  # so that both have seen its last renewal
    for name in TWINS:
        fleet.signal(name, signal.SIGSTOP)
    sleep(1.1 * fleet.timing.ttl_s)
    for name in TWINS:
        fleet.signal(name, signal.SIGCONT)
    lease = fleet.served("backup1", above=before.epoch)
    assert lease.epoch == before.epoch + 1
    assert len(winners(fleet, lease.epoch)) == 1
    assert all(fleet.is_running(name) for name in TWINS), "the other one stands by"


def winners(fleet: Fleet, epoch: int) -> list[str]:
    """Who became the primary under `epoch`, by what the agents say themselves."""
    found = [(name, line["text"]) for name in TWINS for line in fleet.said(name, "member_primary")]
    return [name for name, text in found if text.endswith(f"epoch {epoch}")]
