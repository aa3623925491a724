"""Goal: the sign-in answers as Google's does, to what is right and to each mistake. Method:
requests by hand, as a browser and a client make them."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from console.emulators.drive import Emulator, running_emulator
from console.emulators.drive.oauth.pages import DENY, UNTICK
from sessionlib.stores.drive.opening import SCOPE
from tests.drive.emulator.kit import BACKUP, MAIN

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()
REDIRECT = "http://127.0.0.1:8123/"
CLIENT = {"client_id": "mine", "client_secret": "s"}
CONSENT = {
    "client_id": "mine",
    "redirect_uri": REDIRECT,
    "response_type": "code",
    "scope": SCOPE,
    "state": "abc",
    "code_challenge": CHALLENGE.rstrip("="),
    "code_challenge_method": "S256",
    "login_hint": BACKUP,
}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with running_emulator(accounts=[MAIN, BACKUP]) as made:
        yield made


def send(
    emulator: Emulator, verb: str, path: str, body: str = "", token: str = ""
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(urlsplit(emulator.url).netloc)
    connection.request(verb, path, body, {"Authorization": f"Bearer {token}"} if token else {})
    answer = connection.getresponse()
    found = answer.status, answer.headers, answer.read()
    connection.close()
    return found


def consent(emulator: Emulator, **changes: str) -> dict[str, str]:
    """What the browser brings back; the status where it brings nothing back."""
    asked = {k: v for k, v in {**CONSENT, **changes}.items() if v}
    status, headers, _ = send(emulator, "GET", f"/o/oauth2/v2/auth?{urlencode(asked)}")
    if status != 302:
        return {"status": str(status)}
    assert headers["location"].startswith(REDIRECT)
    return dict(parse_qsl(urlsplit(headers["location"]).query))


def token(emulator: Emulator, **form: str) -> tuple[int, dict[str, Any]]:
    body = urlencode({k: v for k, v in {**CLIENT, **form}.items() if v})
    status, _, text = send(emulator, "POST", "/token", body)
    return status, json.loads(text)


def exchange(emulator: Emulator, code: str, /, **form: str) -> tuple[int, dict[str, Any]]:
    kind = {"grant_type": "authorization_code", "redirect_uri": REDIRECT}
    return token(emulator, **{**kind, "code": code, "code_verifier": VERIFIER, **form})


def who(emulator: Emulator, access: str) -> tuple[int, dict[str, Any]]:
    status, _, text = send(emulator, "GET", "/drive/v2/about", token=access)
    return status, json.loads(text)


def test_from_the_browser_to_whose_drive_it_is(emulator: Emulator) -> None:
    back = consent(emulator)
    assert back["state"] == "abc"
    status, tokens = exchange(emulator, back["code"])
    assert (status, tokens["token_type"], tokens["scope"]) == (200, "Bearer", SCOPE)
    assert who(emulator, tokens["access_token"])[1]["user"]["emailAddress"] == BACKUP
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    status, again = token(emulator, **refresh)
    assert status == 200
    assert "refresh_token" not in again
    assert who(emulator, again["access_token"])[0] == 200


def test_without_a_hint_it_is_the_first_account(emulator: Emulator) -> None:
    _, tokens = exchange(emulator, consent(emulator, login_hint="")["code"])
    assert who(emulator, tokens["access_token"])[1]["user"]["emailAddress"] == MAIN


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "w" * 64}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:9/"}, "redirect_uri_mismatch"),
        ({"client_id": "another"}, "unauthorized_client"),
        ({"client_secret": ""}, "invalid_request"),
        ({"code": "made-up"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_code_serves_only_who_asked_for_it(
    emulator: Emulator, changes: dict[str, str], error: str
) -> None:
    status, body = exchange(emulator, consent(emulator)["code"], **changes)
    assert (status >= 400, body["error"]) == (True, error)


def test_a_code_serves_once(emulator: Emulator) -> None:
    code = consent(emulator)["code"]
    assert exchange(emulator, code)[0] == 200
    assert exchange(emulator, code)[1]["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": ""},
        {"response_type": "token"},
        {"redirect_uri": "http://example.com/"},
        {"redirect_uri": "urn:ietf:wg:oauth:2.0:oob"},
        {"scope": ""},
        {"login_hint": "nobody@example.com"},
    ],
)
def test_a_page_that_makes_no_sense_leads_nowhere(
    emulator: Emulator, changes: dict[str, str]
) -> None:
    assert consent(emulator, **changes) == {"status": "400"}


def test_whoever_says_no_or_leaves_the_box_empty(emulator: Emulator) -> None:
    assert consent(emulator, deny=DENY)["error"] == "access_denied"
    emulator.pages.answers[BACKUP] = UNTICK
    _, tokens = exchange(emulator, consent(emulator, scope=f"openid {SCOPE}")["code"])
    assert tokens["scope"] == "openid"
    status, body = who(emulator, tokens["access_token"])
    assert (status, body["error"]["errors"][0]["reason"]) == (403, "insufficientPermissions")
    emulator.pages.answers[BACKUP] = MAIN
    _, tokens = exchange(emulator, consent(emulator)["code"])
    assert who(emulator, tokens["access_token"])[1]["user"]["emailAddress"] == MAIN


def test_what_is_withdrawn_counts_no_more(emulator: Emulator) -> None:
    _, tokens = exchange(emulator, consent(emulator)["code"])
    form = urlencode({"token": tokens["refresh_token"]})
    assert send(emulator, "POST", "/revoke", form)[0] == 200
    assert who(emulator, tokens["access_token"])[0] == 401
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert token(emulator, **refresh)[1]["error"] == "invalid_grant"
    assert send(emulator, "POST", "/revoke", form)[0] == 400


def test_a_token_runs_out(emulator: Emulator) -> None:
    emulator.grants.lifetime_s = -1.0
    _, tokens = exchange(emulator, consent(emulator)["code"])
    assert who(emulator, tokens["access_token"])[0] == 401
