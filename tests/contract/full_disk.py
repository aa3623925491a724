"""A full disk, a read-only one and one that is gone, seen from inside a mount namespace.

Run as `python -m tests.contract.full_disk FOLDER` by a user who may mount; mounts
a small disk of its own over FOLDER. Ends with 0 if every promise was kept.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from sessionlib.clock import SystemClock
from sessionlib.ports import Found, Unreachable
from sessionlib.stores.folder import FolderStore
from tests.contract.payload import Payload, decode

KEY = "state/lease.json"


def main() -> None:
    place = Path(sys.argv[1])
    mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place))
    store = FolderStore(place, SystemClock())
    store.provision()
    version = store.create(KEY, Payload(1, "a").encode())
    version = store.replace(KEY, Payload(2, "b").encode(), version)
    store.put("data/blob", b"old")

    fill(place / "filler")
    check_refusals(store, version, "no space left on .*, nothing was written")
    (place / "filler").unlink()
    version = store.replace(KEY, Payload(3, "c").encode(), version)
    store.put("data/blob", b"new")
    assert store.get("data/blob") == b"new"

    mount("-o", "remount,ro", str(place))
    check_refusals(store, version, "Read-only file system")
    reader = FolderStore(place, SystemClock())
    assert standing(reader).age_s >= 0

    subprocess.run(["umount", str(place)], check=True)
    refused(lambda: store.read(KEY), "is the folder mounted")
    assert not os.listdir(place)  # noqa: PTH208 - nothing was made in the empty mount point


def mount(*args: str) -> None:
    subprocess.run(["mount", *args], check=True)


def fill(path: Path) -> None:
    """Write until not one byte more is taken."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 512):
                pass
        except OSError:
            return


def check_refusals(store: FolderStore, version: str, text: str) -> None:
    """Every write is refused with the reason, and changes nothing."""
    before = (standing(store).data, store.get("data/blob"), store.list("state/"))
    refused(lambda: store.create("state/orders/x.json", Payload(1, "x").encode()), text)
    refused(lambda: store.replace(KEY, Payload(9, "x").encode(), version), text)
    refused(lambda: store.put("data/blob", b"x" * 5000), text)
    refused(lambda: store.put("data/other", b"x" * 5000), text)
    assert standing(store).version == version
    assert (standing(store).data, store.get("data/blob"), store.list("state/")) == before
    assert store.list("data/") == ["data/blob"]
    decode(standing(store).data)


def refused(call: Callable[[], object], text: str) -> None:
    said = refusal(call)
    assert re.search(text, said), f"{said!r}, not {text!r}"


def refusal(call: Callable[[], object]) -> str:
    try:
        call()
    except Unreachable as error:
        return str(error)
    return "not refused"


def standing(store: FolderStore) -> Found:
    found = store.read(KEY)
    assert found is not None
    return found


if __name__ == "__main__":
    main()
