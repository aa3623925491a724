"""Goal: over the wire, whatever goes wrong on it, what the store says it has made is there for
everybody, once, and what it says it hasn't made isn't. Method: one fault after the other befalls
a quarter of the requests of a store that creates records and puts blobs, small and resumable;
another account's store, which meets none, then looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from console.emulators.drive.faults.kinds import HOPELESS, KINDS
from sessionlib.layout import LEASE, order_key
from sessionlib.ports import Conflict, Unknown, Unreachable
from sessionlib.stores.drive import client
from tests.drive.emulator import kit
from tests.drive.emulator.kit import BACKUP, MAIN, Fleet

RATE = 0.25
RECORDS = 8
SMALL, LARGE = b"small", bytes(range(256)) * 4_000
PIECE_BYTES = 256 * 1024


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with kit.fleet() as made:
        yield made


def verdict(call: Callable[[], object]) -> str:
    try:
        call()
    except (Conflict, Unknown, Unreachable) as error:
        return type(error).__name__
    return "done"


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - HOPELESS))
def test_what_is_said_to_be_made_is_there_once(
    fleet: Fleet, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.hurry(fleet.emulator, monkeypatch)
    monkeypatch.setattr(client, "RESUMABLE_BYTES", PIECE_BYTES)
    monkeypatch.setattr(client, "CHUNK_BYTES", PIECE_BYTES)
    faults = fleet.emulator.faults
    store = fleet.store(MAIN)
    store.read(LEASE)  # signs in
    met_before = faults.counts[kind]
    faults[kind] = RATE
    faults.force_next(kind)
    records = {order_key(f"{kind}-{number}"): b'{"n":%d}' % number for number in range(RECORDS)}
    created = {key: verdict(partial(store.create, key, data)) for key, data in records.items()}
    blobs = {f"data/blobs/{kind}-{n}": (SMALL, LARGE)[n % 2] for n in range(RECORDS)}
    put = {key: verdict(partial(store.put, key, data)) for key, data in blobs.items()}
    faults.clear()
    assert faults.counts[kind] > met_before
    other = fleet.store(BACKUP)
    for key, data in records.items():
        found = other.read(key)
        if created[key] == "done":
            assert found is not None, (key, created)
            assert found.data == data
        elif created[key] != "Unknown":
            assert found is None, (key, created)
    orders = fleet.emulator.world.children(fleet.ids["state/orders"])
    in_folder = Counter(item.title for item in orders)
    for key in (key for key, said in created.items() if said == "done"):
        assert in_folder[key.rpartition("/")[2]] == 1 or kind == "duplicate-name", key
    for key, data in blobs.items():
        if put[key] == "done":
            assert other.get(key) == data, (key, put)
            proof = other.proof(key)
            assert proof is not None
            assert (proof.bytes, proof.digest) == (len(data), kit.md5(data))
    assert "done" in {*created.values(), *put.values()}
