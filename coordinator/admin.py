"""Tokens and epochs, changed by hand. A service that runs follows within a second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from coordinator.database.database import Database
from coordinator.fencing import EpochFence
from coordinator.tokens import check_account, hash_token, new_token
from sessionlib.clock import SystemClock
from sessionlib.core.values import MAX_EPOCH
from sessionlib.errors import ConfigError


def create_token(db: str, account: str | None) -> str:
    """A new token for an account, or for the operator (None); older ones stay valid.

    Raises ConfigError, DatabaseUnusable.
    """
    if account is not None:
        check_account(account)
    token = new_token()
    with _open_database(db) as database:
        database.add_token(hash_token(token), account, SystemClock().now())
    return token


def revoke_tokens(db: str, account: str | None) -> int:
    """Make all tokens of an account, or of the operator, invalid; how many there were.

    Raises ConfigError, DatabaseUnusable.
    """
    if account is not None:
        check_account(account)
    with _open_database(db) as database:
        return database.remove_tokens(account)


def read_fence(db: str) -> EpochFence:
    """The highest epoch known. Raises ConfigError, DatabaseUnusable."""
    with _open_database(db) as database:
        return database.read_fence()


def set_epoch(db: str, epoch: int) -> None:
    """Take `epoch` for the highest known. Raises ConfigError, DatabaseUnusable."""
    if not 0 <= epoch <= MAX_EPOCH:
        raise ConfigError([f"{epoch} can't be an epoch: that is a number from 0 to {MAX_EPOCH}"])
    with _open_database(db) as database:
        database.set_epoch(epoch)


@contextmanager
def _open_database(db: str) -> Iterator[Database]:
    database = Database(db)
    try:
        yield database
    finally:
        database.close()
