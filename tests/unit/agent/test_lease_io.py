"""Goal: a store that refuses every write at once isn't tried hundreds of times a second.

Method: a store that raises what a full disk or a forbidden folder comes to, written to again
and again; the clock is the machine's, the time-out short, and what is compared are ratios.
"""

from __future__ import annotations

import pytest

from sessionlib import layout
from sessionlib.agent.lease_io import LeaseWriter
from sessionlib.clock import SystemClock
from sessionlib.core.events import WriteVerdict
from sessionlib.core.view import Write, WriteKind
from sessionlib.errors import StoreError, Unreachable
from sessionlib.records import encode
from sessionlib.stores.memory import MemoryStore
from tests.unit.core.views import ME, at, held_by

CLOCK = SystemClock()
TIMEOUT_S = 0.4


class Refusing(MemoryStore):
    """Says no at once, or lets a write through."""

    error: StoreError | OSError | None = None

    def replace(self, key: str, data: bytes, version: str) -> str:
        if self.error is not None:
            raise self.error
        return super().replace(key, data, version)


@pytest.fixture
def store() -> Refusing:
    store = Refusing(CLOCK)
    store.create(layout.LEASE, encode(held_by(ME)))
    return store


def took_s(writer: LeaseWriter, version: str, verdict: WriteVerdict) -> float:
    began_mono = CLOCK.now().mono
    answer = writer.write(Write(WriteKind.CLAIM, held_by(ME), version, at(0)))
    assert answer.verdict is verdict
    return CLOCK.now().mono - began_mono


def version_of(store: Refusing) -> str:
    found = store.read(layout.LEASE)
    assert found is not None
    return found.version


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (Unreachable("no space left on device"), WriteVerdict.UNREACHABLE),
        (OSError(13, "Permission denied"), WriteVerdict.UNKNOWN),
    ],
)
def test_each_failure_takes_longer_but_never_as_long_as_a_time_out(
    store: Refusing, error: StoreError | OSError, verdict: WriteVerdict
) -> None:
    store.error = error
    writer = LeaseWriter(store, TIMEOUT_S)
    took = [took_s(writer, "1", verdict) for _ in range(4)]
    for one_s, least_s in zip(took, (1 / 8, 1 / 4, 1 / 2, 1 / 2), strict=True):
        assert least_s * TIMEOUT_S <= one_s < TIMEOUT_S


def test_what_was_done_or_refused_for_its_version_is_told_at_once(store: Refusing) -> None:
    writer = LeaseWriter(store, 1_000.0)
    assert took_s(writer, version_of(store), WriteVerdict.DONE) < 100
    assert took_s(writer, "another", WriteVerdict.CONFLICT) < 100


def test_once_a_write_has_come_through_the_next_failure_is_a_first_one(store: Refusing) -> None:
    writer = LeaseWriter(store, TIMEOUT_S)
    store.error = Unreachable("no space left on device")
    for _ in range(3):
        took_s(writer, "1", WriteVerdict.UNREACHABLE)
    store.error = None
    took_s(writer, version_of(store), WriteVerdict.DONE)
    store.error = Unreachable("no space left on device")
    took = [took_s(writer, "1", WriteVerdict.UNREACHABLE) for _ in range(3)]
    assert took[0] < took[-1]
