"""Goal: a manifest that somebody else wrote can neither write elsewhere nor break its reader.

Method: manifests made by hand, well-hashed, so that only their content is wrong;
and random damage, which must always be a typed error.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionlib.checkpoints import CheckpointDamaged, CheckpointMissing
from sessionlib.checkpoints.catalog import list_checkpoints, read_manifest
from sessionlib.checkpoints.manifest import MAX_LIST_RAW_BYTES, MAX_LISTS, Manifest, ManifestHead
from sessionlib.checkpoints.manifest_parser import decode_head, decode_lists
from sessionlib.checkpoints.safe_paths import stays_inside
from sessionlib.checkpoints.store_names import (
    BLOBS,
    CheckpointNumber,
    checkpoint_name,
)
from sessionlib.clock import SystemClock
from sessionlib.core.values import Pointer
from sessionlib.stores.memory import MemoryStore
from tests.unit.checkpoints.manifest_builder import (
    BLOB,
    BLOB_LINE,
    GOOD,
    SHA256,
    TREE,
    file_line,
    publish,
    publish_raw,
)
from tests.unit.checkpoints.sessions import Side, picture


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(SystemClock())


@pytest.fixture
def side(store: MemoryStore, tmp_path: Path) -> Side:
    return Side(store, tmp_path / "here")


def test_what_is_wrong_below_is_wrong_and_not_the_rest(store: MemoryStore, side: Side) -> None:
    side.checkpoints.restore(2, publish(store, GOOD))
    assert (side.data / "l").read_text() == "content"


EVIL_PATHS = [
    "/etc/x",
    "../x",
    "d/../../x",
    "d/./x",
    "d//x",
    "",
    ".",
    "..",
    "d/",
    "nul\0",
    "\ud800",
    "x" * 256,
    "/".join(["d"] * 300),
    "nowhere/x",
    "d/f/x",
    "l/x",
]


@pytest.mark.parametrize("path", EVIL_PATHS)
@pytest.mark.parametrize("kind", ["file", "dir", "link"])
def test_a_path_that_lies_elsewhere_or_in_no_folder_is_refused(
    store: MemoryStore, side: Side, path: str, kind: str
) -> None:
    line = {"file": file_line(path), "dir": ["dir", path, 0o755, 0], "link": ["link", path, "d"]}
    pointer = publish(store, [*GOOD, line[kind]])
    with pytest.raises(CheckpointDamaged):
        side.checkpoints.restore(2, pointer)
    assert not side.data.exists()
    assert sorted(path.name for path in side.home.parent.iterdir()) == ["here"]


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("x", "/etc/passwd"),
        ("x", ".."),
        ("x", "../here/data"),
        ("d/x", "../../x"),
        ("d/x", "f/../../../x"),
        ("x", "d/../x"),
        ("x", ""),
        ("x", "nul\0"),
        ("x", "\ud800"),
        ("x", "y" * 5000),
    ],
)
def test_a_link_that_may_lead_out_is_refused(
    store: MemoryStore, side: Side, path: str, target: str
) -> None:
    pointer = publish(store, [*GOOD, ["link", path, target]])
    with pytest.raises(CheckpointDamaged):
        side.checkpoints.restore(2, pointer)
    assert not side.data.exists()


BAD_LINES: dict[str, Any] = {
    "twice": file_line("d/f"),
    "a file where a folder is": file_line("d"),
    "a folder where a file is": ["dir", "d/f", 0o755, 0],
    "a link where a file is": ["link", "d/f", "x"],
    "the tree again": TREE,
    "a device": ["device", "x", 0o644, 1, 3],
    "a pipe": ["fifo", "x"],
    "a run-as bit": file_line("x", mode=0o4755),
    "a negative mode": file_line("x", mode=-1),
    "a mode that is true": file_line("x", mode=True),
    "a time too large": file_line("x", mtime_ns=1 << 63),
    "a time that is a float": file_line("x", mtime_ns=1.5),
    "too few pieces": file_line("x", pieces=[]),
    "too many pieces": file_line("x", pieces=[[0, 0, SHA256]] * 2),
    "a piece beyond its blob": file_line("x", pieces=[[0, 1, SHA256]]),
    "a piece before its blob": file_line("x", pieces=[[0, -1, SHA256]]),
    "a piece of no blob": file_line("x", pieces=[[1, 0, SHA256]]),
    "a piece of the last blob": file_line("x", pieces=[[-1, 0, SHA256]]),
    "a piece that is text": file_line("x", pieces=["abc"]),
    "pieces that are text": file_line("x", pieces="abc"),
    "a hash too short": file_line("x", pieces=[[0, 0, SHA256[:-2]]]),
    "a hash that is none": file_line("x", pieces=[[0, 0, None]]),
    "a size too large": file_line("x", size=1 << 60),
    "a negative size": file_line("x", size=-7),
    "a blob twice": BLOB_LINE,
    "a blob of another name": ["blob", "../../x", 7, SHA256],
    "a blob too large": ["blob", BLOB[:-1] + "0", 1 << 40, SHA256],
    "a number": 5,
    "nothing": [],
    "an object": {"file": "x"},
    "a path that is a number": ["dir", 5, 0o755, 0],
    "not a number": file_line("x", mtime_ns=float("nan")),
    "deep": json.loads("[" * 900 + "]" * 900),
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_line_that_is_not_as_ours_is_refused(store: MemoryStore, side: Side, line: Any) -> None:
    pointer = publish(store, [*GOOD, line])
    with pytest.raises(CheckpointDamaged):
        side.checkpoints.restore(2, pointer)
    assert not side.data.exists()


BAD_HEADS: dict[str, dict[str, Any]] = {
    "another schema": {"schema": "checkpoint/2"},
    "a field too many": {"more": 1},
    "another epoch": {"epoch": 2},
    "an epoch that is true": {"epoch": True},
    "fewer files": {"files": 0},
    "fewer bytes": {"bytes": 6},
    "pieces of nothing": {"piece_bytes": 0},
    "no lists": {"lists": []},
    "lists that are text": {"lists": ["x"]},
    "too many lists": {"lists": [[BLOB, 7, SHA256, 7]] * (MAX_LISTS + 1)},
    "a list elsewhere": {"lists": [["../x", 7, SHA256, 7]]},
    "a list that isn't packed": {"lists": [[BLOB, 7, SHA256, 7]]},
    "following on nonsense": {"after": ["../x"]},
}


@pytest.mark.parametrize("head", BAD_HEADS.values(), ids=BAD_HEADS.keys())
def test_a_head_that_is_not_as_ours_is_refused(
    store: MemoryStore, side: Side, head: dict[str, Any]
) -> None:
    pointer = publish(store, GOOD, **head)
    with pytest.raises(CheckpointDamaged):
        side.checkpoints.restore(2, pointer)
    assert not side.data.exists()


BOMB = zlib.compress(b"\n" * (MAX_LIST_RAW_BYTES + 2), 1)


@pytest.mark.parametrize("stated", [10, MAX_LIST_RAW_BYTES, MAX_LIST_RAW_BYTES * 100])
def test_a_bomb_is_not_unpacked(store: MemoryStore, side: Side, stated: int) -> None:
    pointer = publish_raw(store, BOMB, stated, [])
    with pytest.raises(CheckpointDamaged):
        side.checkpoints.fetch(pointer)


def test_a_blob_that_is_longer_than_it_should_be_is_not_even_read(
    store: MemoryStore, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    pointer = publish(store, GOOD)
    store.put(BLOBS + BLOB, b"x" * 10_000)
    read = []
    get = store.get

    def noted(key: str) -> bytes | None:
        read.append(key)
        return get(key)

    monkeypatch.setattr(store, "has", lambda key: len(get(key) or b""))
    monkeypatch.setattr(store, "get", noted)
    with pytest.raises(CheckpointDamaged, match="10000 bytes long, not 7"):
        side.checkpoints.fetch(pointer)
    assert BLOBS + BLOB not in read


@pytest.mark.parametrize("name", ["", "x", "1-1", "1-1-" + "g" * 32, "../" + "1" * 40])
def test_a_name_that_is_no_checkpoints_is_refused(
    store: MemoryStore, side: Side, name: str
) -> None:
    with pytest.raises((CheckpointDamaged, CheckpointMissing)):
        side.checkpoints.fetch(Pointer(1, 1, name, 0))


def test_a_listing_shows_the_harmed_beside_the_whole(store: MemoryStore) -> None:
    good = publish(store, GOOD)
    bad = publish(store, GOOD, epoch=5)
    found = {one.name: one for one in list_checkpoints(store)}
    assert found[good.name].error is None
    assert found[bad.name].error is not None


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_break_the_readers(data: bytes) -> None:
    name = checkpoint_name(CheckpointNumber(1, 1), data)
    with pytest.raises(CheckpointDamaged):
        decode_head(name, data)
    head = ManifestHead(1, 1, 0, 0, 64, (), (), "0")
    with pytest.raises(CheckpointDamaged):
        decode_lists(name, head, [data])


ATOMS = st.sampled_from([None, True, 0, -1, 7, 0.5, "", "a", ".", BLOB, SHA256, 1 << 70])
JSON = ATOMS | st.lists(ATOMS | st.lists(ATOMS, max_size=3), max_size=4)
NEARLY = st.lists(
    st.tuples(st.sampled_from(["blob", "dir", "file", "link"]), JSON, JSON, JSON, JSON, JSON)
    | st.tuples(st.sampled_from(["blob", "dir", "link"]), JSON, JSON, JSON)
    | st.sampled_from([tuple(line) for line in GOOD]),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(NEARLY)
def test_lines_are_read_or_refused_and_nothing_else(lines: list[Any]) -> None:
    raw = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    head = ManifestHead(1, 1, 7, 1, 64, (), (), "0")
    try:
        manifest = decode_lists("1-1-" + "0" * 32, head, [raw])
    except CheckpointDamaged:
        return
    assert isinstance(manifest, Manifest)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(["..", ".", "a", "b", ""]), min_size=1, max_size=6).map("/".join),
    st.integers(0, 3),
)
def test_a_link_that_is_let_through_never_climbs_out(target: str, depth: int) -> None:
    path = "/".join(["d"] * depth + ["link"])
    if not stays_inside(path, target):
        return
    # Whatever a and b are, the climbing is over before either is entered.
    level = depth
    for number, part in enumerate(target.split("/")):
        if part == "..":
            level -= 1
            assert set(target.split("/")[:number]) <= {"..", ".", ""}
    assert level >= 0
    assert not target.startswith("/")


def test_an_unreadable_manifest_is_told_as_what_it_is(store: MemoryStore) -> None:
    with pytest.raises(CheckpointMissing, match="superseded"):
        read_manifest(store, "1-1-" + "0" * 32)


def test_hostile_links_among_good_ones_cannot_combine(store: MemoryStore, side: Side) -> None:
    """A link to a folder, and one that goes through it: each stays at its own real depth."""
    lines = [
        *GOOD,
        ["dir", "d/e", 0o755, 0],
        ["link", "d/up", "../d/e"],
        ["link", "through", "d/up"],
    ]
    side.checkpoints.restore(2, publish(store, lines))
    assert (side.data / "through").resolve() == (side.data / "d" / "e").resolve()
    assert picture(side.data)["through"] == ("link", "d/up")
