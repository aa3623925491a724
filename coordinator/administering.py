"""Tokens and epochs, by hand, while the service runs or not.

Decided here: that a running service follows within a second, and what an operator is told
before an epoch is changed. Not decided here: how it is asked (the command line).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from coordinator.access.tokens import check_account, hash_of, new_token
from coordinator.fencing import Fence
from coordinator.ledger.ledger import Ledger
from sessionlib.clock import SystemClock
from sessionlib.core.values import MAX_EPOCH
from sessionlib.errors import ConfigError


def create_token(db: str, account: str | None) -> str:
    """A new token for an account, or for the operator (None); older ones stay valid.

    Raises ConfigError, LedgerUnusable.
    """
    if account is not None:
        check_account(account)
    token = new_token()
    with _opened(db) as ledger:
        ledger.add_token(hash_of(token), account, SystemClock().now())
    return token


def revoke_tokens(db: str, account: str | None) -> int:
    """Make all tokens of an account, or of the operator, invalid; how many there were.

    Raises ConfigError, LedgerUnusable.
    """
    if account is not None:
        check_account(account)
    with _opened(db) as ledger:
        return ledger.remove_tokens(account)


def known_fence(db: str) -> Fence:
    """The highest epoch known. Raises ConfigError, LedgerUnusable."""
    with _opened(db) as ledger:
        return ledger.fence()


def set_epoch(db: str, epoch: int) -> None:
    """Take `epoch` for the highest known. Raises ConfigError, LedgerUnusable."""
    if not 0 <= epoch <= MAX_EPOCH:
        raise ConfigError([f"{epoch} can't be an epoch: that is a number from 0 to {MAX_EPOCH}"])
    with _opened(db) as ledger:
        ledger.set_epoch(epoch)


@contextmanager
def _opened(db: str) -> Iterator[Ledger]:
    ledger = Ledger(db)
    try:
        yield ledger
    finally:
        ledger.close()
