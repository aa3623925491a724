"""The places that hold what a fleet agrees on, each behind the one port.

`KINDS` has a line for each kind of store. Memory isn't one: only its own process sees it.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING

from sessionlib.clock import Clock
from sessionlib.core.timing import Timing
from sessionlib.errors import ConfigError
from sessionlib.ports import Store
from sessionlib.stores.drive.kind import DRIVE
from sessionlib.stores.folder_kind import FOLDER
from sessionlib.stores.kind import StoreKind

if TYPE_CHECKING:
    # Reading a configuration takes more than an adapter needs.
    from sessionlib.config import Config
    from sessionlib.signed.doctor_result import CheckedFolder

__all__ = ["KINDS", "StoreKind", "checked_folder_of", "kind_of", "open_store", "timing_of"]

KINDS: MutableMapping[str, StoreKind] = {
    FOLDER.name: FOLDER,
    DRIVE.name: DRIVE,
}
"""Every kind of store that this version has, by its word in `store.kind`."""


def kind_of(config: Config) -> StoreKind:
    """The kind of a fleet's store. Raises ConfigError for one that this version hasn't got."""
    kind = config.store.kind
    if kind not in KINDS:
        place = config.where("store", "kind")
        text = f"{kind} is not available in this version: use {' or '.join(KINDS)}"
        raise ConfigError([f"{place}: store.kind: {text}"])
    return KINDS[kind]


def open_store(config: Config, clock: Clock, account: str | None = None) -> Store:
    """The store of a fleet, not touched yet, as `account` sees it.

    Where no account is named, it is whoever is signed in here. Raises ConfigError for a kind
    that this version hasn't got, and where nobody is signed in.
    """
    return kind_of(config).open(config, clock, account)


def checked_folder_of(config: Config) -> CheckedFolder | None:
    """What `doctor` has to have passed on before takeovers go by themselves; None: nothing."""
    kind = KINDS.get(config.store.kind)
    return None if kind is None else kind.checked_folder(config)


def timing_of(config: Config) -> Timing:
    """The durations of a fleet's lease, scaled. Raises ConfigError as `kind_of` does."""
    return kind_of(config).timing(config)
