"""Goal: `notify-test` says of each receiver whether it took the notice, and nothing secret; where
notices can't be sent this is said, by it and by an agent, which works all the same.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sessionlib.agent.notifier import open_notifier
from sessionlib.clock import SystemClock
from sessionlib.config_loading import parse
from sessionlib.core.narrate import LogLine
from sessionlib.notices import send_attempt
from tests.notices.fleet_config import CONFIG
from tests.notices.receiving import TOKEN, receiving
from tests.unit.console.fleet_on_disk import FleetOnDisk, fleet

__all__ = ["fleet"]


def told(fleet: FleetOnDisk, *urls: str) -> None:
    with fleet.config_path.open("a") as file:
        file.write(f"notices: {{urls: {json.dumps(urls)}}}\n")


def test_it_sends_to_everybody_and_says_who_took_it(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as good, receiving(401) as bad:
        monkeypatch.setenv("COLABVPS_TEST_GOOD", good.url)
        told(fleet, "${COLABVPS_TEST_GOOD}", bad.url)
        code, out, err = fleet.run("notify-test")
        assert code == 1
        assert out.splitlines() == [
            "1  json://127.0.0.1  accepted",
            "2  json://127.0.0.1  not accepted: the service answers 401",
        ]
        assert good.titles == bad.titles == ["my-fleet: a test"]
        assert TOKEN not in out + err
        bad.status = 204
        code, out, err = fleet.run("notify-test", "--json")
        assert code == 0
        row = {"url": "json://127.0.0.1", "accepted": True, "why": None}
        assert json.loads(out) == {"fleet": "my-fleet", "accepted": True, "receivers": [row, row]}
        assert TOKEN not in out + err


def test_nobody_to_tell_and_a_missing_secret_are_wrong_settings(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = fleet.run("notify-test")
    assert code == 2
    assert "notices.urls: names nobody: add one" in err
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    told(fleet, "ntfy://${COLABVPS_TEST_ABSENT}")
    code, _, err = fleet.run("notify-test")
    assert code == 2
    assert "accounts.yaml:10" in err
    assert "COLABVPS_TEST_ABSENT has no value here: set the variable" in err


def test_a_machine_without_apprise_is_told_what_to_install(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(fleet, "json://127.0.0.1:9/")
    monkeypatch.setattr(send_attempt, "find_spec", lambda name: None)
    code, _, err = fleet.run("notify-test")
    assert code == 1
    assert "apprise isn't installed here; it needs the extra" in err


def test_an_agent_without_apprise_or_secret_says_so_and_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_attempt, "find_spec", lambda name: None)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    config = parse(f"{CONFIG}{{urls: ['a://${{ABSENT}}', 'a://h']}}", tmp_path / "a.yaml")
    lines: list[LogLine] = []
    assert open_notifier(config, tmp_path, SystemClock(), lines.append) is None
    assert [line.event for line in lines] == ["notices_off", "notices_off"]
    assert "ABSENT has no value here" in lines[0].text
    assert "apprise isn't installed here" in lines[1].text
