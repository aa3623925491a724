"""Goal: people who look into the folder, or put files there, find what the store says.

Method: read and change the files beside the store's back.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sessionlib.clock import SystemClock
from sessionlib.core.values import Instant
from sessionlib.ports import Conflict, Unreachable
from sessionlib.stores.folder import KEEP, MAX_READ_BYTES, FolderStore

KEY = "state/lease.json"


def test_the_chain_is_pruned_and_the_copy_is_up_to_date(folder: FolderStore) -> None:
    version = folder.create(KEY, b"0")
    for n in range(1, 3 * KEEP + 1):
        version = folder.replace(KEY, b"%d" % n, version)
    chain = sorted(int(path.name) for path in (folder.root / "state/lease").iterdir())
    assert chain == list(range(2 * KEEP + 1, 3 * KEEP + 1))
    assert (folder.root / KEY).read_bytes() == b"48"


def test_the_copy_is_for_people_and_never_read_while_there_is_a_chain(folder: FolderStore) -> None:
    version = folder.replace(KEY, b"new", folder.create(KEY, b"old"))
    with (folder.root / KEY).open("wb") as copy:
        copy.write(b"edited in place")
    found = folder.read(KEY)
    assert found is not None
    assert (found.data, found.version) == (b"new", version)
    (folder.root / KEY).unlink()
    found = folder.read(KEY)
    assert found is not None
    assert found.data == b"new"
    assert folder.list("state/") == [KEY]
    with pytest.raises(Conflict):
        folder.create(KEY, b"again")


def test_without_its_chain_the_copy_is_version_0(folder: FolderStore) -> None:
    folder.replace(KEY, b"new", folder.create(KEY, b"old"))
    shutil.rmtree(folder.root / "state/lease")
    found = folder.read(KEY)
    assert found is not None
    assert (found.data, found.version) == (b"new", "0")
    with pytest.raises(Conflict):
        folder.replace(KEY, b"late", "1")
    folder.replace(KEY, b"newer", "0")


def test_a_file_made_by_hand_is_a_record(folder: FolderStore) -> None:
    (folder.root / "state/handover_signal.json").write_text("{}")
    found = folder.read("state/handover_signal.json")
    assert found is not None
    assert found.data == b"{}"
    folder.replace("state/handover_signal.json", b"2", found.version)


def test_a_huge_file_is_read_up_to_a_limit_as_a_record_and_whole_as_a_blob(
    folder: FolderStore,
) -> None:
    folder.put("state/huge.json", b"x" * (MAX_READ_BYTES + 10))
    found = folder.read("state/huge.json")
    assert found is not None
    assert len(found.data) == MAX_READ_BYTES
    assert len(folder.get("state/huge.json") or b"") == MAX_READ_BYTES + 10


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_something_else_at_a_files_place_is_not_a_missing_file(
    folder: FolderStore, make: Callable[[Path], None]
) -> None:
    make(folder.root / KEY)
    for call in (folder.read, folder.get, folder.has):
        with pytest.raises(Unreachable, match="not a regular file"):
            call(KEY)


def test_foreign_names_and_links_upwards_are_not_listed(folder: FolderStore) -> None:
    folder.create("state/a.json", b"")
    (folder.root / "state/.hidden").touch()
    (folder.root / "state/a (1).json").touch()
    (folder.root / "state/up").symlink_to(folder.root)
    assert folder.list("state/") == ["state/a.json"]


def test_every_key_that_is_listed_can_be_asked_for(folder: FolderStore) -> None:
    folder.create("state/orders/a.json", b"")
    deep = folder.root / "state/orders" / "/".join(["d" * 190] * 3)
    deep.mkdir(parents=True)
    (deep / "deeper.json").touch()
    (folder.root / "state/orders/7.versions").mkdir()
    (folder.root / "state/orders/7.versions/1").touch()
    assert folder.list("state/") == ["state/orders/a.json"]


def test_leftovers_are_swept_when_old_by_the_servers_clock(folder: FolderStore) -> None:
    temps = folder.root / ".tmp"
    (temps / "old").touch()
    (temps / "young").touch()
    now_s = (temps / "old").stat().st_mtime
    os.utime(temps / "old", (now_s - 4000, now_s - 4000))
    folder.create(KEY, b"x")
    assert [path.name for path in temps.iterdir()] == ["young"]


class OddClock:
    """A machine whose wall clock is decades off, and whose boot clock can be moved."""

    def __init__(self) -> None:
        self.moved_s = 0.0

    def now(self) -> Instant:
        now = SystemClock().now()
        return Instant(now.boot + self.moved_s, now.mono, 1_000.0)


def test_age_is_by_the_servers_clock_for_readers_and_writers(folder: FolderStore) -> None:
    folder.create(KEY, b"x")
    path = folder.root / KEY
    mtime_s = path.stat().st_mtime
    os.utime(path, (mtime_s - 100, mtime_s - 100))
    clock = OddClock()
    store = FolderStore(folder.root, clock)
    first = store.read(KEY)
    assert first is not None
    assert 100 <= first.age_s < 130
    clock.moved_s = 40.0
    counted_on = store.read(KEY)
    assert counted_on is not None
    assert counted_on.age_s >= 140
    clock.moved_s = 1_000.0
    looked_again = store.read(KEY)
    assert looked_again is not None
    assert 100 <= looked_again.age_s < 130
    store.create("state/b.json", b"x")
    written = store.read("state/b.json")
    assert written is not None
    assert 0 <= written.age_s < 30


def test_age_of_a_file_from_the_future_is_nothing(folder: FolderStore) -> None:
    folder.create(KEY, b"x")
    path = folder.root / KEY
    mtime_s = path.stat().st_mtime
    os.utime(path, (mtime_s + 500, mtime_s + 500))
    found = folder.read(KEY)
    assert found is not None
    assert found.age_s == 0
