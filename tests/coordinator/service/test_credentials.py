"""Who may do what.

Goal: every endpoint lets in just whom it should, whatever else comes along. Method: one table
of what each kind of credential is answered at each endpoint, over a real socket, and the
service's own list of paths to hold the table against.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from coordinator.access.policy import ACCESS_BY_ROUTE
from coordinator.admin import revoke_tokens
from tests.coordinator.service.kit import Served, beat, phase, registration, serving

FAST = ("--token-rate", "100000", "--address-rate", "100000")
BODIES: dict[str, dict[str, Any]] = {
    "/api/worker/register": registration("primary", 1),
    "/api/worker/heartbeat": beat("primary", 1, "active"),
    "/api/handover": phase("primary", 1, "warming"),
}
# What the account itself, another account and the operator are answered; anybody else's
# answer follows from whether it is public.
TABLE = {
    "/": (200, 200, 200),
    "/page/now": (200, 200, 200),
    "/page/style.css": (200, 200, 200),
    "/page/page.js": (200, 200, 200),
    "/page/icon.svg": (200, 200, 200),
    "/healthz": (200, 200, 200),
    "/readyz": (200, 200, 200),
    "/api/worker/register": (200, 403, 403),
    "/api/worker/heartbeat": (200, 403, 403),
    "/api/handover": (200, 403, 403),
    "/api/sessions/status": (200, 200, 200),
    "/api/primary": (200, 200, 200),
    "/go/{path}": (307, 307, 307),
    "/api/events": (200, 200, 200),
    "/metrics": (403, 403, 200),
    "/openapi.json": (200, 200, 200),
    "/not/there": (404, 404, 404),
}
OPEN = {
    "/",
    "/page/now",
    "/page/style.css",
    "/page/page.js",
    "/page/icon.svg",
    "/healthz",
    "/readyz",
}
OPEN_BY_SETTING = {"/api/primary", "/go/{path}", "/metrics"}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("closed") / "coordinator.db", *FAST) as served:
        served.post("primary", "/api/worker/register", BODIES["/api/worker/register"])
        revoked = bearer(served, "gone")
        revoke_tokens(str(served.db), "gone")
        while ask(served, "/api/primary", revoked) != 401:
            """A running service follows within a second; the test's time-out is the bound."""
        yield served


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    options = (*FAST, "--public-primary", "--public-metrics")
    with serving(tmp_path_factory.mktemp("opened") / "coordinator.db", *options) as served:
        served.post("primary", "/api/worker/register", BODIES["/api/worker/register"])
        yield served


def ask(served: Served, path: str, headers: dict[str, str], query: str = "") -> int:
    method = "POST" if path in BODIES else "GET"
    url = served.url + path.replace("{path}", "a/b") + query
    with (
        httpx.Client(timeout=30) as client,
        client.stream(method, url, headers=headers, json=BODIES.get(path)) as answer,
    ):
        return answer.status_code


def wrong_credentials(served: Served) -> dict[str, tuple[dict[str, str], str]]:
    """Headers and a query for everything that isn't a valid token."""
    good = served.token("primary")
    headers = {
        "none": {},
        "no scheme": {"authorization": good},
        "another scheme": {"authorization": f"Basic {good}"},
        "no token": {"authorization": "Bearer"},
        "never made": {"authorization": "Bearer " + "x" * 43},
        "cut short": {"authorization": f"Bearer {good[:-1]}"},
        "with more": {"authorization": f"Bearer {good}x"},
        "other letters": {"authorization": f"Bearer {good.swapcase()}"},
        "its hash": {"authorization": f"Bearer {hashlib.sha256(good.encode()).hexdigest()}"},
        "far too long": {"authorization": "Bearer " + "x" * 4_000},
        "revoked": {"authorization": f"Bearer {served.tokens['gone']}"},
        "in a cookie": {"cookie": f"token={good}"},
    }
    return {name: (found, "") for name, found in headers.items()} | {
        "in the query": ({}, f"?token={good}&access_token={good}")
    }


def bearer(served: Served, account: str | None) -> dict[str, str]:
    return {"authorization": f"bearer {served.token(account)}"}


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(ACCESS_BY_ROUTE) | {"/not/there"}


@pytest.mark.parametrize("path", TABLE)
def test_a_wrong_or_missing_credential(closed: Served, path: str) -> None:
    wanted = TABLE[path][0] if path in OPEN else 401
    asked = wrong_credentials(closed)
    answers = {name: ask(closed, path, *credential) for name, credential in asked.items()}
    assert answers == dict.fromkeys(answers, wanted)


@pytest.mark.parametrize("path", TABLE)
def test_a_valid_token(closed: Served, path: str) -> None:
    whose = ("primary", "backup1", None)
    assert tuple(ask(closed, path, bearer(closed, one)) for one in whose) == TABLE[path]


@pytest.mark.parametrize("path", TABLE)
def test_what_is_public_by_setting(opened: Served, path: str) -> None:
    is_open = path in OPEN | OPEN_BY_SETTING
    wanted = TABLE[path][2] if is_open else 401
    assert ask(opened, path, {}) == wanted
    assert ask(opened, path, {"authorization": "Bearer " + "x" * 43}) == wanted


@pytest.mark.parametrize("path", BODIES)
def test_an_account_speaks_for_itself_alone(closed: Served, path: str) -> None:
    other = {**BODIES[path], "account": "backup1"}
    answer = closed.post("primary", path, other)
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")


def test_a_move_is_told_of_by_the_one_who_is_to_give_up(closed: Served) -> None:
    told = {**phase("primary", 1, "warming"), "from": "backup1"}
    assert closed.post("primary", "/api/handover", told).status_code == 403


def test_a_refusal_says_how_to_ask(closed: Served) -> None:
    answer = httpx.get(f"{closed.url}/api/primary")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["error"] == "unauthorized"


def test_no_token_is_written_anywhere(closed: Served) -> None:
    tokens = [closed.token(account) for account in ("primary", "backup1", None)]
    for token in tokens:
        ask(closed, "/api/primary", {"authorization": f"Bearer {token}"}, f"?token={token}")
        ask(closed, "/metrics", {"authorization": f"Bearer {token}x"})
        closed.post("primary", "/api/worker/heartbeat", {"worker_id": token, "epoch": token})
    files = [*closed.db.parent.iterdir()]
    assert {closed.db, closed.log} <= set(files)
    for file in files:
        text = file.read_bytes()
        assert not [token for token in tokens if token.encode() in text], file
