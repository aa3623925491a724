"""Hazard 1: wall clocks that are hours off, and that are stepped while everything runs.

Goal: no agent's wall clock, whatever it says, makes anybody take over, keeps a
move or a takeover from happening, or lets work go on past its lease. A step
forward suspends the work until a fresh renewal, for it may have been a sleep.
Method: three agents, +5 h, -5 h and right, the wall clock of each in a file.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from console.demo.journal_judge import work_transfers
from sessionlib.clock import SystemClock, sleep
from tests.e2e.hazards.clocks import WallClock
from tests.e2e.hazards.kit import Fleet, fleet_in, lead_astray, now_s, until

HOUR_S = 3600.0
OFF = {"primary": "+5h", "backup1": "-5h", "backup2": "+0"}
Clocks = dict[str, WallClock]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Fleet, Clocks]]:
    with fleet_in(tmp_path_factory.mktemp("clocks") / "fleet", accounts=3) as fleet:
        clocks = {name: WallClock(fleet.folder / name, off) for name, off in OFF.items()}
        yield fleet, clocks


@pytest.fixture
def fleet(shared: tuple[Fleet, Clocks]) -> Iterator[Fleet]:
    """The fleet, all clocks off as they were; it is judged after each test."""
    fleet, clocks = shared
    for name, clock in clocks.items():
        clock.set(OFF[name])
        if not fleet.is_running(name):
            fleet.start(name, by=clock.python, **clock.env)
    fleet.served()
    yield fleet
    fleet.judge()


@pytest.fixture
def clocks(shared: tuple[Fleet, Clocks]) -> Clocks:
    return shared[1]


def test_they_are_off_and_status_shows_nothing_odd(fleet: Fleet) -> None:
    here_s = SystemClock().now().wall
    for name, hours in (("primary", 5), ("backup1", -5), ("backup2", 0)):
        report = fleet.report(name)
        assert report is not None
        assert abs(report.at - here_s - hours * HOUR_S) < 60, "the clock isn't off: no test at all"
    status = fleet.status()
    assert status["lease"]["age_s"] < 60
    lifetime_s = fleet.opened.config.lifetime_s("primary")
    for row in status["accounts"]:
        assert row["heartbeat_age_s"] < 60
        assert lifetime_s - 120 < row["remaining_s"] <= lifetime_s


def test_moves_between_clocks_that_are_ten_hours_apart(fleet: Fleet) -> None:
    if fleet.lease().holder != "primary":
        fleet.hand_over("primary")
    before = fleet.lease().epoch
    moves = []
    for epoch, name in enumerate(("backup1", "primary"), before + 1):
        moves.append(fleet.hand_over(name))
        until(lambda: epoch in {each.epoch for each in fleet.tenures()}, name)  # noqa: B023 - called before the loop goes on
    assert [move.epoch for move in moves] == [before + 1, before + 2]
    assert all(move.downtime_s is not None and move.downtime_s < 30 for move in moves)
    lost = [
        each.lost_writes for each in work_transfers(fleet.tenures()) if each.after.epoch > before
    ]
    assert lost == [0, 0]


def test_who_dies_is_succeeded_once_the_lease_has_run_out(fleet: Fleet) -> None:
    """The dead one's clock was five hours ahead; it takes part again afterwards."""
    if fleet.lease().holder != "primary":
        fleet.hand_over("primary")
    before = fleet.lease().epoch
    fleet.kill("primary")
    assert fleet.served(above=before).epoch == before + 1
    waited_s = fleet.chain.first(before + 1).at_s - fleet.chain.last(before).at_s
    least_s = fleet.timing.ttl_s * 1.01
    assert least_s - 0.05 < waited_s < least_s + 2.5


def test_a_standbys_clock_that_jumps_moves_nothing(fleet: Fleet, clocks: Clocks) -> None:
    before = fleet.lease()
    standbys = [name for name in OFF if name != before.holder]
    for off in ("+11h", "-13h", "+300d"):
        for name in standbys:
            clocks[name].set(off)
        sleep(2 * fleet.timing.poll_s)
    after = fleet.served()
    assert (after.epoch, after.incarnation) == (before.epoch, before.incarnation)
    assert fleet.works()


def test_the_primarys_clock_set_forward_holds_the_work_until_it_has_renewed(
    fleet: Fleet, clocks: Clocks
) -> None:
    before = fleet.lease()
    holder = before.holder or ""
    frozen = len(fleet.said(holder, "workload_frozen"))
    late = len(fleet.said(holder, "woke_late"))
    stepped_s = now_s()
    clocks[holder].set("+11h")
    until(lambda: len(fleet.said(holder, "woke_late")) > late, "the agent holds the work")
    until(lambda: len(fleet.said(holder, "workload_frozen")) > frozen, "the guard has frozen it")
    renewed = until(lambda: renewals_since(fleet, stepped_s), "it renews")[0]
    until(lambda: fleet.last_tick_s() > renewed + 0.2, "the work goes on")
    after = fleet.served()
    assert (after.epoch, after.incarnation) == (before.epoch, before.incarnation)
    assert first_tick_after(fleet, renewed) - stepped_s < fleet.timing.ttl_s
    assert fleet.status()["lease"]["age_s"] < 60


def renewals_since(fleet: Fleet, since_s: float) -> list[float]:
    return [one.at_s for one in fleet.chain.written if one.at_s > since_s]


def first_tick_after(fleet: Fleet, since_s: float) -> float:
    ticks = [tick.at_s for tenure in fleet.tenures() for tick in tenure.ticks]
    return min(at_s for at_s in ticks if at_s > since_s)


def test_the_primarys_clock_set_back_prolongs_nothing(fleet: Fleet, clocks: Clocks) -> None:
    """Set back, then cut off: by its wall clock its lease would last for hours to come."""
    before = fleet.lease()
    holder = before.holder or ""
    clocks[holder].set("-13h")
    sleep(1.5 * fleet.timing.renew_s)
    lead_astray(fleet, holder, "nowhere")
    lease = fleet.served(above=before.epoch)
    assert lease.epoch == before.epoch + 1
    worked_s = fleet.last_tick_under(before.epoch) - fleet.chain.last(before.epoch).at_s
    assert worked_s < fleet.timing.valid_s + 0.15
    lead_astray(fleet, holder, str(fleet.root))
    assert fleet.end_of(holder) == 1
