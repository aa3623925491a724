"""Hazards 3, 7 and 9: the store out of reach for one agent, for another, for everybody.

Goal: unreachable is not dead, and a primary that can't renew stops in time by
itself. Method: each agent reaches the store through a link of its own, which is
led astray: to nothing, or to an empty folder such as a mount leaves behind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from sessionlib.clock import sleep
from tests.e2e.hazards.kit import Fleet, fleet_in, lead_astray, now_s, until

LATE_S = 0.15
EARLY_S = 1.0
"""On a busy machine an agent or a guard may come to distrust its own clock, and stop early."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet_in(tmp_path_factory.mktemp("away") / "fleet") as fleet:
        fleet.begin()
        yield fleet


@pytest.fixture
def fleet(shared: Fleet) -> Iterator[Fleet]:
    """The fleet with `primary` at work and `backup1` standing by."""
    for account in shared.accounts:
        if not shared.is_running(account):
            shared.start(account)
    if shared.served().holder != "primary":
        shared.hand_over("primary")
    yield shared
    shared.judge()


def frozen_in_time(fleet: Fleet, epoch: int) -> bool:
    """Whether the work under `epoch` went on while the lease was valid, and not longer. The
    watch sees a renewal a little after it was sent."""
    worked_s = fleet.last_tick_under(epoch) - fleet.chain.last(epoch).at_s
    assert fleet.timing.valid_s - EARLY_S < worked_s < fleet.timing.valid_s + LATE_S
    return True


def test_away_for_a_standby_alone_nothing_moves(fleet: Fleet) -> None:
    """Not while it sees nothing, and not the moment it sees again either."""
    before = fleet.lease()
    lead_astray(fleet, "backup1", "nowhere")
    until(lambda: fleet.said("backup1", "alarm"), "the standby says it")
    sleep(1.1 * fleet.timing.ttl_s)
    assert fleet.works()
    lead_astray(fleet, "backup1", str(fleet.root))
    sleep(4 * fleet.timing.poll_s)
    after = fleet.lease()
    assert (after.epoch, after.incarnation) == (before.epoch, before.incarnation)
    claims = [line["epoch"] for line in fleet.said("backup1", "member_claiming")]
    assert before.epoch not in claims


def test_away_for_the_primary_alone_it_freezes_before_a_standby_takes_over(fleet: Fleet) -> None:
    """An empty folder is where the store was."""
    before = fleet.lease()
    empty = fleet.folder / "empty"
    empty.mkdir()
    lead_astray(fleet, "primary", str(empty))
    lease = fleet.served("backup1", above=before.epoch)
    assert lease.epoch == before.epoch + 1
    assert frozen_in_time(fleet, before.epoch)
    assert not list(empty.iterdir())
    assert any("mounted" in line["text"] for line in fleet.said("primary", "alarm"))
    assert fleet.is_running("primary"), "it can't know yet"
    lead_astray(fleet, "primary", str(fleet.root))
    assert fleet.end_of("primary") == 1
    assert fleet.said("primary", "member_fenced")
    rows = {row["name"]: row for row in fleet.status()["accounts"]}
    assert (rows["primary"]["phase"], rows["primary"]["is_primary"]) == ("Fenced", False)


def test_away_for_everybody_the_work_freezes_and_the_same_primary_goes_on(fleet: Fleet) -> None:
    before = fleet.lease()
    away = fleet.root.with_name("away")
    fleet.root.rename(away)
    (fleet.root / "lost+found").mkdir(parents=True)
    gone_s = now_s()
    code, out, err = fleet.console("status", "--json")
    assert code == 1
    assert json.loads(out)["store"]["reachable"] is False
    assert "mounted" in err
    for args in (["handover", "--to", "backup1", "--yes"], ["history"], ["stop", "--all", "--yes"]):
        assert fleet.console(*args)[0] == 1
    until(lambda: now_s() - gone_s > 1.1 * fleet.timing.ttl_s, "more than a ttl")
    assert frozen_in_time(fleet, before.epoch)
    (fleet.root / "lost+found").rmdir()
    assert not list(fleet.root.iterdir()), "nothing was written to what is no store"
    fleet.root.rmdir()
    away.rename(fleet.root)
    healed_s = now_s()
    after = fleet.served("primary")
    assert (after.epoch, after.incarnation) == (before.epoch, before.incarnation)
    until(lambda: fleet.last_tick_s() > healed_s, "the work goes on")


def test_the_holder_dead_a_blind_standby_gives_others_time_when_it_sees_again(fleet: Fleet) -> None:
    """What kept it from reading may have kept the holder from renewing."""
    before = fleet.lease()
    fleet.kill("primary")
    sleep(2 * fleet.timing.poll_s)  # so that its last renewal has been seen
    lead_astray(fleet, "backup1", "nowhere")
    sleep(1.1 * fleet.timing.ttl_s)
    healed_s = now_s()
    lead_astray(fleet, "backup1", str(fleet.root))
    lease = fleet.served("backup1", above=before.epoch)
    claimed_s = fleet.chain.first(lease.epoch).at_s
    least_s = fleet.timing.renew_s + fleet.timing.timeout_s
    assert least_s - 0.01 < claimed_s - healed_s < fleet.timing.ttl_s, "no whole lease either"
