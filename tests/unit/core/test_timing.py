"""The lease's durations: which sets are refused, and what a scale makes of one."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlib.core.timing import DRIFT, Timing
from sessionlib.errors import UnsafeTiming


def test_the_defaults_are_the_designs() -> None:
    plain = Timing()
    assert (plain.ttl_s, plain.renew_s, plain.timeout_s, plain.margin_s) == (60, 15, 8, 5)
    assert (plain.poll_s, plain.rank_step_s, plain.poll_fast_s) == (5, 5, 1)


@pytest.mark.parametrize(
    "changes",
    [{"ttl_s": 36.0}, {"renew_s": 39.0}, {"timeout_s": 20.0}, {"margin_s": 29.0}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_set_that_breaks_the_inequality_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(UnsafeTiming, match=r"renew \+ 2 x timeout \+ margin"):
        Timing(**changes)


def test_the_bound_itself_is_allowed() -> None:
    Timing(ttl_s=36 / (1 - DRIFT))


@pytest.mark.parametrize("name", [field.name for field in fields(Timing)])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_no_duration_may_be_nothing(name: str, value: float) -> None:
    with pytest.raises(UnsafeTiming, match=name.removesuffix("_s")):
        Timing(**{name: value})


def test_a_lease_is_scaled_by_twenty_at_most() -> None:
    assert Timing().scaled(10).ttl_s == 6
    assert Timing().scaled(180) == Timing().scaled(20)
    for bad in (0, -3, float("nan")):
        with pytest.raises(UnsafeTiming, match="scale"):
            Timing().scaled(bad)


@given(
    renew=st.floats(0.1, 100),
    timeout=st.floats(0.1, 100),
    margin=st.floats(0.1, 100),
    slack=st.floats(1, 5),
    holder_rate=st.floats(1 - DRIFT / 2, 1 + DRIFT / 2),
    challenger_rate=st.floats(1 - DRIFT / 2, 1 + DRIFT / 2),
)
def test_the_holder_stops_before_any_challenger_may_claim(
    *,
    renew: float,
    timeout: float,
    margin: float,
    slack: float,
    holder_rate: float,
    challenger_rate: float,
) -> None:
    ttl = slack * (renew + 2 * timeout + margin) / (1 - DRIFT)
    timing = Timing(ttl_s=ttl, renew_s=renew, timeout_s=timeout, margin_s=margin)
    # In true time, from the moment the holder sent; the challenger saw it no earlier.
    stops = timing.valid_s / holder_rate
    claims = timing.patience_s(ttl, rank=0) / challenger_rate
    assert claims - stops >= margin * 0.98
