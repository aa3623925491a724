"""An agent's folder: one agent at a time, one session for as long as it lasts."""

from __future__ import annotations

import json
import multiprocessing
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from sessionlib.agent.home import Home, HomeTaken
from sessionlib.clock import SystemClock
from sessionlib.core.values import Instant

LIFETIME_S = 43_200.0
NOW = Instant(boot=100_000.0, mono=50.0, wall=1.8e9)


def later(seconds: float, wall_step_s: float = 0) -> Instant:
    return Instant(NOW.boot + seconds, NOW.mono + seconds, NOW.wall + seconds + wall_step_s)


def _hold(path: Path, ready: Event, done: Event) -> None:
    home = Home(path)
    home.lock()
    ready.set()
    done.wait(30)


def test_a_second_agent_in_a_home_is_told_who_has_it(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    ready, done = spawn.Event(), spawn.Event()
    other = spawn.Process(target=_hold, args=(tmp_path, ready, done))
    other.start()
    assert ready.wait(30)
    with pytest.raises(HomeTaken, match=rf"process {other.pid}.*for another account"):
        Home(tmp_path).lock()
    other.kill()
    other.join()
    Home(tmp_path).lock()


def test_a_restart_belongs_to_the_same_session(tmp_path: Path) -> None:
    first = Home(tmp_path).session(NOW, LIFETIME_S)
    again = Home(tmp_path).session(later(3600), LIFETIME_S)
    assert again.id == first.id
    assert again.began.boot == first.began.boot


def test_a_wall_clock_set_by_hours_changes_nothing(tmp_path: Path) -> None:
    first = Home(tmp_path).session(NOW, LIFETIME_S)
    for step_s in (-5 * 3600, 5 * 3600):
        again = Home(tmp_path).session(later(60, step_s), LIFETIME_S)
        assert (again.id, later(60, step_s).since(again.began)) == (first.id, 60)


@pytest.mark.parametrize("age_s", [LIFETIME_S, 24 * 3600 + 300, 10 * 24 * 3600])
def test_a_session_that_has_run_its_time_is_followed_by_a_new_one(
    tmp_path: Path, age_s: float
) -> None:
    first = Home(tmp_path).session(NOW, LIFETIME_S)
    again = Home(tmp_path).session(later(age_s), LIFETIME_S)
    assert again.id != first.id
    assert again.began == later(age_s)


def test_an_ended_session_is_followed_by_a_new_one(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first = home.session(NOW, LIFETIME_S)
    home.end_session()
    assert home.session(later(1), LIFETIME_S).id != first.id


def test_another_boot_is_another_session(tmp_path: Path) -> None:
    first = Home(tmp_path).session(NOW, LIFETIME_S)
    path = tmp_path / "session.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "boot_id": "another"}))
    assert Home(tmp_path).session(later(1), LIFETIME_S).id != first.id


@pytest.mark.parametrize("rubbish", ["", "{", "[]", '{"began_boot": "x"}', '{"id": 3}', "\x00"])
def test_rubbish_in_its_files_keeps_no_agent_from_starting(tmp_path: Path, rubbish: str) -> None:
    (tmp_path / "session.json").write_text(rubbish)
    (tmp_path / "seen.json").write_text(rubbish)
    assert Home(tmp_path).session(NOW, LIFETIME_S).began == NOW
    assert Home(tmp_path).seen_epoch("f") == 0


def test_the_highest_epoch_is_remembered_for_each_fleet(tmp_path: Path) -> None:
    Home(tmp_path).remember_epoch("f", 7)
    assert Home(tmp_path).seen_epoch("f") == 7
    assert Home(tmp_path).seen_epoch("another") == 0


def test_the_real_clocks_fit(tmp_path: Path) -> None:
    now = SystemClock().now()
    session = Home(tmp_path).session(now, LIFETIME_S)
    assert now.since(session.began) == pytest.approx(0, abs=1e-6)
