"""A full disk under a data directory and under a store, from inside a mount namespace.

Run as `python -m tests.unit.checkpoints.full_disk FOLDER` by a user who may mount;
mounts small disks of its own below FOLDER. Ends with 0 if every promise was kept.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sessionlib.checkpoints import FileError, tree_fetch
from sessionlib.checkpoints.catalog import list_names
from sessionlib.checkpoints.save import upload
from sessionlib.checkpoints.save.copier import BlobSizes
from sessionlib.clock import SystemClock
from sessionlib.core.values import Pointer
from sessionlib.errors import ColabvpsError, Unreachable
from sessionlib.stores.folder import FolderStore
from tests.contract.full_disk import fill as fill_up
from tests.contract.full_disk import mount
from tests.unit.checkpoints.sessions import Side, fill, picture

SIZES = BlobSizes(piece_bytes=64 * 1024, pack_bytes=64 * 1024, small_bytes=1024)
BIG = "x" * 300_000


def main() -> None:
    place = Path(sys.argv[1])
    upload.PAUSES_S = (0.0,)
    for name, size in (("VPS_Shared", "2m"), ("there", "20m")):
        (place / name).mkdir()
        mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place / name))
    store = FolderStore(place / "VPS_Shared", SystemClock())
    store.provision()
    here = Side(store, place / "here", sizes=SIZES)
    there = Side(store, place / "there", sizes=SIZES)
    fill(here.data, a=BIG)
    pointer = here.copy(1, None)
    check_restore(here, there, pointer)
    check_seal(there, store, pointer)
    check_copy(here, store, pointer)


def check_restore(here: Side, there: Side, pointer: Pointer) -> None:
    """It says what is missing, touches nothing, and goes on once there is space."""
    fill(there.data, mine="mine")
    fill_up(there.home / "filler")

    def restore() -> object:
        return there.checkpoints.restore(2, pointer)

    refused(restore, FileError, "free some space")
    assert (there.data / "mine").read_text() == "mine"
    (there.home / "filler").unlink()
    # Enough by the check made beforehand, and then somebody else takes it.
    tree_fetch.SPARE_BYTES = -(10**9)
    fill_up(there.home / "filler")
    refused(restore, FileError, "No space left on device; free some space")
    (there.home / "filler").unlink()
    there.checkpoints.restore(2, pointer)
    assert picture(there.data) == picture(here.data)
    assert (there.aside()[0] / "mine").read_text() == "mine"


def check_seal(there: Side, store: FolderStore, pointer: Pointer) -> None:
    """The store has space and this machine has none left: the data is sealed all the same."""
    (there.data / "a").write_text("sealed")
    fill_up(there.home / "filler")
    sealed = there.made(2, pointer)
    (there.home / "filler").unlink()
    assert "No space left on device; free some space" in sealed.receipt
    assert sealed.pointer.name in list_names(store)


def check_copy(here: Side, store: FolderStore, pointer: Pointer) -> None:
    fill(here.data, b="".join(f"{number:064}" for number in range(50_000)))
    before = list_names(store)
    refused(lambda: here.copy(1, pointer), Unreachable, "no space left on .*, nothing was written")
    assert list_names(store) == before
    (here.data / "b").unlink()
    here.copy(1, pointer)


def refused(call: Callable[[], object], kind: type[ColabvpsError], text: str) -> None:
    with pytest.raises(kind, match=text):
        call()


if __name__ == "__main__":
    main()
