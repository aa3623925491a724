"""Goal: only what the fleet's key has signed, for this fleet and at this number, is a version.

Method: a real folder store, written to by operators and by somebody without the key.
"""

from __future__ import annotations

import io
import threading
from dataclasses import asdict, fields, replace
from typing import Any

import pytest

from sessionlib.bundles import records
from sessionlib.bundles.records import CODE_RECORDS, PublishedCode
from sessionlib.bundles.transfer import download, is_stored
from sessionlib.errors import ProgramError, RecordUnreadable, SignatureInvalid, Unknown
from sessionlib.layout import BUNDLES, CODE_VERSIONS, bundle_piece_key, version_key
from sessionlib.ports import Store
from sessionlib.publishing import ARCHIVES_KEPT
from sessionlib.signed.records import VersionSeries
from sessionlib.signing import Purpose, canonical, public_of, sign_bytes, verify_bytes
from sessionlib.stores.folder import FolderStore
from tests.unit.bundles.published_code import (
    OTHER_SEED,
    PUBLIC,
    SEED,
    Fleet,
    fleet,
    no_progress,
    packed,
)

__all__ = ["fleet"]


def newest(fleet: Fleet, public: str = PUBLIC) -> PublishedCode | None:
    return VersionSeries(fleet.store, CODE_RECORDS, "my-fleet").newest(public)


def test_versions_rise_and_the_newest_counts(fleet: Fleet) -> None:
    assert newest(fleet) is None
    first = fleet.publish()
    second = fleet.publish("true")
    assert (first.version, second.version) == (1, 2)
    assert newest(fleet) == second
    assert CODE_RECORDS.decode(CODE_RECORDS.encode(second)) == second
    assert first.label == f"v1 {first.digest[:8]}"


CHANGED: dict[str, Any] = {
    "fleet": "other",
    "version": 9,
    "digest": "0" * 64,
    "bytes": 1,
    "content": "0" * 64,
    "content_bytes": 1,
    "files": 9,
    "setup": ("rm", "-rf", "/"),
    "at": 0.0,
    "by": "else",
    "signature": "0" * 128,
}


def test_every_field_is_signed(fleet: Fleet) -> None:
    good = fleet.publish("true")
    CODE_RECORDS.verify(good, PUBLIC)
    assert set(CHANGED) == {field.name for field in fields(PublishedCode)}
    for name, value in CHANGED.items():
        change: dict[str, Any] = {name: value}
        with pytest.raises(SignatureInvalid):
            CODE_RECORDS.verify(replace(good, **change), PUBLIC)


def test_a_signature_is_good_for_one_purpose_only(fleet: Fleet) -> None:
    good = fleet.publish()
    body = canonical({name: value for name, value in asdict(good).items() if name != "signature"})
    verify_bytes(Purpose.CODE, body, good.signature, PUBLIC)
    for purpose in set(Purpose) - {Purpose.CODE}:
        with pytest.raises(SignatureInvalid):
            verify_bytes(purpose, body, good.signature, PUBLIC)
        signature = sign_bytes(purpose, body, SEED)
        with pytest.raises(SignatureInvalid):
            CODE_RECORDS.verify(replace(good, signature=signature), PUBLIC)


def test_what_isnt_genuine_is_passed_over_with_a_reason(fleet: Fleet) -> None:
    good = fleet.publish()
    foreign = CODE_RECORDS.sign(replace(good, version=2), OTHER_SEED)
    of_another_fleet = CODE_RECORDS.sign(replace(good, version=3, fleet="other"), SEED)
    for number, data in (
        (2, CODE_RECORDS.encode(foreign)),
        (3, CODE_RECORDS.encode(of_another_fleet)),
        (4, CODE_RECORDS.encode(good)),  # replayed under a higher number
        (5, b"{"),
        (6, b'{"schema":"code/2"}'),
        (7, CODE_RECORDS.encode(replace(good, version=7, at=1.5)).replace(b"1.5", b"1e999")),
    ):
        fleet.store.create(version_key(CODE_VERSIONS, number), data)
    series = VersionSeries(fleet.store, CODE_RECORDS, "my-fleet")
    assert series.newest(PUBLIC) == good
    said = "\n".join(series.refused)
    assert "6.json: schema is 'code/2'" in said
    assert "5.json: not JSON" in said
    assert "7.json: 1e999 is more than a number can be" in said
    assert said.count("made for another fleet or version") == 2
    assert "2.json: it isn't signed by this fleet's key" in said
    assert newest(fleet, public_of(OTHER_SEED)) == foreign


def test_names_that_are_no_versions_are_no_versions(fleet: Fleet) -> None:
    good = fleet.publish()
    for name in ("x.json", "007.json", "-1.json", "1234567890.json", "2.json.bak"):
        fleet.store.create(f"{CODE_VERSIONS}{name}", CODE_RECORDS.encode(replace(good, version=7)))
    assert VersionSeries(fleet.store, CODE_RECORDS, "my-fleet").numbers() == [1]


def test_taken_numbers_are_stepped_over(fleet: Fleet) -> None:
    fleet.publish()
    fleet.store.create(version_key(CODE_VERSIONS, 2), b"squatted")
    fleet.store.create(version_key(CODE_VERSIONS, 999_999_999), b"squatted too")
    assert fleet.publish().version == 3
    found = newest(fleet)
    assert found is not None
    assert found.version == 3


def test_of_two_at_once_exactly_one_wins(fleet: Fleet) -> None:
    # Both have looked before either writes: the record's creation decides.
    gate = threading.Barrier(2)
    real = VersionSeries.next_free_number
    outcomes: list[PublishedCode | ProgramError] = []

    def free(self: VersionSeries[PublishedCode], last: PublishedCode | None) -> int:
        number = real(self, last)
        gate.wait(10)
        return number

    def publish(setup: str) -> None:
        try:
            outcomes.append(fleet.publish(setup))
        except ProgramError as error:
            outcomes.append(error)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(VersionSeries, "next_free_number", free)
        threads = [threading.Thread(target=publish, args=(word,)) for word in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    lost, won = sorted(outcomes, key=lambda outcome: isinstance(outcome, PublishedCode))
    assert isinstance(won, PublishedCode)
    assert "somebody else published version 1 at the same moment" in str(lost)
    assert newest(fleet) == won


class LostAnswers:
    """A store whose creates arrive, or don't, but are never answered."""

    def __init__(self, store: Store, *, arrives: bool) -> None:
        self._store = store
        self._arrives = arrives

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def create(self, key: str, data: bytes) -> str:
        if self._arrives:
            self._store.create(key, data)
        raise Unknown("no answer")


@pytest.mark.parametrize("arrives", [True, False])
def test_a_lost_answer_is_settled_by_reading_back(fleet: Fleet, arrives: bool) -> None:
    done, archive = packed(fleet.app)
    publisher = replace(
        fleet.publisher(),
        store=LostAnswers(fleet.store, arrives=arrives),  # type: ignore[arg-type]  # a proxy
    )
    if arrives:
        assert publisher.publish_code(done, archive, (), no_progress) == newest(fleet)
        return
    with pytest.raises(Unknown, match="version 1 may or may not have been published"):
        publisher.publish_code(done, archive, (), no_progress)
    assert newest(fleet) is None


def test_large_archives_go_in_pieces(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "PIECE_BYTES", 48)
    told: list[tuple[int, int]] = []
    done, archive = packed(fleet.app)
    published = fleet.publisher().publish_code(
        done, archive, (), lambda *so_far: told.append(so_far)
    )
    pieces = -(-published.bytes // 48)
    assert pieces > 2
    assert len(fleet.store.list(BUNDLES)) == pieces
    assert told[-1] == (published.bytes, published.bytes)
    assert is_stored(fleet.store, published.archive)
    last = bundle_piece_key(published.digest, pieces - 1)
    fleet.store.put(last, b"torn")
    assert not is_stored(fleet.store, published.archive)
    with pytest.raises(ProgramError, match="missing from the store, or torn"):
        download(fleet.store, published.archive, io.BytesIO(), no_progress)


def test_nothing_is_published_that_isnt_the_archive_any_more(fleet: Fleet) -> None:
    done, archive = packed(fleet.app)
    for rotten in (archive.getvalue()[:-1] + b"?", archive.getvalue()[:-1]):
        with pytest.raises(ProgramError, match="changed on this machine"):
            fleet.publisher().publish_code(done, io.BytesIO(rotten), (), no_progress)
    assert newest(fleet) is None


@pytest.mark.parametrize("kept", [b"", b"another"])
def test_nothing_is_published_that_the_store_doesnt_hold(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, kept: bytes
) -> None:
    real = FolderStore.put
    monkeypatch.setattr(FolderStore, "put", lambda store, key, _: real(store, key, kept))
    with pytest.raises(ProgramError, match=r"doesn't hold .* as it was given to it"):
        fleet.publish()
    assert newest(fleet) is None


@pytest.mark.parametrize("arrives", [True, False])
def test_a_piece_without_an_answer_is_settled_by_what_the_store_holds(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, arrives: bool
) -> None:
    real = FolderStore.put

    def put(store: FolderStore, key: str, data: bytes) -> None:
        if arrives:
            real(store, key, data)
        raise Unknown("no answer")

    monkeypatch.setattr(FolderStore, "put", put)
    if arrives:
        assert fleet.publish() == newest(fleet)
        return
    with pytest.raises(Unknown, match="no answer"):
        fleet.publish()


def test_old_archives_go_and_what_is_named_stays(fleet: Fleet) -> None:
    published = []
    for number in range(ARCHIVES_KEPT + 3):
        (fleet.app / "main.py").write_text(f"print({number})\n")
        published.append(fleet.publish())
    (fleet.app / "main.py").write_text("print(0)\n")
    back = fleet.publish()
    assert back.digest == published[0].digest
    fleet.store.put(bundle_piece_key("f" * 64, 0), b"somebody is about to publish this")
    (fleet.app / "main.py").write_text("print('last')\n")
    last = fleet.publish()
    there = [one.version for one in published if is_stored(fleet.store, one.archive)]
    assert there == [1, ARCHIVES_KEPT + 3]
    assert is_stored(fleet.store, back.archive)
    assert is_stored(fleet.store, last.archive)
    assert fleet.store.has(bundle_piece_key("f" * 64, 0)) is not None


def test_an_unreadable_record_has_a_reason() -> None:
    with pytest.raises(RecordUnreadable, match="fleet: Field required"):
        CODE_RECORDS.decode(b'{"schema":"code/1","version":"1"}')
