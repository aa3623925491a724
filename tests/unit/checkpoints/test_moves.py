"""Goal: data goes from one session to the next whole, and what exists nowhere else stays.

Method: sessions on one machine that share a store, with pieces of a few bytes.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sessionlib.checkpoints import CheckpointDamaged, CheckpointError, CheckpointMissing
from sessionlib.checkpoints.catalog import read_manifest, verify
from sessionlib.checkpoints.store_names import MANIFESTS, blob_key
from sessionlib.clock import SystemClock
from sessionlib.core.values import Pointer
from sessionlib.stores.memory import MemoryStore
from tests.unit.checkpoints.sessions import Side, fill, picture


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(SystemClock())


@pytest.fixture
def here(store: MemoryStore, tmp_path: Path) -> Side:
    return Side(store, tmp_path / "here")


@pytest.fixture
def there(store: MemoryStore, tmp_path: Path) -> Side:
    return Side(store, tmp_path / "there")


def test_what_one_session_copies_the_next_one_has(here: Side, there: Side) -> None:
    data = fill(here.data, deep__small="one", large="x" * 200, empty="")
    (data / "nothing in it").mkdir()
    (data / "deep" / "link").symlink_to("../large")
    (data / "deep" / "small").chmod(0o640)
    (data / "deep").chmod(0o550)
    done = there.checkpoints.restore(2, here.copy(1, None))
    assert picture(there.data) == picture(data)
    assert (done.kept_existing, done.set_aside_at, done.moved_bytes) == (False, None, 203)
    assert there.beside() == set()


def test_where_there_is_no_directory_there_is_no_copy(here: Side) -> None:
    assert here.checkpoints.copy(1, None) is None


def test_a_directory_prepared_before_the_first_start_is_used(here: Side) -> None:
    fill(here.data, initial="mine")
    done = here.checkpoints.restore(1, None)
    assert done.kept_existing
    assert (here.data / "initial").read_text() == "mine"


def test_without_anything_the_work_begins_in_an_empty_directory(here: Side) -> None:
    assert not here.checkpoints.restore(1, None).kept_existing
    assert list(here.data.iterdir()) == []


def test_a_restarted_agent_goes_on_if_nobody_has_claimed_since(here: Side) -> None:
    here.checkpoints.restore(1, None)
    fill(here.data, saved="1")
    pointer = here.copy(1, None)
    fill(here.data, newer="than the checkpoint")
    here.start()
    assert here.checkpoints.restore(2, pointer).kept_existing
    assert (here.data / "newer").exists()


def test_it_goes_on_from_a_copy_that_was_never_published_too(here: Side) -> None:
    here.checkpoints.restore(1, None)
    fill(here.data, saved="1")
    published = here.copy(1, None)
    fill(here.data, saved="2")
    here.copy(1, published)
    here.start()
    assert here.checkpoints.restore(2, published).kept_existing
    assert (here.data / "saved").read_text() == "2"


def test_once_somebody_else_has_claimed_it_is_set_aside(here: Side, there: Side) -> None:
    here.checkpoints.restore(1, None)
    fill(here.data, saved="1")
    pointer = here.copy(1, None)
    fill(here.data, saved="mine alone")
    there.checkpoints.restore(2, pointer)
    done = here.checkpoints.restore(3, pointer)
    assert not done.kept_existing
    (aside,) = here.aside()
    assert done.set_aside_at == aside
    assert aside.name in done.text
    assert (aside / "saved").read_text() == "mine alone"
    assert (here.data / "saved").read_text() == "1"


def test_nor_does_it_go_on_from_nothing_once_somebody_else_has(here: Side) -> None:
    here.checkpoints.restore(1, None)
    fill(here.data, saved="1")
    done = here.checkpoints.restore(3, None)
    assert not done.kept_existing
    assert [(path / "saved").read_text() for path in here.aside()] == ["1"]
    assert list(here.data.iterdir()) == []


def test_a_lease_record_that_was_made_again_leaves_the_data_where_it_is(here: Side) -> None:
    here.checkpoints.restore(1, None)
    fill(here.data, saved="1")
    sealed = here.copy(1, None)
    here.checkpoints.restore(2, sealed)
    done = here.checkpoints.restore(9, None)
    assert done.kept_existing
    assert (here.data / "saved").read_text() == "1"


def test_a_prepared_directory_gives_way_to_a_checkpoint(here: Side, there: Side) -> None:
    fill(here.data, a="published")
    fill(there.data, a="prepared")
    done = there.checkpoints.restore(2, here.copy(1, None))
    assert done.set_aside_at is not None
    assert (done.set_aside_at / "a").read_text() == "prepared"
    assert (there.data / "a").read_text() == "published"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"schema": "stem/1", "epoch": 1, "stems": ["../x"]}',
        '{"schema": "stem/1", "epoch": true, "stems": 5}',
        '{"schema": "stem/2", "epoch": 1, "stems": [null]}',
    ],
)
def test_a_note_that_cant_be_believed_sets_aside(here: Side, text: str) -> None:
    here.checkpoints.restore(1, None)
    fill(here.data, a="1")
    (here.home / "data.stem.json").write_text(text)
    here.checkpoints.restore(2, None)
    assert len(here.aside()) == 1


def test_a_copy_that_cant_be_noted_here_is_one_all_the_same(
    store: MemoryStore, here: Side, there: Side
) -> None:
    here.checkpoints.restore(1, None)
    fill(here.data, a="1")
    published = here.copy(1, None)
    fill(here.data, a="2")
    (here.home / ".data.stem.json.draft").mkdir()  # where the note is written first
    made = here.made(1, published)
    assert "not noted here" in made.receipt
    assert verify(store, made.pointer.name) == []
    there.checkpoints.restore(2, made.pointer)
    assert (there.data / "a").read_text() == "2"


def test_what_it_costs_is_that_a_restart_sets_the_directory_aside_whole(here: Side) -> None:
    here.checkpoints.restore(1, None)
    fill(here.data, a="1")
    published = here.copy(1, None)
    draft = here.home / ".data.stem.json.draft"
    draft.mkdir()
    unnoted = here.copy(1, published)
    draft.rmdir()
    fill(here.data, a="newer than the checkpoint")
    here.start()
    done = here.checkpoints.restore(2, unnoted)
    assert done.set_aside_at is not None
    assert (done.set_aside_at / "a").read_text() == "newer than the checkpoint"
    assert (here.data / "a").read_text() == "1"


def test_a_return_fetches_only_what_has_changed(here: Side, there: Side) -> None:
    here.checkpoints.restore(1, None)
    fill(here.data, big="x" * 500, small="1")
    sealed = here.copy(1, None)
    there.checkpoints.restore(2, sealed)
    fill(there.data, small="2")
    newer = there.copy(2, sealed)
    done = here.checkpoints.restore(3, newer)
    assert (done.set_aside_at, done.moved_bytes) == (None, 1)
    assert picture(here.data) == picture(there.data)
    assert here.beside() == set()


def test_but_not_if_the_seal_was_never_published(here: Side, there: Side) -> None:
    here.checkpoints.restore(1, None)
    fill(here.data, a="1")
    published = here.copy(1, None)
    fill(here.data, a="2")
    here.copy(1, published)
    there.checkpoints.restore(2, published)
    newer = there.copy(2, published)
    done = here.checkpoints.restore(3, newer)
    assert done.set_aside_at is not None
    assert (done.set_aside_at / "a").read_text() == "2"


@pytest.mark.parametrize("restarted", [False, True])
def test_nor_if_the_work_has_gone_on_since(here: Side, there: Side, restarted: bool) -> None:
    here.checkpoints.restore(1, None)
    fill(here.data, a="1", b="1")
    sealed = here.copy(1, None)
    there.checkpoints.restore(2, sealed)
    newer = there.copy(2, sealed)
    fill(here.data, b="2")
    if restarted:
        here.start()
    done = here.checkpoints.restore(3, newer)
    assert done.set_aside_at is not None
    assert (done.set_aside_at / "b").read_text() == "2"


def test_a_successor_fetches_ahead_and_then_only_the_delta(here: Side, there: Side) -> None:
    fill(here.data, big="x" * 500, small="1")
    first = here.copy(1, None)
    there.checkpoints.fetch(first)
    assert not there.data.exists()
    fill(here.data, small="2")
    second = here.copy(1, first)
    there.checkpoints.fetch(second)
    done = there.checkpoints.restore(2, second)
    assert done.moved_bytes == 0
    assert picture(there.data) == picture(here.data)


def test_a_shadow_from_another_process_is_believed_only_as_far_as_it_hashes(
    here: Side, there: Side
) -> None:
    fill(here.data, a="x" * 200, b="y" * 200, c="z")
    pointer = here.copy(1, None)
    there.checkpoints.fetch(pointer)
    shadow = there.home / ".data.next"
    (shadow / "a").write_text("x" * 100 + "!" + "x" * 99)
    (shadow / "c").unlink()
    (shadow / "stray").mkdir()
    there.start()
    done = there.checkpoints.restore(2, pointer)
    assert 0 < done.moved_bytes <= 65
    assert picture(there.data) == picture(here.data)


def test_what_has_another_name_elsewhere_isnt_written_into(here: Side, there: Side) -> None:
    there.checkpoints.restore(1, None)
    fill(there.data, a="old" * 50)
    sealed = there.copy(1, None)
    (there.home / "backup").hardlink_to(there.data / "a")
    here.checkpoints.restore(2, sealed)
    fill(here.data, a="new" * 50)
    there.checkpoints.restore(3, here.copy(2, sealed))
    assert (there.home / "backup").read_text() == "old" * 50
    assert (there.data / "a").read_text() == "new" * 50


def test_each_kind_of_thing_can_become_each_other(here: Side, there: Side) -> None:
    fill(here.data, a="file", b__x="in a folder", d="target")
    (here.data / "c").symlink_to("d")
    first = here.copy(1, None)
    there.checkpoints.fetch(first)
    (here.data / "a").unlink()
    fill(here.data, a__y="now a folder")
    (here.data / "b" / "x").unlink()
    (here.data / "b").rmdir()
    (here.data / "b").symlink_to("a")
    (here.data / "c").unlink()
    fill(here.data, c="now a file")
    there.checkpoints.restore(2, here.copy(1, first))
    assert picture(there.data) == picture(here.data)


def test_a_checkpoint_that_is_gone_touches_nothing(here: Side, there: Side) -> None:
    fill(there.data, a="mine")
    with pytest.raises(CheckpointMissing, match="superseded"):
        there.checkpoints.restore(2, Pointer(1, 1, "1-1-" + "0" * 32, 5))
    assert picture(there.data).keys() == {".", "a"}


@pytest.mark.parametrize("harm", ["cut", "other", "missing"])
def test_a_damaged_blob_touches_nothing(
    store: MemoryStore, here: Side, there: Side, harm: str
) -> None:
    fill(here.data, a="x" * 60)
    pointer = here.copy(1, None)
    (blob,) = read_manifest(store, pointer.name).blobs
    key = blob_key(blob.name)
    data = store.get(key)
    assert data is not None
    store.delete(key)
    if harm != "missing":
        store.put(key, data[:-1] if harm == "cut" else data[:-1] + b"!")
    fill(there.data, a="mine")
    with pytest.raises((CheckpointDamaged, CheckpointMissing), match=blob.name):
        there.checkpoints.restore(2, pointer)
    assert (there.data / "a").read_text() == "mine"


def test_a_manifest_that_was_changed_is_noticed(
    store: MemoryStore, here: Side, there: Side
) -> None:
    fill(here.data, a="1")
    pointer = here.copy(1, None)
    key = f"{MANIFESTS}{pointer.name}.json"
    found = store.read(key)
    assert found is not None
    body = json.loads(found.data)
    store.replace(key, json.dumps(body | {"files": 2}).encode(), found.version)
    with pytest.raises(CheckpointDamaged, match="isn't the one that was published"):
        there.checkpoints.fetch(pointer)


def test_a_pointer_and_its_manifest_must_agree(here: Side, there: Side) -> None:
    fill(here.data, a="1")
    pointer = here.copy(1, None)
    with pytest.raises(CheckpointDamaged):
        there.checkpoints.fetch(Pointer(pointer.epoch, pointer.seq, pointer.name, 99))


def test_a_copy_follows_on_nothing_newer_than_its_epoch(here: Side) -> None:
    fill(here.data, a="1")
    pointer = here.copy(3, None)
    with pytest.raises(CheckpointError, match="somebody else has published"):
        here.copy(2, pointer)
