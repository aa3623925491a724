"""Whose token one is: tokens are found by their hash and compared in constant time."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from coordinator.tokens import MAX_TOKEN, hash_token


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """What a token stands for: an account, or the operator (None)."""

    hash: str
    account: str | None


class TokenIndex:
    """The valid tokens of a moment."""

    def __init__(self, hashes: Mapping[str, str | None]) -> None:
        self._grants = {hashed: TokenGrant(hashed, account) for hashed, account in hashes.items()}

    def accounts(self) -> set[str]:
        """Every account that has a token."""
        return {grant.account for grant in self._grants.values() if grant.account is not None}

    def is_valid(self, grant: TokenGrant) -> bool:
        """Whether a token that was valid still is."""
        return self._grants.get(grant.hash) == grant

    def authenticate(self, authorization: bytes | None) -> TokenGrant | None:
        """Who sends this header; None for nobody that is known."""
        scheme, _, token = (authorization or b"").partition(b" ")
        if scheme.lower() != b"bearer" or len(token) > MAX_TOKEN:
            return None
        hashed = hash_token(token.strip().decode("latin-1"))
        # What is looked up is a hash, of which a sender can choose no part.
        grant = self._grants.get(hashed)
        if grant is None or not hmac.compare_digest(grant.hash, hashed):
            return None
        return grant
