"""Goal: the store does over the wire what only a wire can show. Method: stores of two accounts
over the emulator, asked for what one alone may do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sessionlib.layout import DISCARDED, order_key
from sessionlib.stores.drive.key_index import BELL_FRESH_S, MISSED_S
from tests.drive.emulator import kit
from tests.drive.emulator.kit import BACKUP, MAIN, OPERATOR, Fleet
from tests.drive.fake_drive import Stopwatch


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with kit.fleet() as made:
        yield made


def test_a_file_that_is_moved_aside_stays_as_it_was(fleet: Fleet) -> None:
    old, new = fleet.store(MAIN), fleet.store(BACKUP)
    old.put("data/blobs/a", b"of the old one")
    new.delete("data/blobs/a")
    assert new.get("data/blobs/a") is None
    files = kit.service(fleet.emulator, MAIN).files()
    query = f"title = 'a' and '{fleet.ids[DISCARDED]}' in parents and trashed = false"
    (file,) = files.list(q=query).execute()["items"]
    assert file["description"]
    assert file["ownedByMe"] is True
    assert file["lastModifyingUser"]["emailAddress"] == BACKUP


def test_what_was_rung_and_isnt_shown_to_this_account_yet_is_found_once_it_is() -> None:
    watch = Stopwatch()
    with kit.fleet(watch) as fleet:
        agent = fleet.store(MAIN)
        assert agent.list("state/orders/") == []
        watch.at_s += fleet.emulator.faults.durations.unseen_s
        fleet.store(OPERATOR).create(order_key("a"), b'{"id":"a"}')
        watch.at_s += BELL_FRESH_S
        fleet.emulator.faults["unseen"] = 1.0
        assert agent.read(order_key("a")) is None
        fleet.emulator.faults.clear()
        fleet.emulator.request_log.clear()
        assert agent.read(order_key("a")) is None
        assert fleet.emulator.requests == [], "it isn't asked for again at once"
        watch.at_s += MISSED_S
        assert agent.list("state/orders/") == [order_key("a")]
        found = agent.read(order_key("a"))
        assert found is not None
        assert found.data == b'{"id":"a"}'


def test_a_blob_that_isnt_shown_to_this_account_yet_is_had_once_it_is() -> None:
    """Work may be waiting for it: that it was asked for too early must not hide it for good."""
    watch = Stopwatch()
    with kit.fleet(watch) as fleet:
        primary, standby = fleet.store(MAIN), fleet.store(BACKUP)
        watch.at_s += fleet.emulator.faults.durations.unseen_s
        primary.put("data/blobs/1-1-a-0-f00d", b"work")
        fleet.emulator.faults["unseen"] = 1.0
        assert standby.get("data/blobs/1-1-a-0-f00d") is None
        fleet.emulator.faults.clear()
        watch.at_s += MISSED_S
        assert standby.get("data/blobs/1-1-a-0-f00d") == b"work"


def test_what_is_gone_is_asked_for_ever_more_rarely() -> None:
    watch, key = Stopwatch(), "scripts/versions/1.json"
    with kit.fleet(watch) as fleet:
        agent, operator = fleet.store(MAIN), fleet.store(OPERATOR)
        operator.create(key, b'{"id":"a"}')
        watch.at_s += fleet.emulator.faults.durations.unseen_s
        assert agent.list("scripts/versions/") == [key]
        operator.delete(key)
        fleet.emulator.request_log.clear()
        for _ in range(300):
            watch.at_s += MISSED_S
            assert agent.read(key) is None
        missed = [noted for noted in fleet.emulator.requests if noted.status == 404]
        assert 5 < len(missed) < 15
