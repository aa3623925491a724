"""Where the store of a demonstration's fleet is, and what runs beside the fleet for it."""

from __future__ import annotations

from typing import Any, Protocol

from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.ports import Store
from sessionlib.stores.folder import FolderStore
from sessionlib.stores.folder_kind import store_folder


class DemoStore(Protocol):
    """A store, there for as long as a demonstration lasts."""

    def settings(self) -> dict[str, Any]:
        """The configuration's `store`."""

    def provision(self, config: Config, clock: Clock, seed: str) -> Config:
        """Make whatever of it isn't there yet; the configuration, which may have changed. `seed`
        is the fleet's own."""

    def open(self, config: Config, clock: Clock) -> Store:
        """The store as an operator sees it, once more for each thread."""

    def environment(self) -> dict[str, str]:
        """What a console of this fleet has to have in its environment to open the store."""

    def close(self) -> None:
        """End what runs beside the fleet for it."""


class DemoFolderStore:
    """A folder beside the configuration."""

    def settings(self) -> dict[str, Any]:
        return {"kind": "folder", "path": "VPS_Shared"}

    def provision(self, config: Config, clock: Clock, seed: str) -> Config:
        FolderStore(store_folder(config), clock).provision()
        return config

    def open(self, config: Config, clock: Clock) -> Store:
        return FolderStore(store_folder(config), clock)

    def environment(self) -> dict[str, str]:
        return {}

    def close(self) -> None:
        """Nothing runs beside it."""
