"""Goal: the store does over the wire what only a wire can show. Method: stores of two accounts
over the emulator, asked for what one alone may do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sessionlib.layout import DISCARDED
from tests.drive.emulator import kit
from tests.drive.emulator.kit import BACKUP, MAIN, Fleet


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
