"""Goal: of each answer to a conditional write exactly what it proves is made. Method: a Drive in
a dict, which answers as it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessionlib.layout import LEASE
from sessionlib.ports import Conflict, Unknown, Unreachable
from sessionlib.stores.drive.responses import DriveResponse, NoResponse, NotSent, RequestRefused
from sessionlib.stores.drive.store import DriveStore
from tests.drive.fake_drive import FakeDrive, Fleet

ONE, TWO, THREE = b'{"nonce":"1"}', b'{"nonce":"2"}', b'{"nonce":"3"}'


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


@pytest.fixture
def store(fleet: Fleet) -> DriveStore:
    return fleet.store("main")


def fail_once(drive: FakeDrive, when: str, error: Exception) -> None:
    """The next write fails, `before` it is carried out or `after`."""

    def hook(_: str) -> None:
        setattr(drive, when, lambda name: None)
        raise error

    setattr(drive, when, hook)


def standing(store: DriveStore) -> bytes:
    found = store.read(LEASE)
    assert found is not None
    return found.data


def test_the_version_is_never_the_one_that_the_write_was_answered_with(
    fleet: Fleet, store: DriveStore
) -> None:
    # The fake's answer to an update carries the old ETag, as Drive's was seen to do.
    version = store.create(LEASE, ONE)
    version = store.replace(LEASE, TWO, version)
    assert version == fleet.drive.files[fleet.ids[LEASE]].etag
    assert store.replace(LEASE, THREE, version) != version


def test_of_two_with_the_same_bytes_one_wins_and_the_other_hears_conflict(fleet: Fleet) -> None:
    one, two = fleet.store("main"), fleet.store("backup")
    version = one.create(LEASE, ONE)
    one.replace(LEASE, TWO, version)
    with pytest.raises(Conflict):
        two.replace(LEASE, TWO, version)


@pytest.mark.parametrize(
    "error",
    [
        NoResponse("dropped"),
        RequestRefused(DriveResponse(503)),
        RequestRefused(DriveResponse(403, "rateLimitExceeded")),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_that_proves_nothing_is_unknown_and_nothing_is_sent_twice(
    fleet: Fleet, store: DriveStore, when: str, error: Exception
) -> None:
    version = store.create(LEASE, ONE)
    fleet.drive.requests.clear()
    fail_once(fleet.drive, when, error)
    with pytest.raises(Unknown):
        store.replace(LEASE, TWO, version)
    assert fleet.drive.requests == [("main", "update")]
    assert standing(store) == (TWO if when == "after" else ONE)


@pytest.mark.parametrize(
    "error",
    [NotSent("no route"), RequestRefused(DriveResponse(403)), RequestRefused(DriveResponse(401))],
)
def test_what_was_turned_away_did_nothing(
    fleet: Fleet, store: DriveStore, error: Exception
) -> None:
    version = store.create(LEASE, ONE)
    fail_once(fleet.drive, "before", error)
    with pytest.raises(Unreachable):
        store.replace(LEASE, TWO, version)
    assert standing(store) == ONE
    store.replace(LEASE, TWO, version)


@pytest.mark.parametrize("refusals", [1, 2])
def test_a_true_condition_that_is_refused_is_tried_again(
    fleet: Fleet, store: DriveStore, refusals: int
) -> None:
    version = store.create(LEASE, ONE)
    fleet.drive.spurious = refusals
    store.replace(LEASE, TWO, version)
    assert standing(store) == TWO


def test_one_that_is_refused_on_and_on_is_no_conflict(fleet: Fleet, store: DriveStore) -> None:
    version = store.create(LEASE, ONE)
    fleet.drive.spurious = 100
    with pytest.raises(Unreachable, match="says is the present one"):
        store.replace(LEASE, TWO, version)
    assert fleet.drive.spurious == 97
    fleet.drive.spurious = 0
    store.replace(LEASE, TWO, version)


def test_a_reading_from_before_the_write_is_waited_out(fleet: Fleet, store: DriveStore) -> None:
    version = store.create(LEASE, ONE)
    fleet.drive.after = lambda _: setattr(fleet.drive, "stale", 2)
    version = store.replace(LEASE, TWO, version)
    fleet.drive.after = lambda _: None
    assert version == fleet.drive.files[fleet.ids[LEASE]].etag
    fleet.drive.after = lambda _: setattr(fleet.drive, "stale", 100)
    with pytest.raises(Unknown, match="it was written"):
        store.replace(LEASE, THREE, version)


def test_a_version_that_was_overtaken_at_once_is_not_claimed(fleet: Fleet) -> None:
    one, two = fleet.store("main"), fleet.store("backup")
    version = one.create(LEASE, ONE)

    def overtake(_: str) -> None:
        fleet.drive.after = lambda name: None
        found = two.read(LEASE)
        assert found is not None
        two.replace(LEASE, THREE, found.version)

    fleet.drive.after = overtake
    with pytest.raises(Unknown, match="something else by now"):
        one.replace(LEASE, TWO, version)
    assert standing(one) == THREE


def test_a_written_record_that_cant_be_read_again_is_unknown(
    fleet: Fleet, store: DriveStore
) -> None:
    version = store.create(LEASE, ONE)
    fleet.drive.after = lambda _: setattr(fleet.drive, "files", {})
    with pytest.raises(Unknown):
        store.replace(LEASE, TWO, version)


def test_a_written_record_that_somebody_spoilt_at_once_is_unknown(
    fleet: Fleet, store: DriveStore
) -> None:
    version = store.create(LEASE, ONE)

    def spoil(_: str) -> None:
        file = fleet.drive.files[fleet.ids[LEASE]]
        spoilt = replace(file, etag='"by hand"', description="base64:spoilt!")
        fleet.drive.files[file.id] = spoilt

    fleet.drive.after = spoil
    with pytest.raises(Unknown, match="changed by hand"):
        store.replace(LEASE, TWO, version)


@pytest.mark.parametrize("data", [ONE, b"", b"x" * 10_000])
def test_a_content_is_written_by_condition_as_a_description_is(
    store: DriveStore, data: bytes
) -> None:
    first = store.create(LEASE, b"r" * 10_000)
    version = store.replace(LEASE, data, first)
    assert standing(store) == data
    with pytest.raises(Conflict):
        store.replace(LEASE, b"late", first)
    store.replace(LEASE, TWO, version)
    assert standing(store) == TWO


@pytest.mark.parametrize("version", ["", "0", "a b", 'e"\r\nX-Evil: 1', "\u00e9"])
def test_what_never_was_a_version_is_a_conflict(store: DriveStore, version: str) -> None:
    store.create(LEASE, ONE)
    with pytest.raises(Conflict):
        store.replace(LEASE, TWO, version)


def test_a_lease_that_nobody_can_see_is_unreachable_and_not_missing(
    fleet: Fleet, store: DriveStore
) -> None:
    store.create(LEASE, ONE)
    file = fleet.drive.files.pop(fleet.ids[LEASE])
    with pytest.raises(Unreachable, match="not shared with this account"):
        store.read(LEASE)
    fleet.drive.files[file.id] = replace(file, is_trashed=True)
    with pytest.raises(Unreachable, match="bin"):
        store.read(LEASE)
    with pytest.raises(Unreachable, match="bin"):
        store.create(LEASE, ONE)


def test_a_blank_lease_is_missing_until_one_of_two_creates_it(fleet: Fleet) -> None:
    one, two = fleet.store("main"), fleet.store("backup")
    assert one.read(LEASE) is None
    assert one.list("state/") == []
    one.create(LEASE, ONE)
    with pytest.raises(Conflict):
        two.create(LEASE, TWO)
    assert one.list("state/") == [LEASE]
