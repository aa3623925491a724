"""A store in a folder, as a kind: its record, and where the folder is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sessionlib.clock import Clock
from sessionlib.ports import Store
from sessionlib.stores.kind import StoreKind

if TYPE_CHECKING:
    from sessionlib.config import Config


def store_folder(config: Config) -> Path:
    """The folder that holds the store; a relative `store.path` counts from the file's folder."""
    return config.folder / Path(config.store.path).expanduser()


def _open(config: Config, clock: Clock, _account: str | None) -> Store:
    from sessionlib.stores.folder import FolderStore  # noqa: PLC0415 - only for who asks for it

    return FolderStore(store_folder(config), clock)


FOLDER = StoreKind(
    name="folder",
    title="a folder",
    open=_open,
    local_folder=store_folder,
    address=lambda config: str(store_folder(config)),
)
