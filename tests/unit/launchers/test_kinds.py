"""A kind of launcher is a record: one that is added in a fixture starts sessions at once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from console.__main__ import main
from console.orders.fleet_launcher import last_launches, launcher_of
from sessionlib.clock import SystemClock
from sessionlib.config_loading import load
from sessionlib.errors import ConfigError
from sessionlib.launchers import LaunchHandle, LaunchState, LaunchStatus
from sessionlib.launchers.kinds import KINDS, LauncherKind, LauncherProblem
from tests.unit.console.fleet_on_disk import CONFIG, SEED

WORDS = "role: main_worker, launcher: toy, priority: 1"


@dataclass
class ToyLauncher:
    """Winds sessions up. They run down at once."""

    started: list[str] = field(default_factory=list)

    def start(self, account: str) -> LaunchHandle:
        self.started.append(account)
        return LaunchHandle(account, "box", "n", "m")

    def known(self, account: str) -> LaunchHandle | None:
        return LaunchHandle(account, "box", "n", "m") if account in self.started else None

    def status(self, handle: LaunchHandle) -> LaunchStatus:
        return LaunchStatus(LaunchState.ENDED, f"{handle.account}'s spring has run down")

    def stop(self, handle: LaunchHandle) -> LaunchStatus:
        return self.status(handle)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> ToyLauncher:
    launcher = ToyLauncher()
    kind = LauncherKind(
        name="toy",
        open=lambda config, clock: launcher,
        begins="is wound up in its box",
        problems=lambda config, account: [LauncherProblem(f"{account}'s key is lost", "look")],
    )
    monkeypatch.setitem(KINDS, kind.name, kind)
    return launcher


def written(folder: Path, words: str = WORDS) -> Path:
    path = folder / "accounts.yaml"
    path.write_text(CONFIG.replace("role: main_worker, priority: 1", words))
    assert words in path.read_text()
    return path


def test_an_accounts_calls_go_to_the_kind_that_its_settings_name(
    tmp_path: Path, toy: ToyLauncher
) -> None:
    config = load(written(tmp_path))
    launcher = launcher_of(config, SystemClock())
    assert launcher.known("primary") is None
    handle = launcher.start("primary")
    assert toy.started == ["primary"]
    assert launcher.stop(handle).how == "primary's spring has run down"
    assert set(last_launches(launcher, config)) == {"primary"}


def test_a_coldstart_starts_a_session_by_it(
    tmp_path: Path,
    toy: ToyLauncher,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLABVPS_FLEET_KEY", SEED)
    path = written(tmp_path)
    assert main(["init", "--yes", "--config", str(path)]) == 0
    words = ["coldstart", "--account", "primary", "--yes", "--timeout", "5s"]
    assert main([*words, "--config", str(path)]) == 1
    assert toy.started == ["primary"]
    said = capsys.readouterr().err
    assert "Cold start: primary (a@example.com) is wound up in its box, claims" in said
    assert "primary's agent has ended again" in said


def test_preflight_shows_what_it_needs_and_no_rule_that_isnt_its(
    tmp_path: Path,
    toy: ToyLauncher,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLABVPS_FLEET_KEY", SEED)
    main(["preflight", "--json", "--config", str(written(tmp_path))])
    document = json.loads(capsys.readouterr().out)
    shown = [item for item in document["items"] if item["what"] == "launcher"]
    assert [(one["of"], one["text"], one["cure"]) for one in shown] == [
        ("primary", "primary's key is lost", "look")
    ]
    assert document["rule"] is None
    assert toy.started == []


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("attic", '"attic"'),
        ("5", "5"),
        ("true", "true"),
        ("[local]", "a list"),
        ("{kind: local}", "a group of settings"),
    ],
)
def test_a_word_for_none_is_told_with_those_that_there_are(
    tmp_path: Path, word: str, shown: str
) -> None:
    path = written(tmp_path, WORDS.replace("toy", word))
    with pytest.raises(ConfigError) as raised:
        load(path)
    said = f"{path}:6: accounts.primary.launcher: {shown} is not one of local, manual"
    assert str(raised.value) == said


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_is_known_by_its_word(kind: str) -> None:
    assert KINDS[kind].name == kind
