"""Goal: no answer is taken for proof of what it doesn't prove. Method: every kind, as values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlib.errors import Unknown, Unreachable
from sessionlib.stores.drive import backoff
from sessionlib.stores.drive.responses import (
    DriveResponse,
    NoResponse,
    NotSent,
    RequestRefused,
    read_error,
    reason_of,
    retry_after_s,
    write_error,
)


def error(reason: str) -> bytes:
    return json.dumps({"error": {"code": 403, "errors": [{"reason": reason}]}}).encode()


@pytest.mark.parametrize(
    ("answer", "is_passing", "verdict"),
    [
        (DriveResponse(400, "invalid"), False, Unreachable),
        (DriveResponse(401, "authError"), False, Unreachable),
        (DriveResponse(403, "insufficientFilePermissions"), False, Unreachable),
        (DriveResponse(403, "storageQuotaExceeded"), False, Unreachable),
        (DriveResponse(404, "notFound"), False, Unreachable),
        (DriveResponse(403, "userRateLimitExceeded"), True, Unknown),
        (DriveResponse(403, "rateLimitExceeded"), True, Unknown),
        (DriveResponse(408), True, Unknown),
        (DriveResponse(429), True, Unknown),
        (DriveResponse(500, "backendError"), True, Unknown),
        (DriveResponse(502), True, Unknown),
        (DriveResponse(503), True, Unknown),
    ],
)
def test_a_write_counts_as_not_done_only_where_the_request_itself_was_at_fault(
    answer: DriveResponse, is_passing: bool, verdict: type[Exception]
) -> None:
    assert answer.is_passing is is_passing
    assert type(write_error(RequestRefused(answer), "k")) is verdict
    assert type(read_error(RequestRefused(answer), "k")) is Unreachable


def test_what_never_left_did_nothing_and_what_was_lost_may_have() -> None:
    assert type(write_error(NotSent("x"), "k")) is Unreachable
    assert type(write_error(NoResponse("x"), "k")) is Unknown
    assert type(read_error(NoResponse("x"), "k")) is Unreachable


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (error("rateLimitExceeded"), "rateLimitExceeded"),
        (b"", ""),
        (b"<html>502</html>", ""),
        (b'{"error": {"errors": []}}', ""),
        (b'{"error": {"errors": [{"reason": 5}]}}', ""),
        (b'{"error": "text"}', ""),
        (b"[" * 100_000, ""),
        (b"\xff", ""),
    ],
)
def test_a_reason_is_read_from_any_body(content: bytes, reason: str) -> None:
    assert reason_of(content) == reason


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), ("0", 0.0), (None, None), ("Wed, 21 Oct 2015 07:28:00 GMT", None), ("-1", None)],
)
def test_retry_after_is_read_where_it_is_a_number(text: str | None, seconds: float | None) -> None:
    assert retry_after_s(text) == seconds


def test_each_sentence_says_what_to_do() -> None:
    assert "tick every box" in str(RequestRefused(DriveResponse(403, "insufficientPermissions")))
    assert "free some space" in str(RequestRefused(DriveResponse(403, "storageQuotaExceeded")))
    assert "share the folder" in str(
        RequestRefused(DriveResponse(403, "insufficientFilePermissions"))
    )
    assert "colabvps-console login" in str(RequestRefused(DriveResponse(401)))
    assert "tried again" in str(RequestRefused(DriveResponse(503)))


@given(tries=st.integers(1, 200), chance=st.floats(0, 1, exclude_max=True))
def test_waits_grow_up_to_a_bound_and_spread(tries: int, chance: float) -> None:
    wait_s = backoff.delay_s(tries, chance)
    full_s = min(backoff.MAX_S, 2.0 ** min(tries - 1, 10))
    assert full_s / 2 <= wait_s <= full_s
    assert backoff.delay_s(tries, chance, 1_000.0) == 1_000.0


@given(tries=st.integers(1, 20), wait_s=st.floats(0, 100), left_s=st.floats(-10, 100))
def test_no_wait_outlasts_the_callers_time(tries: int, wait_s: float, left_s: float) -> None:
    if backoff.is_worthwhile(tries, wait_s, left_s):
        assert wait_s < left_s
        assert tries < backoff.MAX_TRIES
