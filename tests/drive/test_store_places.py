"""Goal: each key has one place, and what is small has one home. Method: as values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlib.core.values import Lease, LeaseState
from sessionlib.layout import DRIVE_FILES, DRIVE_FOLDERS, DRIVE_PATHS, FOLDERS
from sessionlib.records import MAX_LEASE_BYTES, encode
from sessionlib.stores.drive import content
from sessionlib.stores.drive.doorbell import MAX_BELL_BYTES, MAX_RINGS, DriveBell, decode
from sessionlib.stores.drive.doorbell import encode as encode_bell
from sessionlib.stores.drive.files import DriveFile, newest_by_title
from sessionlib.stores.drive.key_locations import FolderTree, key_of
from sessionlib.stores.drive.responses import NoResponse

TREE = FolderTree("root", {path: f"id:{path}" for path in DRIVE_PATHS}, DRIVE_FILES)
KEY_PART = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,12}", fullmatch=True)


@pytest.mark.parametrize(
    ("key", "folder", "title"),
    [
        ("state/orders/abc.json", "state/orders", "abc.json"),
        ("state/handover_signal.json", "state", "handover_signal.json"),
        ("logs/main/agent.jsonl", "logs", "main/agent.jsonl"),
        ("config/1.json", "config", "1.json"),
        ("config/keys/0a.json", "config/keys", "0a.json"),
        ("stated/x", "", "stated/x"),
        ("x", "", "x"),
    ],
)
def test_a_key_lies_in_the_deepest_folder_of_the_tree(key: str, folder: str, title: str) -> None:
    assert TREE.locate(key) == (folder, title)


@given(st.lists(KEY_PART, min_size=1, max_size=4), st.sampled_from(["", *DRIVE_FOLDERS]))
def test_a_place_says_its_key_and_is_found_by_every_prefix(parts: list[str], under: str) -> None:
    key = "/".join([under, *parts] if under else parts)
    place = TREE.locate(key)
    assert key_of(*place) == key
    for end, char in enumerate(key):
        if char == "/":
            assert place.folder in TREE.folders_of(key[: end + 1])


def test_the_tree_holds_the_five_folders_of_every_store() -> None:
    assert set(FOLDERS) <= set(DRIVE_FOLDERS)
    assert TREE.folders_of("state/orders/") == ["state/orders"]
    assert TREE.folders_of("state/elsewhere/") == ["state"]
    assert TREE.folders_of("config/") == ["config", "config/keys"]
    assert TREE.file_id("state/lease.json") == "id:state/lease.json"
    assert TREE.file_id("state/orders") is None


@pytest.mark.parametrize(
    ("data", "inline"),
    [
        (b'{"a":1}', True),
        ('{"a":"\u00e9"}'.encode(), True),
        (b"", True),
        (b"x", True),
        (b'{"a":1}\n', True),
        (b'{"a":"\x01"}', True),
        (b'{"a":"\xff"}', True),
        (b"base64:x", True),
        (b"(in the file)", True),
        (bytes(2_900), True),
        (bytes(3_100), False),
        (b'{"a":"' + b"x" * 3_900 + b'"}', True),
        (b'{"a":"' + b"x" * 4_000 + b'"}', False),
    ],
)
def test_what_is_small_stands_in_a_description_and_comes_back_as_it_was(
    data: bytes, inline: bool
) -> None:
    assert content.is_inline(data) is inline
    text = content.description_of(data)
    assert text.isprintable()
    assert text == text.strip() != ""
    described = DriveFile("i", "t", "e", 0, 0, text, content.md5(data))
    assert content.inline_value(described) == (data if inline else None)
    assert content.digest(described) == content.md5(data)


def test_every_lease_is_inline() -> None:
    lease = Lease(7, "main", "s", "i", 3, "n", 60.0, LeaseState.HELD)
    assert content.is_inline(encode(lease))
    assert MAX_LEASE_BYTES <= content.MAX_INLINE_BYTES


def test_what_somebody_spoilt_is_no_value() -> None:
    with pytest.raises(NoResponse, match="by hand"):
        content.inline_value(DriveFile("i", "t", "e", 0, 0, "base64:\u00e9!"))
    assert content.inline_value(DriveFile("i", "t", "e", 0, 0, "a note of mine")) is None


def test_of_files_with_one_name_the_oldest_counts_whatever_the_order() -> None:
    files = [
        DriveFile("b", "x", "", 2, 9),
        DriveFile("c", "x", "", 1, 9),
        DriveFile("a", "x", "", 1, 9),
    ]
    assert newest_by_title(files) == newest_by_title(reversed(files)) == {"x": files[2]}


def test_a_reader_of_the_bell_hears_all_that_it_missed_or_that_it_missed_too_much() -> None:
    bell = before = DriveBell("cast")
    for number in range(1, 3 * MAX_RINGS):
        bell = bell.with_ring((f"state/orders/{number}.json", f"id{number}"))
        newer = bell.since(before)
        if number <= MAX_RINGS:
            assert newer is not None
            assert [ring.number for ring in newer] == list(range(1, number + 1))
        else:
            assert newer is None
        assert bell.since(bell) == ()
        assert decode(encode_bell(bell).decode()) == bell
        assert bell.id_of(f"state/orders/{number}.json") == f"id{number}"


def test_a_bell_that_was_made_anew_says_nothing_of_what_was_missed() -> None:
    assert DriveBell("new", 5).since(DriveBell("old", 5)) is None
    assert DriveBell("one", 4).since(DriveBell("one", 5)) is None
    assert DriveBell("one", 4).since(None) is None


def test_a_bell_stays_small_enough_for_a_description() -> None:
    bell = DriveBell("cast")
    for number in range(40):
        bell = bell.with_ring((f"data/manifests/{number}-{'f' * 150}.json", "i" * 44))
    assert len(encode_bell(bell)) <= MAX_BELL_BYTES <= content.MAX_INLINE_BYTES
    assert content.is_inline(encode_bell(bell))
    assert bell.rings[-1].number == 40


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "{}",
        "[" * 50_000,
        '{"schema":"bell/2"}',
        '{"schema":"bell/1","cast":"c","number":-1,"rings":[]}',
        '{"schema":"bell/1","cast":"c","number":1,"rings":[[1,"k"]]}',
    ],
)
def test_a_bell_that_cant_be_made_out_is_none(text: str) -> None:
    assert decode(text) is None
