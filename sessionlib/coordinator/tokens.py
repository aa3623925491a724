"""Which token a process speaks to its coordinator with.

The environment goes first, then what this machine keeps for the account. A keyring that can't
be asked counts as none.
"""

from __future__ import annotations

import os
from contextlib import suppress

from sessionlib import secret_storage
from sessionlib.coordinator import TOKEN_VARIABLE

OPERATOR = "operator"
"""Who sits at a console, in the place of an account's name."""


def keyring_entry(fleet: str, name: str) -> str:
    """Where it is kept."""
    return f"coordinator:{fleet}:{name}"


def find(fleet: str, name: str) -> str | None:
    """The token of an account, or of the operator, on this machine; None without one."""
    given = os.environ.get(TOKEN_VARIABLE)
    if given:
        return given
    with suppress(secret_storage.SecretStorageError):
        return secret_storage.find(keyring_entry(fleet, name))
    return None


def why_unreadable(fleet: str, name: str) -> str | None:
    """Why the token that is kept here can't be read, as with another passphrase than it was
    written with; None where none is kept, or it can be."""
    try:
        secret_storage.find(keyring_entry(fleet, name))
    except secret_storage.SecretStorageError as error:
        # What is said of a keyring that isn't there is no reason where nothing was ever kept.
        return str(error) if secret_storage.file_of(keyring_entry(fleet, name)).exists() else None
    return None
