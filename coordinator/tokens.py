"""Tokens: 32 random bytes, of which only a SHA-256 is kept.

They hold as much chance as the hash, so nothing slower is needed.
"""

from __future__ import annotations

import hashlib
import re
import secrets

from sessionlib.errors import ConfigError

_BYTES = 32
MAX_TOKEN = 200
ACCOUNT_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,31}$"


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(_BYTES)


def hash_token(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_account(name: str) -> str:
    """The name, if an account may have it. Raises ConfigError."""
    if not re.fullmatch(ACCOUNT_PATTERN, name):
        problem = (
            f"{name!r:.70} can't be an account's name: that is 1 to 32 of a-z, 0-9, _ and -, and "
            "starts with a letter or digit"
        )
        raise ConfigError([problem])
    return name
