"""Goal: a copy upon another moves only what changed, misses no change, and is taken for no other.

Method: what is read and uploaded is counted; changes that hardly show, and copies of which
something is gone by the time that the next one is made.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest

from sessionlib import clock
from sessionlib.checkpoints import file_index, fsync, index_file
from sessionlib.checkpoints.catalog import read_manifest
from sessionlib.checkpoints.save.copier import BlobSizes
from sessionlib.checkpoints.scan import file_system_time_ns
from sessionlib.checkpoints.store_names import MANIFESTS, blob_key, blob_number
from sessionlib.clock import sleep
from tests.unit.checkpoints.counting_store import Meddled, here, store, there
from tests.unit.checkpoints.sessions import Side, fill, picture

__all__ = ["here", "store", "there"]


@pytest.fixture
def at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file counts as left alone for long, so that no test has to wait for it."""
    monkeypatch.setattr(file_index, "FINE_TICK_NS", -(10**18))
    monkeypatch.setattr(file_index, "COARSE_TICK_NS", -(10**18))


def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are opened to be read, as they are."""
    names: list[str] = []
    settle = fsync.write_back

    def noted(fd: int) -> None:
        names.append(Path(f"/proc/self/fd/{fd}").readlink().name)
        settle(fd)

    monkeypatch.setattr("sessionlib.checkpoints.file_index.write_back", noted)
    return names


@pytest.mark.usefixtures("at_rest")
def test_what_has_not_changed_is_neither_read_nor_uploaded(
    store: Meddled, here: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(here.data, same="x" * 200, small="y", other="z" * 200)
    first = here.copy(1, None)
    store.puts.clear()
    names = reads(monkeypatch)
    with (here.data / "other").open("r+") as file:
        file.seek(70)
        file.write("!")
    made = here.made(1, first)
    assert names == ["other"]
    assert len(store.puts) == 2  # one piece, and the list
    assert made.pointer.seq == 2
    assert "1 new" not in made.receipt
    assert "older ones" in made.receipt


@pytest.mark.usefixtures("at_rest")
def test_a_restarted_agent_need_not_read_it_all_again(
    here: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_file, "SAVE_AFTER_BYTES", 1)
    fill(here.data, same="x" * 200, small="y", other="z" * 200)
    pointer = here.copy(1, None)
    here.start()
    (here.data / "other").write_text("!" * 200)
    names = reads(monkeypatch)
    here.copy(1, pointer)
    assert names == ["other"]


@pytest.mark.usefixtures("at_rest")
@pytest.mark.parametrize("harm", ["cut", "changed", "not JSON", "empty", "another boot", "gone"])
def test_what_cant_be_believed_is_read_again(
    here: Side, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, harm: str
) -> None:
    monkeypatch.setattr(index_file, "SAVE_AFTER_BYTES", 1)
    fill(here.data, a="x" * 200)
    pointer = here.copy(1, None)
    kept = here.home / "room" / "index.jsonl"
    data = kept.read_bytes()
    kept.write_bytes(
        {"cut": data[:-9], "changed": data[:-9] + b"0" + data[-8:], "not JSON": b"x"}.get(
            harm, b"" if harm == "empty" else data
        )
    )
    if harm == "gone":
        kept.unlink()
    if harm == "another boot":
        (tmp_path / "boot_id").write_text("another")
        monkeypatch.setattr(clock, "_BOOT_ID", tmp_path / "boot_id")
    here.start()
    names = reads(monkeypatch)
    here.copy(1, pointer)
    assert names == ["a"]


def test_a_file_that_was_busy_when_it_was_read_is_read_again(
    here: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_index, "FINE_TICK_NS", 10**18)
    monkeypatch.setattr(file_index, "COARSE_TICK_NS", 10**18)
    fill(here.data, a="1")
    first = here.copy(1, None)
    before = (here.data / "a").stat()
    (here.data / "a").write_text("2")
    os.utime(here.data / "a", ns=(before.st_atime_ns, before.st_mtime_ns))
    names = reads(monkeypatch)
    here.copy(1, first)
    assert names == ["a"]


def test_a_changed_file_of_the_same_size_and_time_is_noticed_by_its_inode_or_ctime(
    here: Side, there: Side
) -> None:
    fill(here.data, a="1", b="1")
    for path in here.data.iterdir():
        os.utime(path, ns=(10**18, 10**18))
    first = here.copy(1, None)
    (here.data / "a").write_text("2")
    (here.data / "new").write_text("2")
    (here.data / "new").replace(here.data / "b")
    for path in here.data.iterdir():
        os.utime(path, ns=(10**18, 10**18))
    there.checkpoints.restore(2, here.copy(1, first))
    assert [(there.data / name).read_text() for name in "ab"] == ["2", "2"]


@pytest.mark.parametrize("size", [10, 8192])
def test_a_write_through_a_memory_map_is_noticed(here: Side, there: Side, size: int) -> None:
    path = fill(here.data, a="1" * size) / "a"
    with path.open("r+b") as file, mmap.mmap(file.fileno(), size) as mapped:
        mapped[0:1] = b"2"  # its page is dirty from now on
        pass_a_tick(path)
        first = here.copy(1, None)
        pass_a_tick(path)
        mapped[1:2] = b"3"
        second = here.copy(1, first)
    there.checkpoints.restore(2, second)
    assert (there.data / "a").read_text() == "23" + "1" * (size - 2)


def pass_a_tick(path: Path) -> None:
    """Wait until a file that changes now would have another time than this one, and be at rest."""
    while 0 < file_system_time_ns(path.parent) <= path.stat().st_ctime_ns + file_index.FINE_TICK_NS:
        sleep(0.01)


def test_many_small_files_share_few_blobs(store: Meddled, tmp_path: Path) -> None:
    side = Side(store, tmp_path / "here", sizes=sizes_of(1000))
    fill(side.data, **{f"f{number}": f"{number:05}" for number in range(1000)})
    side.copy(1, None)
    assert len(store.puts) < 20


def sizes_of(pack_bytes: int) -> BlobSizes:
    return BlobSizes(piece_bytes=pack_bytes, pack_bytes=pack_bytes, small_bytes=pack_bytes // 2)


@pytest.mark.usefixtures("at_rest")
def test_a_blob_of_which_little_is_needed_is_packed_anew_and_can_go(
    store: Meddled, here: Side
) -> None:
    fill(here.data, **{f"f{number}": str(number) * 10 for number in range(6)})
    pointer = here.copy(1, None)
    for number in range(5):
        (here.data / f"f{number}").write_text("new" + str(number) * 7)
    for _ in range(3):
        pointer = here.copy(1, pointer)
    manifest = read_manifest(store, pointer.name)
    used = sum(piece.size_bytes for file in manifest.files for piece in file.pieces)
    assert sum(blob.size_bytes for blob in manifest.blobs) <= 2 * used


def test_no_two_copies_of_a_session_share_a_sequence(here: Side) -> None:
    # The first may be published by a write of which nothing is known yet.
    fill(here.data, a="1" * 100)
    base = here.copy(4, None)
    pointers = [base, here.copy(4, base), here.copy(4, base), here.copy(4, None)]
    assert [(pointer.epoch, pointer.seq) for pointer in pointers] == [(4, n) for n in range(1, 5)]
    assert here.copy(5, pointers[1]).seq == 1


def test_copies_of_one_sequence_do_not_collide(store: Meddled, here: Side) -> None:
    fill(here.data, a="1" * 100)
    pointers = []
    for _ in range(3):
        here.start()
        pointers.append(here.copy(4, None))
    assert {(pointer.epoch, pointer.seq) for pointer in pointers} == {(4, 1)}
    assert len({pointer.name for pointer in pointers}) == 3
    assert all(len(pointer.name) <= 56 for pointer in pointers)
    named = [read_manifest(store, pointer.name).blob_names() for pointer in pointers]
    assert not named[0] & named[1]
    assert not named[1] & named[2]


def test_only_what_the_published_checkpoint_names_is_named_again(
    store: Meddled, here: Side
) -> None:
    fill(here.data, a="1" * 100)
    published = here.copy(1, None)
    fill(here.data, b="2" * 100)
    lost = here.copy(1, published)
    third = here.copy(1, published)
    new = {blob_number(name) for name in read_manifest(store, third.name).blob_names()}
    assert new == {(1, 1), (1, 3)}
    only_lost = named(store, lost.name) - named(store, published.name)
    assert not only_lost & named(store, third.name)


def named(store: Meddled, name: str) -> frozenset[str]:
    return read_manifest(store, name).blob_names()


@pytest.mark.usefixtures("at_rest")
def test_a_blob_that_somebody_removed_is_uploaded_anew(
    store: Meddled, here: Side, there: Side
) -> None:
    fill(here.data, a="1" * 100, b="2" * 100)
    first = here.copy(1, None)
    gone = read_manifest(store, first.name).files[0].pieces[0].blob.name
    store.delete(blob_key(gone))
    there.checkpoints.restore(2, here.copy(1, first))
    assert picture(there.data) == picture(here.data)


@pytest.mark.usefixtures("at_rest")
def test_a_base_that_is_gone_means_a_whole_copy(store: Meddled, here: Side, there: Side) -> None:
    fill(here.data, a="1" * 100)
    first = here.copy(1, None)
    store.delete(f"{MANIFESTS}{first.name}.json")
    here.start()
    second = here.copy(1, first)
    assert not named(store, second.name) & set(store.puts[:2])
    there.checkpoints.restore(2, second)
    assert picture(there.data) == picture(here.data)
