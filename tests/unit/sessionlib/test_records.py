"""JSON to values and back: bounds, strictness, and the lease record's size."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlib.core.messages import History, MoveKind, Order, OrderAction, Report
from sessionlib.core.values import Lease, LeaseState, Plan, PlanPhase, Pointer, Readiness, Role
from sessionlib.errors import RecordUnreadable
from sessionlib.records import (
    MAX_DEPTH,
    MAX_LEASE_BYTES,
    MAX_NUMBER,
    MAX_RECORD_BYTES,
    decode,
    encode,
)
from tests.unit.core.views import FREE, ME, held_by

LONGEST = Lease(
    epoch=10**7,
    holder="a" * 32,
    session="5" * 8,
    incarnation="6" * 8,
    renewal=10**8,
    nonce="7" * 16,
    ttl_s=86_399.123,
    state=LeaseState.OFFERED,
    successor="b" * 32,
    checkpoint=Pointer(10**7, 10**7, "c" * 50, 10**13),
    plan=Plan(
        "d" * 16,
        "b" * 32,
        PlanPhase.QUIESCING,
        f"ordered by {'e' * 64}",
        12345.678,
        43_210.123,
        True,
    ),
    done=("f" * 16,) * 4,
    paused=False,
)
ORDER = Order("1" * 16, "fleet", OrderAction.HANDOVER, None, 3, "inc", 7, "op", None, "00")
HISTORY = History(3, MoveKind.TAKEOVER, None, "b", 1.8e9, None, "the holder stopped renewing")
REPORT = Report(
    "a", "s", "i", 3, 1.8e9, Role.MAIN_WORKER, 1, "primary", "Fresh", 10.5, 20.0, 3,
    Readiness.READY, tasks=("one",),
)  # fmt: skip


def test_the_longest_lease_stays_below_a_thousand_bytes() -> None:
    assert len(encode(LONGEST)) < MAX_LEASE_BYTES


@pytest.mark.parametrize("value", [FREE, LONGEST, held_by(ME), ORDER, HISTORY, REPORT])
def test_a_value_comes_back_as_it_went(value: Any) -> None:
    assert decode(type(value), encode(value)) == value


def test_the_json_says_from_and_names_its_schema() -> None:
    body = json.loads(encode(HISTORY))
    assert body["from"] is None
    assert body["schema"] == "history/1"
    assert next(iter(json.loads(encode(FREE)))) == "schema"


def _changed(**changes: object) -> bytes:
    return json.dumps({**json.loads(encode(held_by(ME))), **changes}).encode()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (encode(LONGEST)[:-1], "torn"),
        (b"\x00\xff\xfe" * 30, "not JSON"),
        (b"[]", "not an object"),
        (b"null", "not an object"),
        (b'{"action": "start_session"}', "schema"),
        (_changed(schema="lease/2"), "newer"),
        (_changed(epoch="3"), "epoch"),
        (_changed(epoch=3.5), "epoch"),
        (_changed(epoch=-1), "epoch"),
        (_changed(epoch=True), "epoch"),
        (_changed(ttl_s=0), "ttl_s"),
        (_changed(ttl_s=1e12), "ttl_s"),
        (_changed(state="taken"), "state"),
        (_changed(state="free"), "free"),
        (_changed(successor="b"), "successor"),
        (_changed(done="abc"), "done"),
        (_changed(plan=[]), "plan"),
        (encode(held_by(ME)).replace(b"60.0", b"NaN"), "not JSON"),
        (encode(held_by(ME)).replace(b"60.0", b"Infinity"), "not JSON"),
        (encode(held_by(ME)).replace(b"60.0", b"1e999"), "1e999 is more than"),
        (encode(held_by(ME)).replace(b"60.0", b"-1e999"), "1e999 is more than"),
        (_changed(ttl_s=10**400), "401 digits"),
        (_changed(epoch=MAX_NUMBER + 1), "19 digits"),
        (_changed(foreign={"a": [-MAX_NUMBER - 1]}), "20 digits"),
        (b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", "deeper"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "not JSON"),
        (b" " * (MAX_RECORD_BYTES + 1), "bytes, more than"),
    ],
)
def test_what_no_writer_of_ours_makes_is_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(RecordUnreadable, match=why):
        decode(Lease, data)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_typed_error(data: bytes) -> None:
    for kind in (Lease, Report, History, Order):
        assert _outcome(kind, data)


def _outcome(kind: Any, data: bytes) -> object:
    """The value, or the reason against it; any other exception is a failure."""
    try:
        return decode(kind, data)
    except RecordUnreadable as error:
        return str(error)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=20,
    )
)
def test_any_json_under_our_schema_is_a_value_or_a_typed_error(body: object) -> None:
    data = json.dumps(
        {"schema": "lease/1", "epoch": body, **({} if not isinstance(body, dict) else body)}
    )
    assert _outcome(Lease, data.encode())


def test_depth_is_counted_and_not_guessed() -> None:
    inside = {"schema": "lease/1", "x": json.loads("[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))}
    with pytest.raises(RecordUnreadable) as caught:
        decode(Lease, json.dumps(inside).encode())
    assert "deeper" not in str(caught.value)
