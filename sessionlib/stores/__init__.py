"""The places that hold what a fleet agrees on, each behind the one port.

Decided here: which kinds are built in, and that an adapter is imported only
when it is asked for: a folder fleet loads no cloud library. Not decided here:
how an adapter keeps the port's promises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sessionlib.clock import Clock
from sessionlib.errors import ConfigError
from sessionlib.ports import Store


def _folder(path: Path, clock: Clock) -> Store:
    from sessionlib.stores.folder import FolderStore  # noqa: PLC0415 - only for who asks for it

    return FolderStore(path, clock)


# Memory is missing on purpose: nobody but its own process could see it.
_KINDS: Mapping[str, Callable[[Path, Clock], Store]] = {"folder": _folder}


def open_store(kind: str, path: Path, clock: Clock) -> Store:
    """The store of `kind` at `path`, not touched yet. Raises ConfigError for an unknown kind."""
    if kind not in _KINDS:
        raise ConfigError([f"store.kind is {kind!r}; built in: {', '.join(sorted(_KINDS))}"])
    return _KINDS[kind](path, clock)
