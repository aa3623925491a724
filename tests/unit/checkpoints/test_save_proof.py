"""Goal: nothing is published but what the store is proven to hold, and a copy can be stopped.

Method: stores that lie, fail and lose answers, and that interfere between two steps.
"""

from __future__ import annotations

import pytest

from sessionlib.checkpoints import CheckpointCancelled, UploadNotProven
from sessionlib.checkpoints.catalog import read_manifest
from sessionlib.checkpoints.save import upload
from sessionlib.checkpoints.store_names import BLOBS, MANIFESTS
from sessionlib.errors import Unknown, Unreachable
from sessionlib.stores.memory import MemoryStore
from tests.unit.checkpoints.counting_store import Meddled, here, store, there
from tests.unit.checkpoints.sessions import Side, fill, picture

__all__ = ["here", "store", "there"]


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessionlib.checkpoints.save.upload.sleep", lambda _: None)
    monkeypatch.setattr("sessionlib.checkpoints.save.copier.sleep", lambda _: None)


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
    with pytest.raises(UploadNotProven, match="as it was given"):
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
    with pytest.raises(UploadNotProven):
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


def test_a_copy_is_stopped_between_two_pieces(store: Meddled, here: Side) -> None:
    fill(here.data, a="".join(f"{number:064}" for number in range(200)))
    told: list[str | None] = []

    def stop(key: str) -> None:
        if len(store.puts) == 20:
            told.append(here.checkpoints.progress)
            here.checkpoints.cancel()

    store.before_put = stop
    with pytest.raises(CheckpointCancelled):
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
    with pytest.raises(CheckpointCancelled):
        there.checkpoints.fetch(pointer)
    assert len(gets) < 40
    assert any(text and text.startswith("fetching 0.0 of 0.0 MB") for text in gets)
    gets.clear()
    done = there.checkpoints.restore(2, pointer)
    assert 0 < done.moved_bytes < pointer.bytes
    assert picture(there.data) == picture(here.data)


def test_pauses_are_short_beside_a_lease() -> None:
    assert sum(upload.PAUSES_S) < 10


def test_nothing_but_manifests_and_blobs_lies_in_the_store(store: Meddled, here: Side) -> None:
    fill(here.data, a="1")
    here.copy(1, None)
    assert all(key.startswith((BLOBS, MANIFESTS)) for key in store.list("data/"))
