"""Goal: each account speaks to the coordinator with its own token, kept where secrets are kept.

Method: the commands in this process, secrets in encrypted files, and the service as a process.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from console.__main__ import main
from console.checks.preflight.items import ItemStatus
from console.checks.preflight.services import service_items
from console.demo.local_coordinator import LocalCoordinator
from sessionlib import secret_storage
from sessionlib.clock import SystemClock
from sessionlib.config_loading import load
from sessionlib.coordinator import TOKEN_VARIABLE, tokens
from sessionlib.launchers.local import LocalLauncher
from sessionlib.signing import public_of
from tests.coordinator.waiting import eventually

SEED = "7" * 64
NAMES = ("primary", "backup1")
BODY = """\
fleet: my-fleet
fleet_key: {key}
store: {{kind: folder, path: store}}
accounts:
  primary: {{email: a@example.com, role: main_worker, priority: 1}}
  backup1: {{email: b@example.com, role: hot_standby, priority: 2}}
workload: {{command: [sleep, "60"]}}
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCoordinator]:
    service = LocalCoordinator(tmp_path_factory.mktemp("service"), NAMES, 20.0)
    yield service
    service.close()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv(secret_storage.VARIABLE, "a passphrase")
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    path = tmp_path / "accounts.yaml"
    path.write_text(BODY.format(key=public_of(SEED)))
    return path


def at(config: Path, url: str) -> None:
    config.write_text(f"{config.read_text()}coordinator: {{url: '{url}'}}\n")


def run(monkeypatch: pytest.MonkeyPatch, config: Path, typed: str, *words: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return main([*words, "--config", str(config)])


def token_of(service: LocalCoordinator, account: str) -> str:
    return service.environment(account)[TOKEN_VARIABLE]


def test_a_token_is_kept_unread_by_others_used_and_forgotten(
    config: Path,
    service: LocalCoordinator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    at(config, service.url)
    token = token_of(service, "backup1")
    assert run(monkeypatch, config, f"{token}\n", "login", "backup1", "--coordinator") == 0
    told = "".join(capsys.readouterr())
    assert "kept in encrypted files" in told
    assert token not in told
    assert tokens.find("my-fleet", "backup1") == token
    assert tokens.find("my-fleet", "primary") is None
    for path in secret_storage.folder().iterdir():
        assert token not in path.read_text()
    assert run(monkeypatch, config, "", "logout", "--coordinator", "--yes", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"forgotten": ["backup1"]}
    assert tokens.find("my-fleet", "backup1") is None


def test_what_the_coordinator_doesnt_know_is_not_kept(
    config: Path,
    service: LocalCoordinator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    at(config, service.url)
    for typed in ("no-such-token\n", "\n", "an\u00f6ther\n"):
        assert run(monkeypatch, config, typed, "login", "operator", "--coordinator") == 1
        assert "coordinator token create" in capsys.readouterr().err
    assert tokens.find("my-fleet", "operator") is None


def test_one_that_cant_be_asked_about_is_kept_and_said_to_be_in_doubt(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at(config, "http://127.0.0.1:9")
    assert run(monkeypatch, config, "abc\n", "login", "operator", "--coordinator") == 0
    assert "isn't known" in capsys.readouterr().err
    assert tokens.find("my-fleet", "operator") == "abc"


def test_without_a_coordinator_the_field_is_named(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, config, "abc\n", "login", "operator", "--coordinator") == 2
    assert "coordinator.url" in capsys.readouterr().err


def test_preflight_tells_whether_the_console_is_known(
    config: Path, service: LocalCoordinator
) -> None:
    at(config, service.url)

    def told() -> tuple[ItemStatus, str]:
        (item,) = service_items(load(config))
        return item.word, item.text

    assert told() == (ItemStatus.WARN, "answers; no token here")
    secret_storage.save(tokens.keyring_entry("my-fleet", "operator"), "nobodys")
    assert told() == (ItemStatus.WARN, "answers, and doesn't know this console's token")
    secret_storage.save(tokens.keyring_entry("my-fleet", "operator"), service.operators_token)
    assert told()[0] is ItemStatus.OK


def test_preflight_tells_of_what_nobody_waits_for_and_fails_for_neither(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(service_items(load(config))) == []
    at(config, "http://127.0.0.1:9")
    with config.open("a") as file:
        file.write("notices: {urls: ['ntfy://localhost/${COLABVPS_TOPIC}', 'json://localhost']}\n")
    coordinator, notices = service_items(load(config))
    assert coordinator.word is notices.word is ItemStatus.WARN
    assert "can't be reached" in coordinator.text
    assert "COLABVPS_TOPIC" in notices.text
    monkeypatch.setenv("COLABVPS_TOPIC", "a-topic")
    _, notices = service_items(load(config))
    assert notices.word is ItemStatus.OK
    assert notices.text.startswith("2 addresses")


def test_an_agent_that_a_console_starts_speaks_with_its_own_token(
    config: Path, service: LocalCoordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(config, service.url)
    monkeypatch.setenv("COLABVPS_FLEET_KEY", SEED)
    assert main(["init", "--yes", "--config", str(config)]) == 0
    secret_storage.save(tokens.keyring_entry("my-fleet", "primary"), token_of(service, "primary"))
    monkeypatch.setenv(TOKEN_VARIABLE, service.operators_token)
    launcher = LocalLauncher(load(config), SystemClock(), until_eof=True)
    bearer = {"authorization": f"Bearer {service.operators_token}"}
    with httpx.Client(base_url=service.url, headers=bearer) as client:

        def is_heard() -> bool:
            primary = client.get("/api/sessions/status").json()["primary_session"]
            return primary is not None and bool(primary["account"] == "primary")

        handle = launcher.start("primary")
        try:
            eventually(is_heard, "the coordinator hears of the primary")
        finally:
            launcher.stop(handle)


def test_a_console_without_a_good_token_is_told_the_way_to_one(
    config: Path,
    service: LocalCoordinator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    at(config, service.url)
    assert main(["init", "--yes", "--config", str(config)]) == 0

    def error() -> str:
        capsys.readouterr()
        assert main(["status", "--json", "--config", str(config)]) == 0
        heard = json.loads(capsys.readouterr().out)["coordinator"]
        assert heard["reachable"] is True
        assert main(["status", "--config", str(config)]) == 0
        said = " ".join(capsys.readouterr().out.split())
        assert f"tells this console nothing: {heard['error']}" in said
        return str(heard["error"])

    login = "`colabvps-console login operator --coordinator`"
    assert error().startswith(f"no token here; {login}")
    monkeypatch.setenv(TOKEN_VARIABLE, "not-one-of-its-own")
    assert error().startswith(f"it doesn't know the token here; {login}")
    monkeypatch.delenv(TOKEN_VARIABLE)
    typed = f"{service.operators_token}\n"
    assert run(monkeypatch, config, typed, "login", "operator", "--coordinator") == 0
    monkeypatch.setenv(secret_storage.VARIABLE, "another passphrase")
    assert "COLABVPS_PASSPHRASE isn't the passphrase" in error()
    item = next(iter(service_items(load(config))))
    assert "COLABVPS_PASSPHRASE isn't the passphrase" in item.text
