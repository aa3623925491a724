"""A shared folder in which others make files and folders of whatever name."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from functools import cache

from console.fleet.snapshot import history_epochs
from sessionlib import layout
from sessionlib.agent.mailbox_io import Mailbox
from sessionlib.bundles.records import CODE_RECORDS
from sessionlib.checkpoints.catalog import list_names
from sessionlib.clock import SystemClock
from sessionlib.errors import Unreachable
from sessionlib.signed.records import VersionSeries
from sessionlib.stores.folder import FolderStore
from tests.fuzz.target import Target
from tests.fuzz.targets.homes import spot
from tests.fuzz.targets.records import PUBLIC

_PLACES = ("state/orders", "state/history", "scripts/versions", "data/manifests")
_MOST = 12
"""So many paths of one input are made."""


@cache
def _store() -> FolderStore:
    store = FolderStore(spot() / "shared", SystemClock())
    store.provision()
    return store


def _foreign(data: bytes) -> FolderStore:
    """Paths, one a line; one that ends in `/` is a folder."""
    store = _store()
    for place in _PLACES:
        folder = store.root / place
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for line in data.split(b"\n")[:_MOST]:
            parts = [part for part in line.split(b"/") if part not in {b"", b".", b".."}]
            path = os.path.join(os.fsencode(folder), *parts)  # noqa: PTH118 - bytes
            with suppress(OSError, ValueError):
                if line.endswith(b"/"):
                    os.makedirs(path, exist_ok=True)  # noqa: PTH103 - bytes
                else:
                    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - bytes
                    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    return store


def _foreign_holds(store: FolderStore) -> None:
    """Every listing can be gone through, and whatever it names can be asked for."""
    for place in _PLACES:
        for key in store.list(f"{place}/"):
            assert key.startswith(f"{place}/")
            # A folder in a file's place is said to be out of reach, which is no harm.
            with suppress(Unreachable):
                store.read(key)
            with suppress(Unreachable):
                store.has(key)
    assert (
        Mailbox(store, fleet="fleet", public_key=PUBLIC, accounts=("a", "b"), account="a")
        .read()
        .orders
        == ()
    )
    assert all(epoch >= 0 for epoch in history_epochs(store))
    with suppress(Unreachable):
        assert VersionSeries(store, CODE_RECORDS, "fleet").newest(PUBLIC) is None
    list_names(store)
    assert store.read(layout.LEASE) is None


TARGETS = (
    Target(
        "folder",
        "stores.folder.FolderStore.list, read, has; console.fleet.snapshot.history_epochs",
        _foreign,
        (),
        _foreign_holds,
        longest=1_024,
    ),
)
