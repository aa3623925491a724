"""The places that hold what a fleet agrees on, each behind the one port.

Decided here: which kinds are built in, and that an adapter is imported only
when it is asked for: a folder fleet loads no cloud library. Not decided here:
how an adapter keeps the port's promises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sessionlib.clock import Clock
from sessionlib.errors import ConfigError
from sessionlib.ports import Store

if TYPE_CHECKING:
    # Reading a configuration takes more than an adapter needs.
    from sessionlib.config import Config


def _folder(config: Config, clock: Clock, _account: str | None) -> Store:
    from sessionlib.stores.folder import FolderStore  # noqa: PLC0415 - only for who asks for it

    return FolderStore(config.store_folder(), clock)


def _drive(config: Config, clock: Clock, account: str | None) -> Store:
    from sessionlib.stores.drive.opening import open_drive  # noqa: PLC0415 - as above

    return open_drive(config, clock, account)


# Memory is missing on purpose: nobody but its own process could see it.
_KINDS: Mapping[str, Callable[[Config, Clock, str | None], Store]] = {
    "folder": _folder,
    "drive": _drive,
}


def open_store(config: Config, clock: Clock, account: str | None = None) -> Store:
    """The store of a fleet, not touched yet, as `account` sees it.

    Where no account is named, it is whoever is signed in here. Raises ConfigError for a kind
    that isn't built in, and where nobody is signed in.
    """
    kind = config.store.kind
    if kind not in _KINDS:
        place = config.where("store", "kind")
        text = f"{kind} is not available in this version: use {' or '.join(sorted(_KINDS))}"
        raise ConfigError([f"{place}: store.kind: {text}"])
    return _KINDS[kind](config, clock, account)
