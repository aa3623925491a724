"""Calls that hang: answered in time, and never in the way of the next one."""

from __future__ import annotations

import threading
from queue import SimpleQueue

import pytest

from sessionlib.agent.lane import MAX_STUCK, Lane
from tests.unit.thread_limit import no_more_threads


def _lane() -> tuple[Lane[str], SimpleQueue[str]]:
    answers: SimpleQueue[str] = SimpleQueue()
    return Lane("test", answers.put, 8.0, lambda why: None), answers


def test_jobs_run_one_after_the_other_in_order() -> None:
    lane, answers = _lane()
    running = threading.Semaphore(1)

    def job(name: str) -> str:
        assert running.acquire(blocking=False), "two jobs at once"
        running.release()
        return name

    for name in "abc":
        lane.submit(lambda name=name: job(name), lambda _: "late", now_mono=0)  # type: ignore[misc]  # a default binds the loop's value
    found = []
    for _ in range(3):
        found.append(answers.get(timeout=10))
        lane.tick(1)
    assert found == ["a", "b", "c"]


def test_a_job_that_hangs_is_answered_and_the_next_one_runs() -> None:
    lane, answers = _lane()
    hangs = threading.Event()
    lane.submit(lambda: str(hangs.wait(30)), lambda _: "late", now_mono=0)
    lane.submit(lambda: "next", lambda _: "late too", now_mono=0)
    lane.tick(7.9)
    assert answers.empty()
    lane.tick(8.0)
    assert answers.get(timeout=10) == "late"
    assert answers.get(timeout=10) == "next"
    hangs.set()
    lane.submit(lambda: "last", lambda _: "late", now_mono=9)
    assert answers.get(timeout=10) == "last", "the late answer of the first was dropped"


def test_threads_that_hang_are_bounded() -> None:
    lane, answers = _lane()
    hangs = threading.Event()
    before = threading.active_count()
    for turn in range(MAX_STUCK + 5):
        lane.submit(lambda: str(hangs.wait(30)), lambda _: "late", now_mono=turn * 10)
        lane.tick(turn * 10 + 8)
        assert answers.get(timeout=10) == "late"
    assert threading.active_count() - before <= MAX_STUCK
    hangs.set()


@pytest.mark.parametrize("timeout_s", [8.0, float("inf")])
def test_a_job_that_raises_is_answered_and_told_of_once_and_the_lane_goes_on(
    timeout_s: float,
) -> None:
    answers: SimpleQueue[str] = SimpleQueue()
    told: list[str] = []
    lane = Lane("test", answers.put, timeout_s, told.append)
    before = threading.active_count()

    def broken() -> str:
        raise KeyError("planted")

    why = "a fault in this program (KeyError: 'planted')"
    for turn in range(MAX_STUCK + 2):
        lane.submit(broken, lambda why: f"failed: {why}", now_mono=turn * 10)
        assert answers.get(timeout=10) == f"failed: {why}"
    assert told == [f"test: {why}"]
    assert threading.active_count() - before <= 1
    assert lane.is_idle()
    lane.submit(lambda: "next", lambda _: "late", now_mono=200)
    assert answers.get(timeout=10) == "next"


def test_without_a_thread_a_job_is_answered_and_the_next_one_gets_one() -> None:
    answers: SimpleQueue[str] = SimpleQueue()
    told: list[str] = []
    lane = Lane("test", answers.put, 8.0, told.append)
    hangs = threading.Event()
    with no_more_threads("test", after=1):
        lane.submit(lambda: str(hangs.wait(30)), lambda _: "late", now_mono=0)
        lane.tick(8)
        assert answers.get(timeout=10) == "late"
        for _ in range(2):
            lane.submit(lambda: "never", lambda why: why, now_mono=9)
            assert answers.get(timeout=10) == "no more threads can be started on this machine"
        assert lane.is_idle()
    assert told == ["test: no more threads can be started on this machine"]
    lane.submit(lambda: "next", lambda _: "late", now_mono=10)
    assert answers.get(timeout=10) == "next"
    hangs.set()
