"""Goal: what was published is what is used, whatever is put in its place; and nothing that is
unpacked takes more than was stated.

Method: a real store in which blobs, manifests, archives and records are exchanged for each
other and for older ones; and archives and lists that would unpack to a thousand times
their size, with the memory measured that their reader takes at its peak.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sessionlib import layout
from sessionlib.agent.provisioning import Provisioner
from sessionlib.bundles.records import CODE_RECORDS, PublishedCode
from sessionlib.bundles.unpacking import unpack
from sessionlib.checkpoints import CheckpointDamaged, CheckpointError, FileError
from sessionlib.checkpoints.catalog import read_manifest, verify
from sessionlib.checkpoints.store_names import BLOBS, blob_key, manifest_key
from sessionlib.clock import SystemClock
from sessionlib.core.values import Pointer
from sessionlib.errors import ProgramError, RecordUnreadable
from sessionlib.layout import bundle_piece_key, succession_key, version_key
from sessionlib.records import MAX_RECORD_BYTES, read_object
from sessionlib.signed.fleet_config import CONFIG_RECORDS
from sessionlib.signed.key_succession import SUCCESSION_RECORDS, FollowedKey, KeySuccession
from sessionlib.signed.records import VersionSeries
from sessionlib.signing import public_of
from sessionlib.stores.folder import FolderStore
from sessionlib.stores.memory import MemoryStore
from tests.unit.bundles.published_code import OTHER_SEED, PUBLIC, SEED, Fleet
from tests.unit.checkpoints.manifest_builder import (
    BLOB,
    GOOD,
    SHA256,
    TREE,
    file_line,
    publish,
    publish_raw,
)
from tests.unit.checkpoints.sessions import Side, fill, picture

MIB = 1024 * 1024
X = "content of a piece, to the byte as long as the other's is, sixty"


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore(tmp_path / "shared", SystemClock())
    store.provision()
    return store


def put(store: FolderStore, key: str, data: bytes) -> None:
    """As somebody with an editor does: whatever stands there is gone."""
    path = store.root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


# Checkpoints

Swap = Callable[[FolderStore, Pointer, Pointer], None]


def content_of(store: FolderStore, pointer: Pointer) -> list[str]:
    """The keys of what holds the data; the lists that the manifest is made of have others."""
    return [blob_key(blob.name) for blob in read_manifest(store, pointer.name).blobs]


def _other_bytes(store: FolderStore, old: Pointer, new: Pointer) -> None:
    for key in content_of(store, new):
        put(store, key, bytes(store.has(key) or 0))


def _other_list(store: FolderStore, old: Pointer, new: Pointer) -> None:
    for key in set(store.list(BLOBS)) - set(content_of(store, new)):
        put(store, key, bytes(store.has(key) or 0))


def _exchanged(store: FolderStore, old: Pointer, new: Pointer) -> None:
    same = [key for key in content_of(store, new) if store.has(key) == len(X)]
    one, other = (store.get(key) or b"" for key in same)
    assert one != other
    put(store, same[0], other)
    put(store, same[1], one)


def _older_manifest(store: FolderStore, old: Pointer, new: Pointer) -> None:
    put(store, manifest_key(new.name), store.get(manifest_key(old.name)) or b"")


def _forged_manifest(store: FolderStore, old: Pointer, new: Pointer) -> None:
    head = json.loads(store.get(manifest_key(old.name)) or b"")
    put(store, manifest_key(new.name), json.dumps({**head, "seq": new.seq}).encode())


def _one_byte_longer(store: FolderStore, old: Pointer, new: Pointer) -> None:
    for key in content_of(store, new):
        put(store, key, (store.get(key) or b"") + b"x")


SWAPS: dict[str, Swap] = {
    "other bytes of the same length": _other_bytes,
    "another list of the same length": _other_list,
    "one blob in another's place": _exchanged,
    "an older manifest in the newer's place": _older_manifest,
    "the older's content under the newer's name": _forged_manifest,
    "one byte more": _one_byte_longer,
}


@pytest.mark.parametrize("swap", SWAPS)
def test_no_checkpoint_is_restored_that_isnt_the_one_pointed_at(
    tmp_path: Path, store: FolderStore, swap: str
) -> None:
    here, there = Side(store, tmp_path / "here"), Side(store, tmp_path / "there")
    fill(here.data, x=X, y=X.swapcase(), z="old content")
    old = here.copy(1, None)
    fill(here.data, z="new content")
    new = here.copy(1, old)
    SWAPS[swap](store, old, new)
    fill(there.data, mine="precious")
    before = picture(there.data)
    with pytest.raises(CheckpointError):
        there.checkpoints.restore(2, new)
    # What was there is still there, and whole.
    assert picture(there.data) == before


def test_a_pointer_to_an_older_checkpoint_is_believed_and_limits_what_is_lost(
    tmp_path: Path, store: FolderStore
) -> None:
    """Whoever can write the lease can turn the data back, to what was once published; nothing
    is deleted for it, and what the session had is set aside."""
    here, there = Side(store, tmp_path / "here"), Side(store, tmp_path / "there")
    fill(here.data, x="old")
    old = here.copy(1, None)
    fill(here.data, x="new")
    new = here.copy(1, old)
    there.checkpoints.restore(2, old)
    assert (there.data / "x").read_text() == "old"
    assert verify(store, new.name) == []


# Code, settings, keys


def test_of_two_bundles_neither_has_the_others_content(fleet: Fleet) -> None:
    first = fleet.publish()
    (fleet.app / "main.py").write_text("print('two, and longer')\n")
    second = fleet.publish()
    pieces = [fleet.store.get(bundle_piece_key(one.digest, 0)) or b"" for one in (first, second)]
    put(fleet.store, bundle_piece_key(second.digest, 0), pieces[0])
    kits = fleet.kits()
    with pytest.raises(ProgramError):
        kits.prepare(kits.wanted_program())
    assert not [path for path in (fleet.home / "code").iterdir() if path.is_dir()]


SWAPPED_RECORDS: dict[str, Callable[[PublishedCode, PublishedCode], bytes]] = {
    "the older record under the newer number": lambda old, new: CODE_RECORDS.encode(old),
    "the older record with the newer number": lambda old, new: CODE_RECORDS.encode(
        replace(old, version=new.version)
    ),
    "the newer signature on the older content": lambda old, new: CODE_RECORDS.encode(
        replace(new, digest=old.digest, bytes=old.bytes)
    ),
    "the newer record with another set-up": lambda old, new: CODE_RECORDS.encode(
        replace(new, setup=("sh", "-c", "touch canary"))
    ),
    "signed by another key": lambda old, new: CODE_RECORDS.encode(
        CODE_RECORDS.sign(new, OTHER_SEED)
    ),
    "for another fleet": lambda old, new: CODE_RECORDS.encode(
        CODE_RECORDS.sign(replace(new, fleet="other"), SEED)
    ),
}


@pytest.mark.parametrize("how", SWAPPED_RECORDS)
def test_a_swapped_record_is_passed_over_and_told(fleet: Fleet, how: str) -> None:
    old = fleet.publish()
    (fleet.app / "main.py").write_text("print('two')\n")
    new = fleet.publish()
    key = version_key(layout.CODE_VERSIONS, new.version)
    put(fleet.store, key, SWAPPED_RECORDS[how](old, new))
    series = VersionSeries(fleet.store, CODE_RECORDS, "my-fleet")
    assert series.newest(PUBLIC) == old
    assert key in series.refused[0]


def test_an_agent_that_saw_the_newer_is_not_taken_back(fleet: Fleet) -> None:
    """Removed, the newer record leaves the older as the newest genuine one."""
    fleet.publish()
    (fleet.app / "main.py").write_text("print('two')\n")
    new = fleet.publish()
    seen = fleet.kits()
    assert seen.newest_published() == new
    (fleet.store.root / version_key(layout.CODE_VERSIONS, new.version)).unlink()
    again = fleet.kits()
    assert again.newest_published() == new
    assert "only v1" in again.refused[0]


def test_a_forged_configuration_sets_nothing_and_is_not_even_compared_with(fleet: Fleet) -> None:
    fleet.publisher().publish_config(fleet.config())
    genuine = VersionSeries(fleet.store, CONFIG_RECORDS, "my-fleet").newest(PUBLIC)
    assert genuine is not None
    body = json.loads(fleet.store.get(version_key(layout.CONFIG_VERSIONS, 1)) or b"")
    body["settings"]["workload"]["command"] = ["sh", "-c", "touch canary"]
    for number, data in ((2, {**body, "version": 2}), (1, body)):
        put(fleet.store, version_key(layout.CONFIG_VERSIONS, number), json.dumps(data).encode())
    config = fleet.config()
    fleet.home.mkdir(parents=True)
    provisioner = Provisioner(
        store=fleet.store,
        config=config,
        home=fleet.home,
        public_key=PUBLIC,
        secrets={},
        clock=SystemClock(),
    )
    provisioner.read_published()
    assert provisioner.config_words == "none published"
    assert sorted(provisioner.warnings) == [
        "config/1.json: it isn't signed by this fleet's key",
        "config/2.json: it isn't signed by this fleet's key",
    ]
    assert provisioner.spec().command == config.workload.command


def succession(old: str, new: str, fleet: str = "my-fleet", by: str = "") -> bytes:
    plain = KeySuccession(fleet, public_of(old), public_of(new), 0.0, "op")
    return SUCCESSION_RECORDS.encode(SUCCESSION_RECORDS.sign(plain, by or old))


THIRD_SEED = "1c" * 32
FORGED_WORDS: dict[str, bytes] = {
    "signed by the new key": succession(SEED, OTHER_SEED, by=OTHER_SEED),
    "signed by nobody who counts": succession(SEED, OTHER_SEED, by=THIRD_SEED),
    "of another fleet": succession(SEED, OTHER_SEED, fleet="other"),
    "of another key, replayed": succession(THIRD_SEED, OTHER_SEED),
    "torn": succession(SEED, OTHER_SEED)[:-20],
}


@pytest.mark.parametrize("how", FORGED_WORDS)
def test_a_forged_word_on_a_key_is_not_followed(
    store: FolderStore, tmp_path: Path, how: str
) -> None:
    put(store, succession_key(PUBLIC), FORGED_WORDS[how])
    key = FollowedKey(store, "my-fleet", PUBLIC, tmp_path)
    assert key.update() == PUBLIC
    assert key.refused


def test_a_word_put_back_brings_no_old_key_back(store: FolderStore, tmp_path: Path) -> None:
    """A, then B, then C. Somebody with copies of all words puts A's and B's about as he likes."""
    a, b, c = (public_of(seed) for seed in (SEED, OTHER_SEED, THIRD_SEED))
    put(store, succession_key(a), succession(SEED, OTHER_SEED))
    put(store, succession_key(b), succession(OTHER_SEED, THIRD_SEED))
    assert FollowedKey(store, "my-fleet", a, tmp_path).update() == c
    (store.root / succession_key(b)).unlink()
    assert FollowedKey(store, "my-fleet", a, tmp_path).update() == c
    put(store, succession_key(c), succession(SEED, OTHER_SEED))
    assert FollowedKey(store, "my-fleet", a, tmp_path).update() == c


# Bombs


@contextmanager
def at_most(peak_bytes: int) -> Iterator[None]:
    """What is done takes no more memory than this, beyond what was there before."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < peak_bytes, f"{peak / MIB:.1f} MB"


LINES = {
    "line ends alone": b"\n" * (16 * MIB),
    "one line": b" " * (16 * MIB),
    "an abyss": b"[" * (16 * MIB),
    "one text": b'["' + b"x" * (16 * MIB - 4) + b'"]',
    "numbers": b"[" + b"9" * (16 * MIB - 2) + b"]",
}


@pytest.mark.parametrize("bomb", LINES)
def test_lists_that_unpack_to_nothing_take_what_was_stated_and_little_more(bomb: str) -> None:
    """Hundreds to one, as large as a list may be; the whole of it is there twice at most."""
    raw, store = LINES[bomb], MemoryStore(SystemClock())
    packed = zlib.compress(raw, 1)
    assert len(packed) < len(raw) / 200
    pointer = publish_raw(store, packed, len(raw), GOOD)
    with at_most(4 * len(raw) + MIB), pytest.raises(CheckpointDamaged):
        read_manifest(store, pointer.name)


def test_a_list_that_states_less_than_it_unpacks_to_takes_what_it_states() -> None:
    store = MemoryStore(SystemClock())
    packed = zlib.compress(bytes(64 * MIB), 1)
    pointer = publish_raw(store, packed, 4096, GOOD)
    with at_most(2 * MIB), pytest.raises(CheckpointDamaged):
        read_manifest(store, pointer.name)


def _zeros(tar: tarfile.TarFile) -> None:
    info = tarfile.TarInfo("zeros")
    info.size = 40 * MIB
    tar.addfile(info, io.BytesIO(bytes(info.size)))


def _long_name(tar: tarfile.TarFile) -> None:
    info = tarfile.TarInfo("x" * (20 * MIB))
    tar.addfile(info)


def _long_comment(tar: tarfile.TarFile) -> None:
    info = tarfile.TarInfo("x")
    info.pax_headers = {"comment": "x" * (20 * MIB)}
    tar.addfile(info)


@pytest.mark.parametrize("inside", [_zeros, _long_name, _long_comment])
def test_an_archive_takes_no_more_than_was_signed(
    tmp_path: Path, inside: Callable[[tarfile.TarFile], None]
) -> None:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        inside(tar)
    packed = gzip.compress(plain.getvalue(), 1)
    assert len(packed) < len(plain.getvalue()) / 100
    archive = io.BytesIO(packed)
    del plain
    out = tmp_path / "out"
    out.mkdir()
    with at_most(8 * MIB), pytest.raises(ProgramError):
        unpack(archive, out, content_bytes=MIB, files=10)
    assert sum(path.stat().st_size for path in out.rglob("*")) <= MIB


def test_a_record_is_bounded_before_it_is_read_as_anything() -> None:
    deep = b'{"a":' * 5_000 + b"1" + b"}" * 5_000
    wide = b'{"a":"' + b"x" * (50 * MIB) + b'"}'
    long = b'{"a":' + b"9" * 60_000 + b"}"
    assert len(long) < MAX_RECORD_BYTES
    for data in (deep, wide, long):
        with at_most(MIB), pytest.raises(RecordUnreadable):
            read_object(data)


def test_a_tree_that_doesnt_fit_is_told_before_it_is_fetched(tmp_path: Path) -> None:
    """Terabytes that are all one blob: little to send, and no disk holds it."""
    store = MemoryStore(SystemClock())
    piece, count = 64 * MIB, 1 << 14
    blob = ["blob", BLOB, piece, SHA256]
    files = [
        file_line(f"f{number}", size=piece * count, pieces=[[0, 0, SHA256]] * count)
        for number in range(2)
    ]
    pointer = publish(store, [blob, TREE, *files], piece_bytes=piece)
    side = Side(store, tmp_path / "here")
    with pytest.raises(FileError, match="are needed there"):
        side.checkpoints.restore(2, pointer)
    assert sum(path.stat().st_size for path in side.home.rglob("*") if path.is_file()) < MIB
