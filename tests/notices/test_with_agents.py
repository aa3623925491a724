"""Goal: real agents tell of a move and of a takeover, once each, and wait for no receiver.

Method: the demonstration's fleet with two receivers of the test's own, one that takes what
comes and one that never answers; a move by order, and a primary that is killed and started
again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.demo.demo_fleet import DemoFleet
from console.demo.journal_judge import epochs_rise, overlap_s, read_journals
from console.demo.scenario import Scenario
from sessionlib.clock import SystemClock, sleep
from tests.notices.receiving import TOKEN, receiving
from tests.security.file_search import files_with

SCALE = 20.0
WITHIN_S = 60.0
TITLES = ["demo: moved", "demo: takeover"]


def eventually(look: Callable[[], Any], what: str) -> None:
    began = SystemClock().now()
    while not look():
        assert SystemClock().now().since(began) < WITHIN_S, f"never came true: {what}"
        sleep(0.05)


def test_a_move_and_a_takeover_are_told_once_and_wait_for_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as good, receiving() as hanging:
        hanging.go.clear()
        monkeypatch.setenv("COLABVPS_TEST_HANGING", hanging.url)
        monkeypatch.setenv("COLABVPS_TEST_GOOD", good.url)
        urls = ["${COLABVPS_TEST_HANGING}", "${COLABVPS_TEST_GOOD}"]
        with DemoFleet(tmp_path / "fleet", SCALE, {"notices": {"urls": urls}}) as stage:
            play = Scenario(stage, lambda text: None)
            play.begin()
            move = play.hand_over()
            eventually(lambda: good.titles == TITLES[:1], "the move is told")
            stage.kill(move.to)
            stage.start(move.to)
            taken = play.wait_for_primary(move.epoch, WITHIN_S)
            eventually(lambda: good.titles == TITLES, "the takeover is told")
            eventually(lambda: len(hanging.got) >= 2, "the other one was asked as well")
            # No renewal was late for it: nobody else has ever claimed.
            assert (move.epoch, taken.epoch) == (2, 3)
            tenures = read_journals(stage.journals)
            assert overlap_s(tenures) == 0
            assert epochs_rise(tenures)
            # Who told of the move was killed with the other one's answer still to come, and
            # has been started again: it finds whom it had told.
            eventually(lambda: hanging.titles.count(TITLES[0]) > 1, "the other is asked again")
        messages = [notice["message"] for notice in good.got]
        assert f"from {move.from_} to {move.to}" in messages[0]
        assert f"{taken.to} has taken over from {taken.from_}" in messages[1]
        assert good.titles == TITLES
        assert files_with(tmp_path, (TOKEN.encode(),)) == []
