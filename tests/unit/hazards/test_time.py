"""Hazards 1 and 2 with values: ages over a day, ages below nothing, clocks that were set.

Goal: an age is never taken modulo a day, a date in the future makes nobody dead,
and no wall clock but the store's judges what is in the store. Method: files dated
by hand in a folder store, and the core at chosen instants.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from sessionlib import layout
from sessionlib.agent.mailbox_io import FORGOTTEN_S, Mailbox
from sessionlib.clock import SystemClock
from sessionlib.core.actions import Depart, WriteLease
from sessionlib.core.decide import decide
from sessionlib.core.messages import ORDER_LIFE_S, Order, OrderAction, Report
from sessionlib.core.peers import is_alive, update_peers
from sessionlib.core.report import ReportExtras, report_of
from sessionlib.core.values import Instant, PlanPhase, Role
from sessionlib.core.view import Data, DataState, Finding, Write, WriteKind, finding_of
from sessionlib.core.work import Aim, Goal, WorkloadFacts
from sessionlib.records import encode
from sessionlib.signing import public_of, sign
from sessionlib.stores.folder import FolderStore
from tests.unit.console.fleet_on_disk import SEED, FleetOnDisk
from tests.unit.core.views import OTHER, TIMING, at, held_by, peer, plan, seen, serving, view

DAY_S = 86_400.0
HOUR_S = 3_600.0
LONG_AGO_S = DAY_S + 300.0
"""24 h 5 min: by its seconds within the day, five minutes."""
REPORT = Report("b", "s", "i", 3, 0.0, Role.HOT_STANDBY, 2, "standby", "Fresh", 9e3, 1e4, 3)
ORDER = Order("o1", "my-fleet", OrderAction.HANDOVER, "backup1", 4, "inc-primary", 7, "op")


class Off:
    """This machine's clocks, its wall clock set wrong."""

    def __init__(self, by_s: float) -> None:
        self._by_s = by_s

    def now(self) -> Instant:
        here = SystemClock().now()
        return replace(here, wall=here.wall + self._by_s)


class TestASessionOlderThanADay:
    """Its lifetime is 12 h; its age of 24 h 5 min leaves nothing, not 11 h 55 min."""

    born = at(-LONG_AGO_S)

    def test_its_primary_leaves(self) -> None:
        found = decide(serving(started=self.born), at(1), "c")
        assert any(isinstance(action, Depart) for action in found)

    def test_its_standby_claims_nothing_and_leaves(self) -> None:
        stale = seen(held_by(OTHER), since_s=-500, started=self.born)
        found = decide(stale, at(0), "c")
        assert not any(isinstance(action, WriteLease) for action in found)
        assert any(isinstance(action, Depart) for action in found)

    def test_its_report_says_so(self) -> None:
        report = report_of(serving(started=self.born), at(0), 1, ReportExtras())
        assert (report.phase, report.remaining_s) == ("Expired", 0.0)

    def test_and_nothing_is_left_to_hand_over_to(self) -> None:
        old = report_of(seen(held_by(OTHER), started=self.born), at(0), 1, ReportExtras())
        after = update_peers({"b": peer()}, {"b": (replace(old, account="b"), 0.0)}, at(0))
        assert after["b"].remaining_s == 0.0


@pytest.mark.parametrize(
    ("age_s", "alive"),
    [(0.0, True), (-1.0, True), (30.0, True), (600.0, False), (LONG_AGO_S, False)],
)
def test_a_report_met_for_the_first_time_counts_by_its_whole_age(age_s: float, alive: bool) -> None:
    after = update_peers(view().peers, {"b": (REPORT, max(0.0, age_s))}, at(0))
    assert is_alive(after["b"], at(0), TIMING.poll_s) is alive


def test_a_watch_of_a_day_and_some_is_ripe_and_one_of_a_second_isnt() -> None:
    lease = held_by(OTHER)
    assert finding_of(seen(lease, since_s=0), at(LONG_AGO_S), 0) is Finding.STALE
    assert finding_of(seen(lease, since_s=0), at(1), 0) is Finding.OTHERS


class TestDatesInTheStore:
    """Of files, which the file server dates. What a reader's wall clock says is no matter."""

    @pytest.fixture
    def fleet(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> FleetOnDisk:
        fleet = FleetOnDisk(tmp_path, capsys)
        fleet.at_work()
        fleet.store.create(layout.order_key(ORDER.id), encode(sign(ORDER, SEED)))
        return fleet

    def dated(self, fleet: FleetOnDisk, key: str, age_s: float) -> None:
        wall = SystemClock().now().wall - age_s
        os.utime(fleet.folder / "shared" / key, (wall, wall))

    @pytest.mark.parametrize(
        ("age_s", "phase"),
        [(0.0, "Fresh"), (-1.0, "Fresh"), (LONG_AGO_S, "Lost"), (7 * DAY_S + 60.0, "Lost")],
    )
    def test_a_report_for_the_console(self, fleet: FleetOnDisk, age_s: float, phase: str) -> None:
        self.dated(fleet, layout.session_key("backup1"), age_s)
        _, document, _ = fleet.run_json("status")
        row = next(row for row in document["accounts"] if row["name"] == "backup1")
        assert row["phase"] == phase
        assert abs(row["heartbeat_age_s"] - max(0.0, age_s)) < 60

    @pytest.mark.parametrize(("age_s", "valid"), [(0.0, True), (-1.0, True), (LONG_AGO_S, False)])
    def test_the_lease_for_the_console(self, fleet: FleetOnDisk, age_s: float, valid: bool) -> None:
        self.dated(fleet, layout.LEASE, age_s)
        assert fleet.run_json("status")[1]["lease"]["valid"] is valid

    @pytest.mark.parametrize("off_s", [0.0, 5 * HOUR_S, -5 * HOUR_S])
    @pytest.mark.parametrize(
        ("age_s", "fate"),
        [
            (0.0, "taken"),
            (-1.0, "taken"),
            (ORDER_LIFE_S + 30, "expired"),
            (FORGOTTEN_S + 30, "forgotten"),
            (LONG_AGO_S, "forgotten"),
        ],
    )
    def test_an_order_for_an_agent(
        self, fleet: FleetOnDisk, off_s: float, age_s: float, fate: str
    ) -> None:
        self.dated(fleet, layout.order_key(ORDER.id), age_s)
        store = FolderStore(fleet.folder / "shared", Off(off_s))
        peeked = Mailbox(
            store,
            fleet="my-fleet",
            public_key=public_of(SEED),
            accounts=("backup1",),
            account="primary",
        ).read()
        assert len(peeked.orders) == (fate == "taken")
        assert [outcome for _, outcome, _ in peeked.refused] == ["expired"] * (fate == "expired")

    @pytest.mark.parametrize("off_s", [5 * HOUR_S, -5 * HOUR_S])
    def test_a_report_for_an_agent(self, fleet: FleetOnDisk, off_s: float) -> None:
        store = FolderStore(fleet.folder / "shared", Off(off_s))
        accounts = ("primary", "backup1", "backup2")
        ages = (
            Mailbox(store, fleet="my-fleet", public_key=None, accounts=accounts, account="backup2")
            .read()
            .reports.values()
        )
        assert [age_s < 60 for _, age_s in ages] == [True, True]


@pytest.mark.parametrize("wall_s", [5 * HOUR_S, -5 * HOUR_S])
class TestAWallClockSetWhileTheWorkIsStopped:
    """Between the stop of the work and the offer, by five hours."""

    def sent(self, wall_s: float, **changes: object) -> Write | None:
        """What is written two seconds after the work was told to stop."""
        known: dict[str, object] = {
            "work": WorkloadFacts(goal=Goal(Aim.REST)),
            "quiesced_at": at(0),
            "data": Data(ready_for=3, is_sealed=True),
        }
        quiet = serving(**{**known, **changes})  # type: ignore[arg-type]  # fields by name
        now = replace(at(2), wall=at(2).wall + wall_s)
        writes = [
            action.write for action in decide(quiet, now, "c") if isinstance(action, WriteLease)
        ]
        return writes[0] if writes else None

    def test_the_lease_is_offered_with_the_time_that_really_passed(self, wall_s: float) -> None:
        under_way = plan(PlanPhase.QUIESCING)
        write = self.sent(wall_s, plan=under_way, peers={"b": peer(under_way)})
        assert write is not None
        assert write.kind is WriteKind.OFFER
        assert write.lease.plan is not None
        assert write.lease.plan.quiet_s == 2.0

    def test_a_seal_that_failed_once_is_tried_again(self, wall_s: float) -> None:
        failed = Data(DataState.FAILED, ready_for=3, retry_mono=at(3).mono)
        write = self.sent(wall_s, leaving="told to", data=failed)
        assert write is None or write.kind is WriteKind.RENEW, "what wasn't saved would be lost"
