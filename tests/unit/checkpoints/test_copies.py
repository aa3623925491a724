"""Goal: a copy holds each file as it was at one moment, moves only what changed, and proves it.

Method: stores that count, lie, fail and interfere between two steps.
"""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sessionlib.checkpoints import (
    Cancelled,
    FileTrouble,
    NotProven,
    Unfit,
    Unsettled,
    durable,
    index,
    remembering,
    sending,
)
from sessionlib.checkpoints.copying import Sizes
from sessionlib.checkpoints.names import BLOBS, MANIFESTS, blob_key, blob_mark
from sessionlib.checkpoints.scan import Scan, scan, time_there_ns
from sessionlib.checkpoints.shelf import read_manifest
from sessionlib.clock import SystemClock, sleep
from sessionlib.errors import Unknown, Unreachable
from sessionlib.ports import Proof
from sessionlib.stores.memory import MemoryStore
from tests.unit.checkpoints.kit import Side, fill, picture


class Meddled(MemoryStore):
    """A memory store that counts, and lets a test interfere."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.puts: list[str] = []
        self.before_put: Callable[[str], None] = lambda key: None
        self.after_put: Callable[[str], None] = lambda key: None
        self.md5 = False

    def put(self, key: str, data: bytes) -> None:
        self.before_put(key)
        super().put(key, data)
        self.puts.append(key)
        self.after_put(key)

    def proof(self, key: str) -> Proof | None:
        data = self.get(key)
        if self.md5 and data is not None:
            return Proof(len(data), "md5", hashlib.md5(data, usedforsecurity=False).hexdigest())
        return super().proof(key)


@pytest.fixture
def store() -> Meddled:
    return Meddled()


@pytest.fixture
def here(store: Meddled, tmp_path: Path) -> Side:
    return Side(store, tmp_path / "here")


@pytest.fixture
def there(store: Meddled, tmp_path: Path) -> Side:
    return Side(store, tmp_path / "there")


@pytest.fixture
def at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file counts as left alone for long, so that no test has to wait for it."""
    monkeypatch.setattr(index, "FINE_TICK_NS", -(10**18))
    monkeypatch.setattr(index, "COARSE_TICK_NS", -(10**18))


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessionlib.checkpoints.sending.sleep", lambda _: None)
    monkeypatch.setattr("sessionlib.checkpoints.copying.sleep", lambda _: None)


def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are opened to be read, as they are."""
    names: list[str] = []
    settle = durable.settle

    def noted(fd: int) -> None:
        names.append(Path(f"/proc/self/fd/{fd}").readlink().name)
        settle(fd)

    monkeypatch.setattr("sessionlib.checkpoints.index.settle", noted)
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
    monkeypatch.setattr(remembering, "WORTH_BYTES", 1)
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
    monkeypatch.setattr(remembering, "WORTH_BYTES", 1)
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
        monkeypatch.setattr(remembering, "_BOOT_ID", tmp_path / "boot_id")
    here.start()
    names = reads(monkeypatch)
    here.copy(1, pointer)
    assert names == ["a"]


def test_a_file_that_was_busy_when_it_was_read_is_read_again(
    here: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "FINE_TICK_NS", 10**18)
    monkeypatch.setattr(index, "COARSE_TICK_NS", 10**18)
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
    while 0 < time_there_ns(path.parent) <= path.stat().st_ctime_ns + index.FINE_TICK_NS:
        sleep(0.01)


def test_many_small_files_share_few_blobs(store: Meddled, tmp_path: Path) -> None:
    side = Side(store, tmp_path / "here", sizes=sizes_of(1000))
    fill(side.data, **{f"f{number}": f"{number:05}" for number in range(1000)})
    side.copy(1, None)
    assert len(store.puts) < 20


def sizes_of(pack_bytes: int) -> Sizes:
    return Sizes(piece_bytes=pack_bytes, pack_bytes=pack_bytes, small_bytes=pack_bytes // 2)


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


def test_a_store_that_reports_md5_proves_as_well(store: Meddled, here: Side) -> None:
    store.md5 = True
    fill(here.data, a="1")
    assert "size and MD5 of 2 new blobs" in here.made(1, None).receipt


@pytest.mark.parametrize("harm", ["lost", "cut", "changed"])
def test_what_the_store_does_not_hold_is_not_published(
    store: Meddled, here: Side, harm: str
) -> None:
    def damage(key: str) -> None:
        data = store.get(key) or b""
        store.delete(key)
        if harm != "lost":
            MemoryStore.put(store, key, data[:-1] if harm == "cut" else b"!" + data[1:])

    store.after_put = damage
    fill(here.data, a="12345")
    with pytest.raises(NotProven, match="as it was given"):
        here.copy(1, None)
    assert store.list(MANIFESTS) == []


@pytest.mark.usefixtures("no_pauses")
def test_lost_answers_are_settled_by_what_the_store_reports(
    store: Meddled, here: Side, there: Side
) -> None:
    seen: set[str] = set()

    def lose(key: str) -> None:
        if key not in seen:
            seen.add(key)
            raise Unknown("the answer was lost")

    store.after_put = lose
    fill(here.data, a="1" * 200)
    there.checkpoints.restore(2, here.copy(1, None))
    assert (there.data / "a").read_text() == "1" * 200


@pytest.mark.usefixtures("no_pauses")
def test_a_store_that_is_away_for_a_moment_is_asked_again(store: Meddled, here: Side) -> None:
    failures = iter([1, 1])

    def away(key: str) -> None:
        if next(failures, 0):
            raise Unreachable("no answer")

    store.before_put = away
    fill(here.data, a="1")
    here.copy(1, None)


@pytest.mark.usefixtures("no_pauses")
def test_one_that_stays_away_ends_the_copy_with_its_reason(store: Meddled, here: Side) -> None:
    def away(key: str) -> None:
        raise Unreachable("no space left on the store")

    store.before_put = away
    fill(here.data, a="1")
    with pytest.raises(Unreachable, match="no space left"):
        here.copy(1, None)
    assert store.list("data/") == []
    store.before_put = lambda key: None
    here.copy(1, None)


def test_what_was_uploaded_in_vain_is_removed(store: Meddled, here: Side) -> None:
    fill(here.data, a="1" * 500)
    published = here.copy(1, None)
    before = store.list("data/")
    fill(here.data, b="".join(f"{number:064}" for number in range(60)))

    def damage(key: str) -> None:
        if len(store.puts) == 25:
            MemoryStore.put(store, key, b"!")

    store.after_put = damage
    with pytest.raises(NotProven):
        here.copy(1, published)
    assert store.list("data/") == before


def test_a_record_whose_answer_was_lost_counts(
    store: Meddled, here: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = store.create

    def loses(key: str, data: bytes) -> str:
        create(key, data)
        raise Unknown("the answer was lost")

    monkeypatch.setattr(store, "create", loses)
    fill(here.data, a="1")
    pointer = here.copy(1, None)
    assert read_manifest(store, pointer.name).pointer == pointer


@pytest.mark.parametrize("size", [5, 500])
def test_a_file_that_changes_while_it_is_read_is_read_again(
    store: Meddled, here: Side, there: Side, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("sessionlib.checkpoints.copying.sleep", lambda _: None)
    path = fill(here.data, a="1" * size) / "a"
    pread, changes = os.pread, iter(["2" * size, "3" * (size + 70)])
    one_at_a_time = threading.Lock()

    def busy(fd: int, count: int, begin: int) -> bytes:
        data = pread(fd, count, begin)
        with one_at_a_time:
            new = next(changes, None)
            if new is not None:
                path.write_text(new)
        return data

    monkeypatch.setattr(os, "pread", busy)
    there.checkpoints.restore(2, here.copy(1, None))
    assert (there.data / "a").read_text() == "3" * (size + 70)


@pytest.mark.parametrize("size", [5, 500])
def test_what_does_not_settle_is_not_published_and_named(
    store: Meddled, here: Side, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("sessionlib.checkpoints.copying.sleep", lambda _: None)
    path = fill(here.data, calm="x", busy="1" * size) / "busy"
    stands_still = index.stands_still

    def never(where: Path, fd: int, before: os.stat_result) -> bool:
        if where == path:
            path.write_text("2" * size)
        return stands_still(where, fd, before)

    monkeypatch.setattr("sessionlib.checkpoints.copying.stands_still", never)
    with pytest.raises(Unsettled, match="busy changed each of the"):
        here.copy(1, None)
    assert store.list(MANIFESTS) == []


@pytest.mark.parametrize("size", [5, 500])
def test_a_file_that_goes_away_is_not_in_the_copy(
    here: Side, there: Side, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    path = fill(here.data, stays="x", goes="1" * size) / "goes"

    def scan_and_remove(root: Path) -> Scan:
        found = scan(root)
        path.unlink()
        return found

    monkeypatch.setattr("sessionlib.checkpoints.making.scan", scan_and_remove)
    there.checkpoints.restore(2, here.copy(1, None))
    assert picture(there.data).keys() == {".", "stays"}


def test_sockets_and_pipes_are_left_out_and_named(here: Side) -> None:
    fill(here.data, a="1")
    os.mkfifo(here.data / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here_dir = Path.cwd()
        os.chdir(here.data)  # a socket's path must be short
        try:
            listener.bind("sock")
        finally:
            os.chdir(here_dir)
        made = here.made(1, None)
    assert made.pointer.bytes == 1
    assert "left out, being sockets, pipes or devices: pipe, sock" in made.receipt


@pytest.mark.parametrize("target", ["/etc/passwd", "..", "../room", "a/../../x", "sub/../a"])
def test_a_link_that_may_lead_out_is_refused_with_what_to_do(here: Side, target: str) -> None:
    (fill(here.data, a="1") / "link").symlink_to(target)
    with pytest.raises(Unfit, match="put what it points at in its place"):
        here.copy(1, None)


def test_a_file_that_may_not_be_read_is_named_with_the_fix(
    here: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(here.data, a="1")
    real = os.open

    def refuse(path: object, *args: int, **options: int) -> int:
        if str(path).endswith("data/a"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *args, **options)  # type: ignore[arg-type]  # passes on what it is given

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileTrouble, match="a: Permission denied; give the agent's user"):
        here.copy(1, None)


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES])
def test_a_failing_file_is_a_sentence(
    here: Side, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    fill(here.data, a="1" * 500)

    def fails(fd: int, count: int, begin: int) -> bytes:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "pread", fails)
    with pytest.raises(FileTrouble, match=rf"data/a: {os.strerror(code)}; "):
        here.copy(1, None)


def test_names_that_are_no_text_are_kept(here: Side, there: Side) -> None:
    here.data.mkdir(parents=True)
    for name in [b"\xff\xfe", "ü".encode(), b"new\nline", b"\x1b[31m"]:
        Path(os.fsdecode(os.fsencode(here.data) + b"/" + name)).write_bytes(name)
    there.checkpoints.restore(2, here.copy(1, None))
    assert picture(there.data) == picture(here.data)


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
    new = {blob_mark(name) for name in read_manifest(store, third.name).blob_names()}
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


def test_a_copy_is_stopped_between_two_pieces(store: Meddled, here: Side) -> None:
    fill(here.data, a="".join(f"{number:064}" for number in range(200)))
    told: list[str | None] = []

    def stop(key: str) -> None:
        if len(store.puts) == 20:
            told.append(here.checkpoints.progress)
            here.checkpoints.cancel()

    store.before_put = stop
    with pytest.raises(Cancelled):
        here.copy(1, None)
    assert len(store.puts) < 40
    assert here.checkpoints.progress is None
    store.before_put = lambda key: None
    here.copy(1, None)


def test_a_fetch_is_stopped_and_gone_on_with_but_a_restore_is_not_stopped(
    store: Meddled, here: Side, there: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(here.data, a="".join(f"{number:064}" for number in range(200)))
    pointer = here.copy(1, None)
    gets: list[str | None] = []
    get = store.get

    def stopping(key: str) -> bytes | None:
        gets.append(there.checkpoints.progress)
        if len(gets) == 20:
            there.checkpoints.cancel()
        return get(key)

    monkeypatch.setattr(store, "get", stopping)
    with pytest.raises(Cancelled):
        there.checkpoints.fetch(pointer)
    assert len(gets) < 40
    assert any(text and text.startswith("fetching 0.0 of 0.0 MB") for text in gets)
    gets.clear()
    done = there.checkpoints.restore(2, pointer)
    assert 0 < done.moved_bytes < pointer.bytes
    assert picture(there.data) == picture(here.data)


def test_pauses_are_short_beside_a_lease() -> None:
    assert sum(sending.PAUSES_S) < 10


def test_nothing_but_manifests_and_blobs_lies_in_the_store(store: Meddled, here: Side) -> None:
    fill(here.data, a="1")
    here.copy(1, None)
    assert all(key.startswith((BLOBS, MANIFESTS)) for key in store.list("data/"))
