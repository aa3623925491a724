"""Goal: an account signs in with a browser or without, as itself or not at all, and out again.

Method: the commands in this process, with a keyring in memory, a browser that follows
where it is sent, and Google's sign-in over HTTP, which can say more noes than the
emulator. As processes: `test_from_nothing`.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.errors import Refused
from console.setup.google.browser_flow import Loopback
from console.setup.google.oauth_client import entry_of as client_entry
from console.setup.google.redirect import CURES
from sessionlib.config_loading import load
from sessionlib.errors import ConfigError
from sessionlib.stores.drive import signin_storage
from sessionlib.stores.drive.opening import credentials
from sessionlib.stores.drive.signin_storage import StoredCredentials, entry_of
from tests.drive.signing_in import CONFIG, OperatorConsole, ended_at, visit_beside
from tests.drive.tiny_google import CLIENT, Google, running
from tests.unit.fake_keyrings import BrokenKeyring, FakeKeyring, use_keyring

A, B = entry_of("my-fleet", "primary"), entry_of("my-fleet", "backup1")


@pytest.fixture
def google() -> Iterator[Google]:
    with running() as google:
        yield google


@pytest.fixture
def operator_console(
    tmp_path: Path,
    google: Google,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> OperatorConsole:
    keyring = FakeKeyring()
    use_keyring(monkeypatch, keyring)
    monkeypatch.delenv("COLABVPS_PASSPHRASE", raising=False)
    monkeypatch.setenv("COLABVPS_DRIVE_EMULATOR", google.url)
    monkeypatch.setattr("console.setup.google.browser_flow.open_browser", visit_beside)
    return OperatorConsole(tmp_path, google, keyring, capsys)


def test_an_account_signs_in_once_and_is_used_from_then_on(
    operator_console: OperatorConsole, google: Google
) -> None:
    code, out, err = operator_console.login("primary")
    assert code == 0, err
    assert "primary is signed in as a@example.com" in out
    (asked,) = google.asked
    assert asked["login_hint"] == "a@example.com"
    assert (asked["access_type"], asked["code_challenge_method"]) == ("offline", "S256")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", asked["redirect_uri"])
    assert operator_console.kept() == {A, client_entry("my-fleet")}
    found = credentials(load(operator_console.config), "primary")
    assert isinstance(found, StoredCredentials)
    assert found.refresh_token in google.lasting
    assert operator_console.run("login", "backup1", "--yes")[0] == 0, "the client is known by now"
    assert B in operator_console.kept()


def test_no_secret_is_said(operator_console: OperatorConsole) -> None:
    said = "".join(
        map(str, operator_console.login("primary") + operator_console.run("logout", "--yes"))
    )
    assert "secret" not in re.sub("client_secret.json", "", said)


def test_another_account_in_the_browser_is_refused_by_name_and_nothing_is_kept(
    operator_console: OperatorConsole, google: Google
) -> None:
    google.chosen = "b@example.com"
    code, _, err = operator_console.login("primary")
    assert code == 1
    assert "signed in b@example.com" in err
    assert "primary is a@example.com" in err
    assert operator_console.kept() == set()
    assert "/revoke" not in google.requests, "that would end the other account's own sign-ins"


def test_an_address_is_the_same_in_capitals(
    operator_console: OperatorConsole, google: Google
) -> None:
    google.chosen = "A@Example.com"
    assert operator_console.login("primary")[0] == 0
    assert credentials(load(operator_console.config), "primary")


@pytest.mark.parametrize("allowed", ["https://www.googleapis.com/auth/userinfo.email", ""])
def test_a_box_that_wasnt_ticked_is_told(
    operator_console: OperatorConsole, google: Google, allowed: str
) -> None:
    google.allowed = allowed
    code, _, err = operator_console.login("primary")
    assert code == 1
    assert "tick every box" in err
    assert operator_console.kept() == set()


@pytest.mark.parametrize("word", [*CURES, "something_new"])
def test_a_no_of_googles_ends_it_with_its_word(
    operator_console: OperatorConsole, google: Google, word: str
) -> None:
    google.denies = word
    code, _, err = operator_console.login("primary")
    assert code == 1
    assert word in err
    assert operator_console.kept() == set()


def test_a_client_that_was_deleted_is_told(operator_console: OperatorConsole) -> None:
    other = {"installed": {**CLIENT["installed"], "client_secret": "GOCSPX-of-before"}}
    operator_console.client.write_text(json.dumps(other))
    code, _, err = operator_console.login("primary")
    assert code == 1
    assert "OAuth client was deleted" in err
    assert "GOCSPX" not in err


def test_no_lasting_token_is_no_sign_in(operator_console: OperatorConsole, google: Google) -> None:
    google.gives_lasting = False
    code, _, err = operator_console.login("primary")
    assert code == 1
    assert "myaccount.google.com" in err


@pytest.mark.parametrize("path", ["/token", "/drive/v2/about"])
def test_trouble_at_google_keeps_nothing(
    operator_console: OperatorConsole, google: Google, path: str
) -> None:
    google.trouble = {path: 404}
    code, _, err = operator_console.login("primary")
    assert code == 1
    assert "Sorry" not in err
    assert operator_console.kept() == set()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "isn't the JSON file"),
        ("[]", "Desktop app"),
        ('{"installed": {"client_id": "x"}}', "Desktop app"),
        ('{"web": {"client_id": "x", "client_secret": "y"}}', "Web application"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_no_client_is_told(
    operator_console: OperatorConsole, text: str | None, words: str
) -> None:
    operator_console.client.unlink()
    if text is not None:
        operator_console.client.write_text(text)
    code, _, err = operator_console.login("primary")
    assert code == 2
    assert words in err


def test_a_clients_file_cant_send_the_answer_elsewhere(
    operator_console: OperatorConsole, google: Google
) -> None:
    elsewhere = {"auth_uri": "http://127.0.0.1:1/", "token_uri": "http://127.0.0.1:1/"}
    operator_console.client.write_text(
        json.dumps({"installed": {**CLIENT["installed"], **elsewhere}})
    )
    assert operator_console.login("primary")[0] == 0
    assert google.requests[:2] == ["/o/oauth2/v2/auth", "/token"]


def test_without_a_client_or_with_a_wrong_name_nobody_is_sent_anywhere(
    operator_console: OperatorConsole, google: Google
) -> None:
    code, _, err = operator_console.run("login", "primary", "--yes")
    assert (code, "--client" in err) == (1, True)
    code, _, err = operator_console.run("login", "primray", "--yes")
    assert (code, 'did you mean "primary"' in err) == (2, True)
    code, _, err = operator_console.run(
        "login", "primary", "--client", str(operator_console.client)
    )
    assert (code, "pass --yes" in err) == (1, True)
    code, _, err = operator_console.run("--read-only", "login", "primary")
    assert (code, "--read-only" in err) == (1, True)
    operator_console.config.write_text(
        CONFIG.replace("{kind: drive}", "{kind: folder, path: shared}")
    )
    code, _, err = operator_console.login("primary")
    assert (code, "accounts.yaml:2" in err) == (2, True)
    assert google.requests == []


def test_where_nothing_can_be_kept_nobody_is_sent_anywhere(
    operator_console: OperatorConsole, google: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_keyring(monkeypatch, BrokenKeyring())
    code, _, err = operator_console.login("primary")
    assert code == 1
    assert "COLABVPS_PASSPHRASE" in err
    assert google.requests == []


def test_the_operator_may_be_anybody_and_is_used_where_no_account_is_named(
    operator_console: OperatorConsole, google: Google
) -> None:
    google.chosen = "o@example.com"
    operator_console.login("operator")
    assert "select_account" in google.asked[0]["prompt"]
    google.chosen = None
    operator_console.login("primary")
    config = load(operator_console.config)
    assert signin_storage.require_usable(config, None) == (
        "operator",
        signin_storage.load("my-fleet", "operator"),
    )
    signin_storage.delete("my-fleet", "operator")
    assert signin_storage.require_usable(config, None) == (
        "primary",
        signin_storage.load("my-fleet", "primary"),
    )
    signin_storage.delete("my-fleet", "primary")
    assert signin_storage.require_usable(config, None) is None


def test_an_operator_that_holds_sessions_as_well_is_advised(
    operator_console: OperatorConsole, google: Google
) -> None:
    google.chosen = "b@example.com"
    code, _, err = operator_console.login("operator")
    assert code == 0
    assert "backup1's" in err


def test_a_sign_in_of_another_address_than_is_configured_by_now_is_not_used(
    operator_console: OperatorConsole,
) -> None:
    operator_console.login("primary")
    operator_console.config.write_text(CONFIG.replace("a@example.com", "new@example.com"))
    config = load(operator_console.config)
    with pytest.raises(ConfigError, match=r"accounts\.yaml:4.*new@example.com.*a@example\.com"):
        credentials(config, "primary")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 9}', '{"schema": 1, "email": "x"}'])
def test_a_spoilt_entry_is_told_and_replaced(
    operator_console: OperatorConsole, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    operator_console.keyring.kept["colabvps", A] = text
    with pytest.raises(ConfigError, match="sign in again"):
        credentials(load(operator_console.config), "primary")
    assert operator_console.login("primary")[0] == 0
    assert credentials(load(operator_console.config), "primary")


def test_nobody_signed_in_is_told_with_the_command(
    operator_console: OperatorConsole, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    for account, said in (("backup1", "login backup1"), (None, "login operator")):
        with pytest.raises(ConfigError, match=said):
            credentials(load(operator_console.config), account)


def test_pasting_takes_the_whole_address_and_only_the_answer_to_this_question(
    operator_console: OperatorConsole, google: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    pasted: list[str] = []

    def read(self: object, prompt: str) -> str:
        url = next(
            line
            for line in operator_console.capture.readouterr().err.splitlines()
            if "state=" in line
        )
        here = ended_at(url)
        pasted.append(here)
        return here

    monkeypatch.setattr("console.text.output.Output.read", read)
    assert operator_console.login("primary", "--no-browser")[0] == 0
    assert A in operator_console.kept()
    for wrong in ("", "4/code", pasted[0], "http://[", "http://127.0.0.1:53683/?code=x"):
        monkeypatch.setattr("console.text.output.Output.read", lambda *_, wrong=wrong: wrong)
        code, _, err = operator_console.login("backup1", "--no-browser")
        assert code == 1
        assert "nothing was kept" in err
    assert B not in operator_console.kept()


def test_logout_takes_it_back_and_forgets_it(
    operator_console: OperatorConsole, google: Google
) -> None:
    operator_console.login("primary")
    operator_console.login("backup1")
    code, document, err = operator_console.run_json("logout", "primary", "--yes")
    assert code == 0
    assert "on other machines" in err
    assert document["signed_out"] == [
        {"account": "primary", "email": "a@example.com", "revoked": True}
    ]
    assert operator_console.kept() == {B, client_entry("my-fleet")}
    assert list(google.lasting.values()) == ["b@example.com"]
    code, document, _ = operator_console.run_json("logout", "primary", "--yes")
    assert (code, document["signed_out"]) == (0, [])


def test_logout_of_all_forgets_the_client_as_well(
    operator_console: OperatorConsole, google: Google
) -> None:
    operator_console.login("primary")
    google.lasting.clear()
    code, document, _ = operator_console.run_json("logout", "--yes")
    assert code == 0
    assert [one["revoked"] for one in document["signed_out"]] == [False]
    assert document["client_forgotten"]
    assert operator_console.kept() == set()


def test_only_here_leaves_it_valid(operator_console: OperatorConsole, google: Google) -> None:
    operator_console.login("primary")
    assert operator_console.run("logout", "primary", "--only-here", "--yes")[0] == 0
    assert A not in operator_console.kept()
    assert len(google.lasting) == 1


def test_what_cant_be_taken_back_stays(operator_console: OperatorConsole, google: Google) -> None:
    operator_console.login("primary")
    google.trouble = {"/revoke": 503}
    code, _, err = operator_console.run("logout", "primary", "--yes")
    assert code == 1
    assert "--only-here" in err
    assert A in operator_console.kept()


def test_nobody_but_googles_answer_to_this_question_ends_the_waiting() -> None:
    with Loopback() as loopback:
        loopback.state = "ours"
        for path in ("", "favicon.ico", "?code=x", "?state=theirs&code=x", "?state=ours"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(loopback.address + path, timeout=10)  # noqa: S310 - ours
        with pytest.raises(Refused, match="--no-browser"):
            loopback.wait(0.0)
        query = "?state=ours&code=x"
        with urllib.request.urlopen(loopback.address + query, timeout=10) as page:  # noqa: S310 - ours
            assert b"code" not in page.read()
        assert loopback.wait(10.0).endswith(query)
