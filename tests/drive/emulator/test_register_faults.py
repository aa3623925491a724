"""Goal: over the wire, whatever goes wrong on it, no update of the register is lost and every
verdict is true. Method: three writers, each with connections of its own, write over what they
read, each value naming the one that it replaces; one fault after the other befalls a third of the
requests; the emulator's own record of what it carried out is the judge."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from console.emulators.drive.contents.item import DriveItem
from console.emulators.drive.faults.kinds import HOPELESS, KINDS
from console.emulators.drive.methods import writes
from sessionlib.layout import LEASE
from sessionlib.ports import Conflict, Unknown, Unreachable
from sessionlib.stores.drive.store import DriveStore
from tests.drive.emulator import kit
from tests.drive.emulator.kit import BACKUP, MAIN, Fleet

WRITES = 12
RATE = 0.3
ELSEWHERE = {"stale-list", "full", "duplicate-name", "short-piece", "unseen"}
"""Faults that a description which is read and written can't meet."""


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with kit.fleet() as made:
        yield made


class Record:
    """Every value that the register has held, in order."""

    def __init__(self, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
        self.values: list[tuple[str, str]] = []
        keep, lease_id = fleet.emulator.world.put, fleet.ids[LEASE]

        def noted(item: DriveItem) -> None:
            keep(item)
            if item.id == lease_id:
                body = json.loads(item.description)
                self.values.append((body["over"], body["nonce"]))

        monkeypatch.setattr(fleet.emulator.world, "put", noted)


def write(store: DriveStore, name: str) -> dict[str, str]:
    """Write over what is there; the verdict on each nonce."""
    verdicts: dict[str, str] = {}
    for number in range(WRITES):
        try:
            found = store.read(LEASE)
        except Unreachable:
            continue
        assert found is not None
        nonce = f"{name}{number}"
        data = json.dumps({"nonce": nonce, "over": json.loads(found.data)["nonce"]}).encode()
        try:
            store.replace(LEASE, data, found.version)
            verdicts[nonce] = "written"
        except (Conflict, Unknown, Unreachable) as error:
            verdicts[nonce] = type(error).__name__
    return verdicts


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - HOPELESS - ELSEWHERE))
def test_no_update_is_lost_and_every_verdict_is_true(
    fleet: Fleet, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = fleet.emulator
    kit.hurry(emulator, monkeypatch)
    stores = [fleet.store(email) for email in (MAIN, BACKUP, MAIN)]
    found = [store.read(LEASE) for store in stores].pop()
    first = json.dumps({"nonce": "first", "over": ""}).encode()
    if found is None:
        stores[0].create(LEASE, first)
    else:
        stores[0].replace(LEASE, first, found.version)
    record = Record(fleet, monkeypatch)
    emulator.faults[kind] = RATE
    with ThreadPoolExecutor(len(stores)) as pool:
        told = list(pool.map(write, stores, "abc"))
    emulator.faults.clear()
    verdicts = {nonce: verdict for one in told for nonce, verdict in one.items()}
    for (_, before), (over, nonce) in itertools.pairwise([("", "first"), *record.values]):
        assert over == before, f"{nonce} was written over {before}, and meant {over}"
    counts = Counter(nonce for _, nonce in record.values)
    # Whose request is repeated by somebody in between hears what became of the copy: a
    # conflict with itself. That is why the lease is read back after a conflict too.
    doubtful = {"Unknown", "Conflict"} if kind == "duplicated-second" else {"Unknown"}
    for nonce, verdict in verdicts.items():
        if verdict == "written":
            assert counts[nonce] == 1, (nonce, verdict)
        elif verdict not in doubtful:
            assert counts[nonce] == 0, (nonce, verdict)
    assert emulator.faults.counts[kind] > 3
    assert len(record.values) > 3, verdicts


def test_a_drive_that_checks_here_and_writes_there_loses_updates(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What no client can see in the answers: both hear that they have written.
    stores = [fleet.store(email) for email in (MAIN, BACKUP)]
    found = stores[0].read(LEASE)
    version = found.version if found else stores[0].create(LEASE, b'{"nonce":"first","over":""}')
    record = Record(fleet, monkeypatch)
    passed = threading.Barrier(2)
    monkeypatch.setattr(writes, "sleep", lambda _: passed.wait(10))
    monkeypatch.setattr(fleet.emulator.faults.durations, "pause_s", 1.0)
    fleet.emulator.faults.force_next("non-atomic", 2)

    def replace(store: DriveStore, name: str) -> None:
        with suppress(Unknown):
            store.replace(LEASE, json.dumps({"nonce": name, "over": "first"}).encode(), version)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(replace, stores, "ab"))
    assert sorted(nonce for _, nonce in record.values) == ["a", "b"]
    answers = [noted for noted in fleet.emulator.requests if noted.fault == "non-atomic"]
    assert [noted.status for noted in answers] == [200, 200]
