"""The loop itself: what it does when it is started, and when this program is at fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sessionlib.agent import loop
from sessionlib.agent.loop import Agent
from sessionlib.core.messages import Report
from sessionlib.core.view import Member
from sessionlib.errors import ConfigError
from sessionlib.records import decode
from tests.unit.agent.agents import CONFIG, agent


def events(agent: Agent) -> list[str]:
    lines = (agent.home.logs / "agent.jsonl").read_text().splitlines()
    return [json.loads(line)["event"] for line in lines]


def test_a_fault_of_ours_ends_in_a_sentence_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("planted")

    broke = agent(tmp_path)
    monkeypatch.setattr(loop, "decide", broken)
    assert broke.run() == 1
    assert "planted" in (tmp_path / "work" / "a" / "logs" / "crash.txt").read_text()
    assert "crash" in events(broke)
    assert broke.workload.facts.empty
    assert "Traceback" not in capsys.readouterr().err


def test_told_to_leave_before_anything_happened_it_leaves_a_last_report(tmp_path: Path) -> None:
    quick = agent(tmp_path)
    quick.leave("SIGTERM")
    assert quick.run() == 0
    report = decode(Report, (tmp_path / "store/state/sessions/a.json").read_bytes())
    assert (report.ended, report.member) == ("SIGTERM", Member.STANDBY.value)
    assert events(quick)[-1] == "exit"


def test_a_secret_without_a_value_is_told_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("API_TOKEN", raising=False)
    with pytest.raises(ConfigError, match=r"workload\.secrets: API_TOKEN has no value here"):
        agent(tmp_path, CONFIG.rstrip("\n") + "\n  secrets: [API_TOKEN]\n")
