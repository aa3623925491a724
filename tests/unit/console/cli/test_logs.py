"""Goal: logs of agents and workloads are shown by time, as records or as lines."""

from __future__ import annotations

import json

import pytest

from console.fleet.logs import LogEntry, entry_text, merge_logs, new_entries, parse_log
from sessionlib import layout
from tests.unit.console.fleet_on_disk import FleetOnDisk, fleet

__all__ = ["fleet"]


def record(at: float, text: str, **fields: object) -> bytes:
    head = {"at": at, "account": "x", "level": "info", "event": "e", "text": text}
    return json.dumps(head | fields).encode() + b"\n"


def put(fleet: FleetOnDisk, account: str, name: str, data: bytes) -> None:
    fleet.store.put(layout.log_key(account, name), data)


def test_everybodys_log_by_time(fleet: FleetOnDisk) -> None:
    put(fleet, "primary", "agent.jsonl", record(10, "one") + record(30, "three", epoch=4))
    put(fleet, "backup1", "agent.jsonl", record(20, "two"))
    code, document, _ = fleet.run_json("logs")
    assert code == 0
    assert [(line["account"], line["text"]) for line in document] == [
        ("primary", "one"),
        ("backup1", "two"),
        ("primary", "three"),
    ]
    assert document[2]["epoch"] == 4
    _, document, _ = fleet.run_json("logs", "primary", "--lines", "1")
    assert [line["text"] for line in document] == ["three"]
    _, out, _ = fleet.run("logs", "primary", "-n", "1")
    assert out.split(maxsplit=1)[1] == "primary info three epoch=4\n"


def test_a_workloads_plain_lines_are_shown_as_they_are(fleet: FleetOnDisk) -> None:
    put(fleet, "primary", "workload.log", b"plain\n{torn\n[1]\n\xff\n")
    code, out, _ = fleet.run("logs", "--workload")
    assert code == 0
    assert out.splitlines() == [
        "--:--:-- primary out plain",
        "--:--:-- primary out {torn",
        "--:--:-- primary out [1]",
        "--:--:-- primary out \ufffd",
    ]


def test_nothing_logged_yet_is_said(fleet: FleetOnDisk) -> None:
    code, out, err = fleet.run("logs")
    assert (code, out) == (0, "")
    assert "Nothing logged yet" in err


def test_following_prints_only_what_is_new(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(fleet, "primary", "agent.jsonl", record(1, "one") + record(2, "two"))
    steps = [
        lambda: put(fleet, "primary", "agent.jsonl", record(2, "two") + record(3, "three")),
        lambda: None,
    ]

    def wait(_: float) -> None:
        if not steps:
            raise KeyboardInterrupt
        steps.pop(0)()

    monkeypatch.setattr("console.cli.logs.sleep", wait)
    code, out, _ = fleet.run("logs", "primary", "--follow", "--json")
    assert code == 130
    assert [json.loads(line)["text"] for line in out.splitlines()] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("known", "now", "new"),
    [
        ("abc", "abc", ""),
        ("abc", "abcd", "d"),
        ("abc", "bcd", "d"),
        ("abc", "xy", "xy"),
        ("", "ab", "ab"),
        ("abc", "", ""),
        ("aab", "abc", "c"),
        ("aaa", "aa", ""),
    ],
)
def test_a_log_whose_start_moves_on(known: str, now: str, new: str) -> None:
    def log(text: str) -> list[LogEntry]:
        return [LogEntry(None, "a", "info", char) for char in text]

    assert new_entries(log(known), log(now)) == log(new)


def test_records_of_any_shape_are_shown() -> None:
    strange = b'{"at": true, "text": 5, "level": null}\n{"at": 1e300, "event": "e"}\n' + b"[" * 9999
    shown = [entry_text(entry) for entry in parse_log(strange, "a")]
    assert shown[0] == "--:--:-- a None 5"
    assert shown[1] == "??:??:?? a info e"
    assert len(shown) == 3


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "1e999", "1" * 400, "[" * 400 + "]" * 400], ids=lambda v: v[:9]
)
@pytest.mark.parametrize("name", ["at", "more"])
def test_a_record_that_json_cant_say_again_is_text(name: str, value: str) -> None:
    line = f'{{"text": "t", "{name}": {value}}}'
    (entry,) = parse_log(line.encode(), "a")
    assert (entry.at, entry.level, entry.text) == (None, "out", line)


def test_a_line_without_a_time_stays_behind_the_line_before_it() -> None:
    one = list(parse_log(record(10, "a1") + b"a2\n" + record(30, "a3"), "a"))
    two = list(parse_log(record(20, "b1"), "b"))
    assert [entry.text for entry in merge_logs([one, two])] == ["a1", "a2", "b1", "a3"]
