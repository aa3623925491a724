"""Goal: a folder and its archive say the same, and nothing hostile comes out of one.

Method: real folders are packed and unpacked; archives that no packer of ours makes
are built by hand.
"""

from __future__ import annotations

import errno
import gzip
import io
import os
import shutil
import socket
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sessionlib.bundles import packing
from sessionlib.bundles.packing import list_entries, pack
from sessionlib.bundles.records import MAX_CONTENT_BYTES
from sessionlib.bundles.safe_links import stays_inside
from sessionlib.bundles.unpacking import unpack
from sessionlib.errors import ProgramError
from tests.unit.bundles.published_code import packed


def program(folder: Path) -> Path:
    app = folder / "app"
    (app / "lib" / "empty").mkdir(parents=True)
    (app / "main.py").write_text("print(1)\n")
    (app / "run.sh").write_text("#!/bin/sh\n")
    (app / "run.sh").chmod(0o755)
    (app / "lib" / "größe.txt").write_text("ü")
    (app / ("deep" * 40)).mkdir()
    (app / ("deep" * 40) / ("n" * 200)).write_text("long")
    (app / "lib" / "up").symlink_to("../main.py")
    (app / "here").symlink_to("lib")
    return app


def tree_of(folder: Path) -> dict[str, tuple[int, bytes | str]]:
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = (0, str(path.readlink()))
        elif path.is_file():
            found[name] = (stat.S_IMODE(path.stat().st_mode) & 0o100, path.read_bytes())
        else:
            found[name] = (1, "")
    return found


def test_what_was_packed_comes_out(tmp_path: Path) -> None:
    app = program(tmp_path)
    done, archive = packed(app)
    assert done.archive.bytes == len(archive.getvalue())
    (tmp_path / "out").mkdir()
    unpack(archive, tmp_path / "out", done.content_bytes, done.files)
    assert tree_of(tmp_path / "out") == tree_of(app)
    assert done.files == 6


def test_the_same_content_is_the_same_archive_wherever_and_whenever(tmp_path: Path) -> None:
    app = program(tmp_path)
    first, _ = packed(app)
    copy = tmp_path / "elsewhere"
    shutil.copytree(app, copy, symlinks=True)
    for path in copy.rglob("*.py"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    assert packed(copy)[0] == first
    (copy / "main.py").chmod(0o700)
    assert packed(copy)[0].content != first.content


def test_what_isnt_the_program_stays_out(tmp_path: Path) -> None:
    app = program(tmp_path)
    for name in (".git/config", "lib/__pycache__/a.pyc", ".venv/x", "data/big.bin", "a.log"):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text("x")
    (app / "lib" / "data").write_text("a file, and not the folder")
    (app / "lib" / "keep.log").write_text("only those beside the program are left out")
    (app / ".colabvpsignore").write_text("# comment\n\n/*.log\ndata/\ndeep*\n")
    (app / "store").mkdir()
    paths = {entry.path for entry in list_entries(app, skip=[app / "store"])}
    # A `*` in a pattern for whole paths matches slashes as well, as a shell's doesn't.
    assert paths == {
        "here",
        "lib",
        "lib/data",
        "lib/empty",
        "lib/größe.txt",
        "lib/up",
        "main.py",
        "run.sh",
    }


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "lib/../../outside", "..", ""])
def test_a_link_that_may_lead_out_is_refused(tmp_path: Path, target: str) -> None:
    app = program(tmp_path)
    if target:
        (app / "bad").symlink_to(target)
        with pytest.raises(ProgramError, match=r"app/bad leads to .* put a copy in its place"):
            packed(app)
    assert not stays_inside("bad", target)


def test_no_chain_of_allowed_links_leads_out(tmp_path: Path) -> None:
    targets = [".", "a", "../x", "../a/y", "a/b", "../../x", "a/../..", "./../x"]
    places = ["a", "x", "d/a", "d/x", "d/y"]
    for first in targets:
        for second in targets:
            root = tmp_path / f"{targets.index(first)}-{targets.index(second)}"
            (root / "d").mkdir(parents=True)
            pairs = list(zip(places, [first, second, first, second, first], strict=True))
            for place, target in pairs:
                if stays_inside(place, target):
                    (root / place).symlink_to(target)
            for place, _ in pairs:
                assert Path(os.path.realpath(root / place)).is_relative_to(root.resolve())


def test_pipes_sockets_and_devices_are_refused(tmp_path: Path) -> None:
    app = program(tmp_path)
    os.mkfifo(app / "pipe")
    with pytest.raises(ProgramError, match="app/pipe is neither a file, a folder nor a link"):
        packed(app)
    (app / "pipe").unlink()
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(app / "socket"))
        with pytest.raises(ProgramError, match="app/socket is neither"):
            packed(app)


def test_a_folder_that_cant_be_published_says_why(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match=r"is not a folder: correct workload\.code"):
        list_entries(tmp_path / "nowhere")
    (tmp_path / "app" / ".git").mkdir(parents=True)
    with pytest.raises(ProgramError, match=r"nothing in .* that could be published"):
        list_entries(tmp_path / "app")
    os.close(os.open(os.fsencode(tmp_path / "app") + b"/\xff", os.O_CREAT))
    with pytest.raises(ProgramError, match="isn't UTF-8: rename it"):
        list_entries(tmp_path / "app")


def test_too_much_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = program(tmp_path)
    with (app / "model.bin").open("wb") as file:
        file.truncate(MAX_CONTENT_BYTES + 1)
    with pytest.raises(ProgramError, match=r"more than 512: leave out .* \.colabvpsignore"):
        list_entries(app)
    (app / "model.bin").unlink()
    monkeypatch.setattr(packing, "MAX_FILES", 3)
    with pytest.raises(ProgramError, match="6 files, more than 3"):
        list_entries(app)


@pytest.mark.parametrize("link", [False, True])
def test_a_file_that_goes_meanwhile_is_not_published(tmp_path: Path, link: bool) -> None:
    app = program(tmp_path)
    entries = list_entries(app)
    (app / "main.py").unlink()
    if link:
        (app / "main.py").symlink_to("/etc/passwd")
    with pytest.raises(ProgramError, match=r"main\.py"):
        pack(app, entries, io.BytesIO(), lambda _: None)


def test_a_file_that_grows_while_it_is_read_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = program(tmp_path)
    main = app / "main.py"
    entries = list_entries(app)
    known = main.stat()
    real = os.fstat

    def fstat(handle: int) -> os.stat_result:
        status = real(handle)
        if status.st_ino == known.st_ino:
            main.write_text("print(1)\nprint(2)\n")
        return status

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(ProgramError, match=r"main\.py changed while it was read"):
        pack(app, entries, io.BytesIO(), lambda _: None)


class Full(io.BytesIO):
    def write(self, _data: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_no_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = program(tmp_path)
    with pytest.raises(ProgramError, match="app can't be packed: No space left"):
        pack(app, list_entries(app), Full(), lambda _: None)
    done, archive = packed(app)
    (tmp_path / "out").mkdir()

    def full(handle: int, _mode: str) -> Full:
        os.close(handle)
        return Full()

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(ProgramError, match=r"^the code can't be unpacked: No space left"):
        unpack(archive, tmp_path / "out", done.content_bytes, done.files)


def archive_of(fill: Callable[[tarfile.TarFile], None]) -> tuple[io.BytesIO, int]:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        fill(archive)
    return io.BytesIO(gzip.compress(plain.getvalue())), len(plain.getvalue())


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


HOSTILE: dict[str, list[tarfile.TarInfo]] = {
    "traversal": [member("../evil")],
    "traversal inside": [member("a/../../evil")],
    "absolute": [member("/tmp/evil")],
    "dot": [member("./evil")],
    "empty part": [member("a//evil")],
    "link out": [member("a", tarfile.SYMTYPE, "../..")],
    "link absolute": [member("a", tarfile.SYMTYPE, "/etc")],
    "link through a link": [
        member("d/e", tarfile.SYMTYPE, ".."),
        member("b", tarfile.SYMTYPE, "d/e/.."),
    ],
    "file through a link": [member("a", tarfile.SYMTYPE, "b"), member("a/evil")],
    "hard link": [member("a"), member("b", tarfile.LNKTYPE, "a")],
    "device": [member("null", tarfile.CHRTYPE)],
    "disk": [member("sda", tarfile.BLKTYPE)],
    "pipe": [member("pipe", tarfile.FIFOTYPE)],
    "twice": [member("a"), member("a")],
    "file and folder": [member("a"), member("a", tarfile.DIRTYPE)],
    "below a file": [member("a"), member("a/b")],
    "too many": [member(str(n) + "x") for n in range(11)],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_are_refused(tmp_path: Path, name: str) -> None:
    def fill(tar: tarfile.TarFile) -> None:
        for one in HOSTILE[name]:
            tar.addfile(one)

    archive, size = archive_of(fill)
    out = tmp_path / "deep" / "out"
    out.mkdir(parents=True)
    with pytest.raises(ProgramError):
        unpack(archive, out, size, files=10)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep"]
    assert sorted(path.name for path in out.parent.iterdir()) == ["out"]
    for path in out.rglob("*"):
        assert Path(os.path.realpath(path)).is_relative_to(out.resolve())


def test_a_bomb_is_stopped_at_what_was_signed(tmp_path: Path) -> None:
    def fill(tar: tarfile.TarFile) -> None:
        info = member("zeros")
        info.size = 50 * 1024 * 1024
        tar.addfile(info, io.BytesIO(bytes(info.size)))

    archive, _ = archive_of(fill)
    with pytest.raises(ProgramError, match="unpacks to more than was signed"):
        unpack(archive, tmp_path, content_bytes=1024 * 1024, files=10)
    assert (tmp_path / "zeros").stat().st_size <= 1024 * 1024


def test_what_hides_behind_the_archives_end_counts_too(tmp_path: Path) -> None:
    archive, size = archive_of(lambda tar: tar.addfile(member("a")))
    longer = io.BytesIO(archive.getvalue() + gzip.compress(bytes(1_000_000)))
    with pytest.raises(ProgramError, match="unpacks to more than was signed"):
        unpack(longer, tmp_path, size, files=10)


HEADERS = member("x", tarfile.XHDTYPE).tobuf() * 2_000


def torn_map_of_holes() -> bytes:
    """A header that says that its file's map of holes goes on, and nothing behind it."""
    head = bytearray(member("x", tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT))
    head[482] = 1
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not gzip",
        gzip.compress(b"not a tar" * 200, mtime=0),
        gzip.compress(HEADERS, mtime=0),
        gzip.compress(torn_map_of_holes(), mtime=0),
    ],
    ids=["empty", "not gzip", "gzip of something else", "headers of headers", "torn map of holes"],
)
def test_what_is_no_archive_says_so(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ProgramError, match="can't be read"):
        unpack(io.BytesIO(data), tmp_path, len(HEADERS), 10)


def test_a_torn_archive_says_so(tmp_path: Path) -> None:
    done, archive = packed(program(tmp_path))
    (tmp_path / "out").mkdir()
    torn = io.BytesIO(archive.getvalue()[:-40])
    with pytest.raises(ProgramError, match="can't be read"):
        unpack(torn, tmp_path / "out", done.content_bytes, done.files)
