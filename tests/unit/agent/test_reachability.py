"""Goal: an agent that nobody can hear says so in its own log, once. Method: reports that fail."""

from __future__ import annotations

from sessionlib.agent.reachability import MISSES, ReportMonitor
from sessionlib.core.narrate import LogLine


def said_of(*answers: str | None) -> list[tuple[str, str]]:
    said: list[LogLine] = []
    unheard = ReportMonitor(said.append)
    for why in answers:
        unheard.note_result(why)
    return [(line.level, line.text) for line in said]


def test_a_report_or_two_that_fail_are_nothing() -> None:
    assert said_of(*["a timeout"] * (MISSES - 1), None, *["a timeout"] * (MISSES - 1), None) == []


def test_many_are_told_of_once_with_the_reason_and_so_is_their_end() -> None:
    said = said_of(*["a timeout"] * (3 * MISSES), None, None)
    assert [level for level, _ in said] == ["warning", "info"]
    assert said[0][1].endswith("a timeout")
