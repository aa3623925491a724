"""Data between sessions: whole or not there, and set aside rather than lost."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from sessionlib.agent.carrier import COPIES_KEPT, Carrier
from sessionlib.clock import SystemClock
from sessionlib.core.values import Pointer
from sessionlib.errors import Unreachable
from sessionlib.stores.memory import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(SystemClock())


def folder(path: Path, text: str) -> Path:
    (path / "deep").mkdir(parents=True)
    (path / "deep" / "a file.txt").write_text(text)
    return path


def sealed(carrier: Carrier, epoch: int = 1) -> Pointer:
    done = carrier.seal(epoch, "token")
    assert done.why is None
    assert done.token == "token"  # noqa: S105 - no secret
    assert done.pointer is not None
    return done.pointer


def test_what_one_session_seals_the_next_one_has(tmp_path: Path, store: MemoryStore) -> None:
    pointer = sealed(Carrier(store, folder(tmp_path / "a", "one")))
    there = tmp_path / "b"
    assert Carrier(store, there).restore(2, pointer).why is None
    assert (there / "deep" / "a file.txt").read_text() == "one"


def test_without_a_copy_the_folder_stays_as_it_is(tmp_path: Path, store: MemoryStore) -> None:
    data = folder(tmp_path / "a", "one")
    assert Carrier(store, data).restore(1, None).why is None
    assert (data / "deep" / "a file.txt").read_text() == "one"
    assert Carrier(store, tmp_path / "none").seal(1, "t").pointer is None


def test_data_that_exists_nowhere_else_is_set_aside(tmp_path: Path, store: MemoryStore) -> None:
    pointer = sealed(Carrier(store, folder(tmp_path / "a", "handed over")))
    mine = folder(tmp_path / "b", "mine alone")
    Carrier(store, mine).restore(2, pointer)
    (aside,) = tmp_path.glob("b.aside-2-*")
    assert (aside / "deep" / "a file.txt").read_text() == "mine alone"
    assert (mine / "deep" / "a file.txt").read_text() == "handed over"


def test_what_the_store_holds_to_the_byte_needs_no_setting_aside(
    tmp_path: Path, store: MemoryStore
) -> None:
    carrier = Carrier(store, folder(tmp_path / "a", "one"))
    pointer = sealed(carrier)
    carrier.restore(2, pointer)
    assert not list(tmp_path.glob("a.aside-*"))


def test_but_not_when_the_work_has_gone_on_since(tmp_path: Path, store: MemoryStore) -> None:
    carrier = Carrier(store, folder(tmp_path / "a", "one"))
    pointer = sealed(carrier)
    carrier.restore(2, pointer)
    (tmp_path / "a" / "deep" / "a file.txt").write_text("two")
    carrier.restore(3, pointer)
    (aside,) = tmp_path.glob("a.aside-3-*")
    assert (aside / "deep" / "a file.txt").read_text() == "two"


def test_nor_when_the_store_has_lost_its_copy(tmp_path: Path, store: MemoryStore) -> None:
    mine = Carrier(store, folder(tmp_path / "a", "one"))
    lost = sealed(mine)
    other = sealed(Carrier(store, folder(tmp_path / "b", "two")), epoch=2)
    store.delete(f"data/{lost.name}")
    mine.restore(3, other)
    assert len(list(tmp_path.glob("a.aside-3-*"))) == 1


@pytest.mark.parametrize("size", [-1, 1])
def test_a_torn_or_missing_copy_touches_nothing(
    tmp_path: Path, store: MemoryStore, size: int
) -> None:
    pointer = sealed(Carrier(store, folder(tmp_path / "a", "one")))
    body = store.get(f"data/{pointer.name}")
    assert body is not None
    store.put(f"data/{pointer.name}", body[:size] if size < 0 else body + b"x")
    mine = folder(tmp_path / "b", "mine")
    done = Carrier(store, mine).restore(2, pointer)
    assert done.why is not None
    assert "torn" in done.why
    assert (mine / "deep" / "a file.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["../outside", "/etc/outside"])
def test_an_archive_that_reaches_out_is_refused(
    tmp_path: Path, store: MemoryStore, name: str
) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, name
        archive.addfile(link)
    store.put("data/evil.tar", buffer.getvalue())
    pointer = Pointer(1, 0, "evil.tar", len(buffer.getvalue()))
    done = Carrier(store, tmp_path / "b").restore(2, pointer)
    assert done.why is not None
    assert not (tmp_path / "b").exists()


def test_a_store_that_fails_is_an_answer(
    tmp_path: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(key: str, data: bytes) -> None:
        raise Unreachable("no space left")

    monkeypatch.setattr(store, "put", full)
    done = Carrier(store, folder(tmp_path / "a", "one")).seal(1, "t")
    assert done.why is not None
    assert "no space" in done.why


def test_old_copies_go_but_never_the_one_pointed_at(tmp_path: Path, store: MemoryStore) -> None:
    carrier = Carrier(store, folder(tmp_path / "a", "one"))
    pointers = [sealed(carrier, epoch) for epoch in range(1, 8)]
    carrier.collect(pointers[0])
    left = store.list("data/")
    assert f"data/{pointers[0].name}" in left
    assert len(left) == COPIES_KEPT + 1
    assert f"data/{pointers[-1].name}" in left
