"""Goal: a copy holds each file as it was at one moment, or says which one it can't take and why.

Method: files that change or go away while they are read, fail, or can't be kept at all.
"""

from __future__ import annotations

import errno
import os
import socket
import threading
from pathlib import Path

import pytest

from sessionlib.checkpoints import FileError, KeepsChanging, Unsuitable, file_index
from sessionlib.checkpoints.scan import DirectoryScan, scan
from sessionlib.checkpoints.store_names import MANIFESTS
from tests.unit.checkpoints.counting_store import Meddled, here, store, there
from tests.unit.checkpoints.sessions import Side, fill, picture

__all__ = ["here", "store", "there"]


@pytest.mark.parametrize("size", [5, 500])
def test_a_file_that_changes_while_it_is_read_is_read_again(
    store: Meddled, here: Side, there: Side, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("sessionlib.checkpoints.save.copier.sleep", lambda _: None)
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
    monkeypatch.setattr("sessionlib.checkpoints.save.copier.sleep", lambda _: None)
    path = fill(here.data, calm="x", busy="1" * size) / "busy"
    stands_still = file_index.is_same_as_opened

    def never(where: Path, fd: int, before: os.stat_result) -> bool:
        if where == path:
            path.write_text("2" * size)
        return stands_still(where, fd, before)

    monkeypatch.setattr("sessionlib.checkpoints.save.copier.is_same_as_opened", never)
    with pytest.raises(KeepsChanging, match="busy changed each of the"):
        here.copy(1, None)
    assert store.list(MANIFESTS) == []


@pytest.mark.parametrize("size", [5, 500])
def test_a_file_that_goes_away_is_not_in_the_copy(
    here: Side, there: Side, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    path = fill(here.data, stays="x", goes="1" * size) / "goes"

    def scan_and_remove(root: Path) -> DirectoryScan:
        found = scan(root)
        path.unlink()
        return found

    monkeypatch.setattr("sessionlib.checkpoints.save.make.scan", scan_and_remove)
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
    with pytest.raises(Unsuitable, match="put what it points at in its place"):
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
    with pytest.raises(FileError, match="a: Permission denied; give the agent's user"):
        here.copy(1, None)


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES])
def test_a_failing_file_is_a_sentence(
    here: Side, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    fill(here.data, a="1" * 500)

    def fails(fd: int, count: int, begin: int) -> bytes:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "pread", fails)
    with pytest.raises(FileError, match=rf"data/a: {os.strerror(code)}; "):
        here.copy(1, None)


def test_names_that_are_no_text_are_kept(here: Side, there: Side) -> None:
    here.data.mkdir(parents=True)
    for name in [b"\xff\xfe", "ü".encode(), b"new\nline", b"\x1b[31m"]:
        Path(os.fsdecode(os.fsencode(here.data) + b"/" + name)).write_bytes(name)
    there.checkpoints.restore(2, here.copy(1, None))
    assert picture(there.data) == picture(here.data)
