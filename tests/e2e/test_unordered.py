"""Goal: the work moves without an order: by the clock, or for a file that somebody made.

Method: real agents on a folder, judged by their workloads' journal: sessions so short
that the clock moves the work; a signal file made by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sessionlib import layout
from sessionlib.core.messages import MoveKind
from sessionlib.stores.folder_kind import store_folder
from tests.e2e.fleet_fixture import Fleet, fleet_in

SCALE = 20


def ending_soon(**policy: str) -> dict[str, Any]:
    return {"accounts": {"ada": {"session": {"lifetime": "5m"}}}, "policy": policy}


def test_the_clock_moves_the_work_before_its_session_ends(tmp_path: Path) -> None:
    with fleet_in(tmp_path, SCALE, ending_soon(handover="auto")) as fleet:
        before = fleet.begin()
        after = fleet.works(above=before.epoch)
        move = fleet.history()[after.epoch]
        assert (move.kind, move.reason) == (MoveKind.PLANNED, "the session ends")
        assert fleet.last_passage().downtime_s < fleet.timing.ttl_s
        assert fleet.stage.exit_code("ada", 30.0) == 0, "the retired one ends with its session"


def test_who_waits_for_a_word_that_never_comes_serves_to_the_end_and_gives_up(
    tmp_path: Path,
) -> None:
    waiting = ending_soon(handover="approve", on_no_answer="hold")
    with fleet_in(tmp_path, SCALE, waiting) as fleet:
        before = fleet.begin()
        fleet.until(lambda: asks(fleet, "ada"), "the operator is asked")
        after = fleet.works(above=before.epoch)
        move = fleet.history()[after.epoch]
        assert (move.kind, move.reason) == (MoveKind.PLANNED, "vacated by its holder")
        assert fleet.last_passage().lost_writes == 0


def asks(fleet: Fleet, account: str) -> bool:
    report = fleet.report(account)
    return report is not None and (report.asks or "").startswith("plan:")


def test_a_signal_made_by_hand_moves_the_work_once_and_a_test_of_it_nothing(
    tmp_path: Path,
) -> None:
    with fleet_in(tmp_path, SCALE, {"policy": {"handover": "auto"}}) as fleet:
        before = fleet.begin()
        file = store_folder(fleet.stage.fleet.config) / layout.SIGNAL
        body = {"action": "start_session", "primary_ending": True, "timestamp": "2026-01-01T00:00"}
        file.write_text(json.dumps({**body, "test": True}))
        fleet.until(lambda: signalled(fleet, "acted"), "a word on the test")
        assert fleet.lease().epoch == before.epoch
        file.write_text(json.dumps(body))
        after = fleet.works(above=before.epoch)
        assert fleet.history()[after.epoch].reason == "handover_signal.json asks for it"
        fleet.works_on(1.0)
        assert fleet.lease().epoch == after.epoch, "the same file moved it twice"


def signalled(fleet: Fleet, outcome: str) -> bool:
    report = fleet.report(fleet.holder)
    receipts = report.receipts if report else ()
    return any(one.id.startswith("sig-") and one.outcome == outcome for one in receipts)
