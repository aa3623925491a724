"""What the console has to know of each kind of store, beside what a session has to.

`CONSOLE_KINDS` has a line for each kind that asks for more than the usual.
"""

from __future__ import annotations

from collections.abc import MutableMapping

from console.store_kinds.drive import DRIVE
from console.store_kinds.folder import FOLDER
from console.store_kinds.kind import ConsoleStoreKind
from sessionlib.config import Config

__all__ = ["CONSOLE_KINDS", "ConsoleStoreKind", "console_kind_of"]

CONSOLE_KINDS: MutableMapping[str, ConsoleStoreKind] = {
    "folder": FOLDER,
    "drive": DRIVE,
}


def console_kind_of(config: Config) -> ConsoleStoreKind:
    """The console's side of a fleet's store; the usual one where none is named."""
    return CONSOLE_KINDS.get(config.store.kind, ConsoleStoreKind())
