"""Goal: an order with any field changed, or signed by anybody else, is not believed."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from sessionlib.core.messages import Order, OrderAction, When
from sessionlib.errors import SignatureInvalid
from sessionlib.records import decode, encode
from sessionlib.signing import new_seed, public_of, sign, verify
from tests.order_bytes import signed_bytes

SEED = "01" * 32
ORDER = Order("o1", "my-fleet", OrderAction.HANDOVER, "backup1", 4, "inc", 17, "me@here", None)
CHANGED: dict[str, Any] = {
    "id": "o2",
    "fleet": "other",
    "action": OrderAction.STOP,
    "account": None,
    "epoch": 5,
    "incarnation": None,
    "renewal": 18,
    "by": "you@there",
    "target": "inc",
    "plan": "p1",
    "when": When.LATER,
    "after_s": 60.0,
    "stopped": "primary",
    "evidence": "typed by the operator",
}


def test_a_signed_order_is_believed_also_after_a_trip_through_the_store() -> None:
    order = sign(ORDER, SEED)
    verify(order, public_of(SEED))
    verify(decode(Order, encode(order)), public_of(SEED))
    assert replace(order, signature="") == ORDER


@pytest.mark.parametrize("field", [field.name for field in fields(Order)])
def test_every_field_is_covered(field: str) -> None:
    order = sign(ORDER, SEED)
    changed: Any = "00" * 64 if field == "signature" else CHANGED[field]
    change: dict[str, Any] = {field: changed}
    with pytest.raises(SignatureInvalid, match="isn't signed by this fleet's key"):
        verify(replace(order, **change), public_of(SEED))


@pytest.mark.parametrize("signature", ["", "zz", "00", "é" * 128])
def test_what_is_no_signature_is_refused_like_a_wrong_one(signature: str) -> None:
    with pytest.raises(SignatureInvalid):
        verify(replace(ORDER, signature=signature), public_of(SEED))


def test_another_key_is_refused_and_a_public_key_that_is_none_too() -> None:
    for public in (public_of(new_seed()), "", "zz", "00" * 31):
        with pytest.raises(SignatureInvalid):
            verify(sign(ORDER, SEED), public)


def test_the_signed_bytes_stay_as_they_are() -> None:
    # Another version's agents have to come to the same bytes.
    assert signed_bytes(ORDER) == (
        b'colabvps order/1\n{"account":"backup1","action":"handover","after_s":null,'
        b'"by":"me@here","epoch":4,"evidence":null,"fleet":"my-fleet","id":"o1",'
        b'"incarnation":"inc","plan":null,"renewal":17,"stopped":null,"target":null,"when":"now"}'
    )


@pytest.mark.parametrize("seed", ["", "abc", "zz" * 32, "01" * 31, "01" * 32 + "\n"])
def test_a_bad_seed_is_not_repeated(seed: str) -> None:
    for call in (lambda: sign(ORDER, seed), lambda: public_of(seed)):
        with pytest.raises(ValueError, match="a fleet key is 64 hex digits") as caught:
            call()
        assert not seed or seed not in str(caught.value)


def test_seeds_are_new_each_time() -> None:
    assert len({new_seed() for _ in range(8)}) == 8
    assert len(bytes.fromhex(new_seed())) == 32
