"""A bundle's archive, as it is and inside its compression.

Its hash is signed, so only an operator, or whoever has an operator's machine, could
give agents one of these. Real files, in memory: what came out is looked at as it
lies there.
"""

from __future__ import annotations

import gzip
import io
import os
import shutil
import stat
import tarfile
from pathlib import Path

from sessionlib.bundles.unpacking import unpack
from sessionlib.errors import ProgramError
from tests.fuzz.target import Target
from tests.fuzz.targets.homes import spot

MOST_BYTES = 256 * 1024
MOST_FILES = 20
_BLOCK = 512
_SUM = slice(148, 156)
_SIZE = slice(124, 136)
_BESIDE = "beside"


def _packed(data: bytes) -> Path:
    """`data` as the archive's own bytes."""
    here = spot() / "bundle"
    into = here / "code"
    shutil.rmtree(here, ignore_errors=True)
    into.mkdir(parents=True)
    (here / _BESIDE).write_text(_BESIDE)
    unpack(io.BytesIO(data), into, MOST_BYTES, MOST_FILES)
    return into


def _plain(data: bytes) -> Path:
    """`data` as what the archive holds once decompressed, its headers' sums put right."""
    return _packed(gzip.compress(_summed(data), 0, mtime=0))


def _summed(data: bytes) -> bytes:
    """Sums that no mutation would hit. Where a size can't be read, the rest stays."""
    whole = bytearray(data)
    at = 0
    while at + _BLOCK <= len(whole):
        head = whole[at : at + _BLOCK]
        if not any(head):
            break
        head[_SUM] = b" " * 8
        whole[at + _SUM.start : at + _SUM.stop] = b"%06o\0 " % sum(head)
        try:
            size = tarfile.nti(bytes(head[_SIZE]))  # type: ignore[attr-defined]  # in no stub
        except tarfile.TarError:
            break
        at += _BLOCK * (1 + max(0, -(-size // _BLOCK)))
    return bytes(whole)


def _holds(into: Path) -> None:
    files = size = 0
    for folder, folders, names in os.walk(into):
        for name in (*folders, *names):
            path = Path(folder, name)
            mode = path.lstat().st_mode
            assert stat.S_ISDIR(mode) or stat.S_ISREG(mode) or stat.S_ISLNK(mode)
            assert not stat.S_IMODE(mode) & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX)
            assert path.resolve(strict=False).is_relative_to(into) or _is_loop(path)
            files += not stat.S_ISDIR(mode)
            size += path.lstat().st_size if stat.S_ISREG(mode) else 0
    assert files <= MOST_FILES
    assert size <= MOST_BYTES
    assert sorted(os.listdir(into.parent)) == [_BESIDE, "code"]  # noqa: PTH208 - names only
    assert (into.parent / _BESIDE).read_text() == _BESIDE


def _is_loop(path: Path) -> bool:
    try:
        path.stat()
    except OSError:
        return True
    return False


TARGETS = (
    Target(
        "bundle",
        "bundles.unpacking.unpack",
        _plain,
        (ProgramError,),
        _holds,
        longest=8 * _BLOCK,
        also=("tarfile",),
    ),
    Target(
        "bundle-packed",
        "bundles.unpacking.unpack",
        _packed,
        (ProgramError,),
        _holds,
        longest=1_024,
        also=("gzip", "tarfile"),
    ),
)
