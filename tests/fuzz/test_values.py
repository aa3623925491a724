"""Goal: what one of ours writes, another of ours reads, and reads the same.

Method: values of every shape that the types allow, not only such as an agent makes.
"""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sessionlib.bundles.records import CODE_RECORDS, PublishedCode
from sessionlib.core.messages import History, Order, Report
from sessionlib.core.values import MAX_EPOCH, Lease, LeaseState, Plan, Pointer
from sessionlib.errors import RecordUnreadable, SignatureInvalid
from sessionlib.guard import wire
from sessionlib.records import MAX_DEPTH, decode, encode
from sessionlib.signed.fleet_config import CONFIG_RECORDS, PublishedConfig
from sessionlib.signed.key_succession import SUCCESSION_RECORDS, KeySuccession
from sessionlib.signed.records import RecordKind
from sessionlib.signing import public_of, sign, verify
from tests.fuzz.values import TEXT, WHOLE, any_of
from tests.order_bytes import signed_bytes

SEED = "5e" * 32
PUBLIC = public_of(SEED)
ORDERS = any_of(Order)
_NATURAL = WHOLE.map(abs)


@st.composite
def leases(draw: st.DrawFn) -> Lease:
    state = draw(st.sampled_from(list(LeaseState)))
    return Lease(
        epoch=draw(st.integers(0, MAX_EPOCH)),
        holder=None if state is LeaseState.FREE else draw(TEXT),
        session=draw(st.none() | TEXT),
        incarnation=draw(st.none() | TEXT),
        renewal=draw(_NATURAL),
        nonce=draw(TEXT),
        ttl_s=draw(st.floats(0, 86_400, exclude_min=True, exclude_max=True)),
        state=state,
        successor=draw(TEXT) if state is LeaseState.OFFERED else None,
        checkpoint=draw(st.none() | any_of(Pointer)),
        plan=draw(st.none() | any_of(Plan)),
        done=tuple(draw(st.lists(TEXT, max_size=3))),
        paused=draw(st.booleans()),
    )


@given(leases() | any_of(Report) | any_of(History) | ORDERS)
@settings(max_examples=150, deadline=None)
def test_a_record_comes_back_as_it_went(value: Any) -> None:
    assert decode(type(value), encode(value)) == value


@given(leases() | any_of(Report) | any_of(History) | ORDERS, st.data())
@settings(max_examples=100, deadline=None)
def test_a_torn_record_is_none(value: Any, data: st.DataObject) -> None:
    whole = encode(value)
    with pytest.raises(RecordUnreadable):
        decode(type(value), whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(ORDERS, ORDERS)
@settings(deadline=None)
def test_two_orders_never_have_their_signed_bytes_in_common(one: Order, other: Order) -> None:
    assume(replace(one, signature="") != replace(other, signature=""))
    assert signed_bytes(one) != signed_bytes(other)


@given(ORDERS, st.data())
@settings(max_examples=150, deadline=None)
def test_an_order_with_one_field_changed_is_another(order: Order, data: st.DataObject) -> None:
    """Texts that end where others begin, a number as text, nothing and the empty text."""
    name = data.draw(
        st.sampled_from([one.name for one in fields(Order) if one.name != "signature"])
    )
    other = replace(order, **{name: getattr(data.draw(ORDERS), name)})
    assume(getattr(order, name) != getattr(other, name))
    assert signed_bytes(order) != signed_bytes(other)
    signed = sign(order, SEED)
    verify(decode(Order, encode(signed)), PUBLIC)
    with pytest.raises(SignatureInvalid):
        verify(replace(other, signature=signed.signature), PUBLIC)


def _depth(value: Any) -> int:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, below), default=0) if isinstance(value, dict | list) else 0


@pytest.mark.parametrize(
    ("kind", "fields_of"),
    [
        (CODE_RECORDS, PublishedCode),
        (CONFIG_RECORDS, PublishedConfig),
        (SUCCESSION_RECORDS, KeySuccession),
    ],
    ids=["code", "settings", "succession"],
)
@given(st.data())
@settings(max_examples=40, deadline=None)
def test_what_is_signed_is_believed_after_a_trip_through_the_store(
    kind: RecordKind[Any], fields_of: type, data: st.DataObject
) -> None:
    value = data.draw(any_of(fields_of))
    assume(_depth(asdict(value)) <= MAX_DEPTH)
    back = kind.decode(kind.encode(kind.sign(value, SEED)))
    assert replace(back, signature="") == replace(value, signature="")
    kind.verify(back, PUBLIC)
    with pytest.raises(SignatureInvalid):
        kind.verify(replace(back, fleet=f"{back.fleet}x"), PUBLIC)


@given(st.one_of(*map(any_of, (*wire.Command.__args__, *wire.GuardEvent.__args__))))
@settings(max_examples=150, deadline=None)
def test_a_message_comes_back_as_it_went(message: wire.GuardMessage) -> None:
    assert wire.decode(wire.encode(message).rstrip(b"\n")) == message
