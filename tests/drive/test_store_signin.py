"""Goal: a token is renewed before it runs out, in nobody's way, and once. Method: credentials
whose refreshing the test holds back, and a clock that it sets."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import google.auth.exceptions
import pytest
from googleapiclient.http import _StreamSlice

from sessionlib.core.values import Instant
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.request_signing import (
    SOON_S,
    SPENT_S,
    AuthorizedHttp,
    PlainTransport,
    Tokens,
)
from sessionlib.stores.drive.responses import NoResponse, NotSent, SignInEnded
from sessionlib.stores.drive.transport import OnceHttp

START = 1_700_000_000.0


@dataclass
class Wall:
    wall: float = START

    def now(self) -> Instant:
        return Instant(0.0, 0.0, self.wall)


@dataclass
class Held:
    """Credentials that give a new token when they are let."""

    clock: Wall
    token: str | None = "t0"  # noqa: S105 - opens nothing
    expiry: datetime | None = None
    may: threading.Event = field(default_factory=threading.Event)
    began: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    refreshes: int = 0
    fails: Exception | None = None
    kept_as: str | None = None
    since_s: float | None = None

    def refresh(self, request: Any) -> None:
        self.began.set()
        assert self.may.wait(10)
        self.refreshes += 1
        if self.fails is not None:
            raise self.fails
        self.token = f"t{self.refreshes}"
        self.lasts(3600)
        self.done.set()

    def apply(self, headers: dict[str, str]) -> None:
        headers["authorization"] = f"Bearer {self.token}"

    def lasts(self, seconds: float) -> None:
        self.expiry = datetime.fromtimestamp(self.clock.wall + seconds, UTC).replace(tzinfo=None)


def signed_by(tokens: Tokens) -> str:
    headers: dict[str, str] = {}
    tokens.sign(headers)
    return headers["authorization"].removeprefix("Bearer ")


@pytest.fixture
def held() -> Held:
    return Held(Wall())


@pytest.fixture
def tokens(held: Held) -> Tokens:
    return Tokens(held, held.clock, lambda: PlainTransport(OnceHttp(lambda: 5.0), None))


def test_a_token_about_to_run_out_is_used_on_while_it_is_renewed(
    held: Held, tokens: Tokens
) -> None:
    held.lasts(SOON_S - 1)
    assert signed_by(tokens) == "t0"
    assert held.began.wait(10)
    assert signed_by(tokens) == "t0"
    held.may.set()
    assert held.done.wait(10)
    assert signed_by(tokens) == "t1"
    assert held.refreshes == 1


def test_one_that_has_run_out_is_waited_for(held: Held, tokens: Tokens) -> None:
    held.lasts(SPENT_S - 1)
    held.may.set()
    assert signed_by(tokens) == "t1"
    held.token = None
    assert signed_by(tokens) == "t2"


def test_a_fresh_one_is_left_alone(held: Held, tokens: Tokens) -> None:
    held.lasts(SOON_S + 1)
    assert signed_by(tokens) == "t0"
    held.expiry = None
    assert signed_by(tokens) == "t0"
    assert not held.began.is_set()


def test_two_threads_that_were_turned_away_renew_once(held: Held, tokens: Tokens) -> None:
    held.lasts(3600)
    held.may.set()
    tokens.renew("t0")
    tokens.renew("t0")
    assert (held.token, held.refreshes) == ("t1", 1)


GOOGLES: Any = google.auth.exceptions  # which has no types
REVOKED = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (GOOGLES.RefreshError("invalid_grant: Bad Request", REVOKED), "login"),
        (GOOGLES.RefreshError("<html>\n" * 99), "can't be reached"),
        (
            GOOGLES.RefreshError("x", {"error": "internal_failure"}, retryable=True),
            "can't be reached",
        ),
        (GOOGLES.TransportError("no route"), "can't be reached"),
        (NoResponse("the connection broke"), "can't be reached"),
    ],
)
def test_what_cant_be_renewed_was_not_sent_and_only_googles_word_ends_a_sign_in(
    held: Held, tokens: Tokens, error: Exception, words: str
) -> None:
    held.fails = error
    held.token = None
    held.may.set()
    with pytest.raises(NotSent, match=words) as raised:
        signed_by(tokens)
    assert "\n" not in str(raised.value)
    assert isinstance(raised.value, SignInEnded) is (words == "login")


def test_a_request_whose_sign_in_has_ended_is_not_tried_again(held: Held) -> None:
    held.fails = GOOGLES.RefreshError("invalid_grant: Bad Request", REVOKED)
    held.token = None
    held.may.set()
    client = DriveClient(held, held.clock, "http://127.0.0.1:9")
    with client.time_limit(60.0), pytest.raises(SignInEnded):
        client.with_retries(lambda: client.get("id"))
    assert held.refreshes == 1


@pytest.mark.parametrize(
    ("days", "is_explained"), [(0.5, False), (5, False), (7.02, True), (40, False)]
)
def test_a_sign_in_that_ended_says_how_old_it_was_and_what_seven_days_mean(
    held: Held, tokens: Tokens, days: float, is_explained: bool
) -> None:
    held.kept_as, held.since_s = "backup1", START - days * 86_400
    held.fails = GOOGLES.RefreshError("invalid_grant", REVOKED)
    held.token = None
    held.may.set()
    with pytest.raises(NotSent, match="`colabvps-console login backup1`") as raised:
        signed_by(tokens)
    assert ("12 h ago" if days < 1 else f"{days:.0f} days ago") in str(raised.value)
    assert ("in testing" in str(raised.value)) is is_explained


class Answers:
    """Stands for the transport: 401 to every token but one."""

    def __init__(self, good: str) -> None:
        self.good = good
        self.sent: list[tuple[str, Any]] = []

    def request(self, uri: str, method: str, *, body: Any, headers: dict[str, str]) -> Any:
        token = headers["authorization"].removeprefix("Bearer ")
        self.sent.append((token, body))
        response = type("Response", (dict,), {"status": 200 if token == self.good else 401})()
        return response, b""


def test_a_request_turned_away_is_sent_again_with_a_new_token_and_no_third_time(
    held: Held, tokens: Tokens
) -> None:
    held.lasts(3600)
    held.may.set()
    for good, status, tokens_sent in (("t1", 200, ["t0", "t1"]), ("none", 401, ["t1", "t2"])):
        once = Answers(good)
        signed = AuthorizedHttp(once, tokens, None, lambda: lambda _: None)  # type: ignore[arg-type]  # a stand-in
        response, _ = signed.request("https://www.googleapis.com/x", "PUT", body=b"b")
        assert response.status == status
        assert once.sent == [(token, b"b") for token in tokens_sent]


def test_a_piece_of_an_upload_that_was_turned_away_is_sent_again_whole(
    held: Held, tokens: Tokens
) -> None:
    held.lasts(3600)
    held.may.set()
    once = Answers("t1")
    signed = AuthorizedHttp(once, tokens, None, lambda: lambda _: None)  # type: ignore[arg-type]  # a stand-in
    piece = _StreamSlice(BytesIO(b"0123456789"), 2, 4)  # what googleapiclient hands over
    signed.request("https://www.googleapis.com/upload/x", "PUT", body=piece)
    assert once.sent == [("t0", b"2345"), ("t1", b"2345")]
