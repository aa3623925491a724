"""Codes and tokens: who has allowed what to which client.

A code serves once, and only who asked for it. A refresh token lasts until it is withdrawn.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from sessionlib.clock import Clock

DRIVE_SCOPE = "https://www.googleapis.com/auth/drive"
LIFETIME_S = 3599.0
CODE_LIFETIME_S = 600.0
ANY_CLIENT = ""


class OAuthError(Exception):
    """The token endpoint's refusal."""

    def __init__(self, error: str, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.error = error
        self.words = words
        self.status = status


@dataclass(frozen=True, slots=True)
class OAuthConsent:
    """What somebody has allowed. `client_id` is empty for any client."""

    email: str
    scopes: tuple[str, ...]
    client_id: str = ANY_CLIENT


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """A consent on its way to the client."""

    consent: OAuthConsent
    redirect_uri: str
    challenge: str
    challenge_method: str
    until_mono: float


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token's meaning."""

    consent: OAuthConsent
    until_mono: float


class TokenIssuer:
    """All codes and tokens. `lifetime_s` of access tokens may be set at any time."""

    def __init__(self, clock: Clock) -> None:
        self.lifetime_s = LIFETIME_S
        self.refreshes: dict[str, OAuthConsent] = {}
        self._clock = clock
        self._lock = threading.Lock()
        self._codes: dict[str, AuthorizationCode] = {}
        self._accesses: dict[str, AccessToken] = {}

    def code(self, consent: OAuthConsent, redirect_uri: str, challenge: str, method: str) -> str:
        """A code for who has been allowed."""
        name = f"4/0{secrets.token_urlsafe(32)}"
        until_mono = self._clock.now().mono + CODE_LIFETIME_S
        self._codes[name] = AuthorizationCode(consent, redirect_uri, challenge, method, until_mono)
        return name

    def exchange(self, form: Mapping[str, str]) -> dict[str, object]:
        """`POST /token`. Raises GrantError."""
        for name in ("client_id", "client_secret"):
            if not form.get(name):
                raise OAuthError("invalid_request", f"{name} is missing.")
        kind = form.get("grant_type")
        if kind == "authorization_code":
            consent = self._redeemed(form)
            return {**self._tokens(consent), "refresh_token": self.refresh_token(consent)}
        if kind == "refresh_token":
            return self._tokens(self._refreshed(form))
        raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {kind}")

    def _redeemed(self, form: Mapping[str, str]) -> OAuthConsent:
        with self._lock:
            code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.until_mono < self._clock.now().mono:
            raise OAuthError("invalid_grant", "Malformed auth code.")
        if code.consent.client_id != form["client_id"]:
            raise OAuthError("unauthorized_client", "Unauthorized", 401)
        if code.redirect_uri != form.get("redirect_uri"):
            raise OAuthError("redirect_uri_mismatch", "Bad Request")
        if code.challenge and not _answers(code, form.get("code_verifier", "")):
            raise OAuthError("invalid_grant", "Invalid code verifier.")
        return code.consent

    def _refreshed(self, form: Mapping[str, str]) -> OAuthConsent:
        consent = self.refreshes.get(form.get("refresh_token", ""))
        if consent is None:
            raise OAuthError("invalid_grant", "Token has been expired or revoked.")
        if consent.client_id not in {ANY_CLIENT, form["client_id"]}:
            raise OAuthError("unauthorized_client", "Unauthorized", 401)
        return consent

    def refresh_token(self, consent: OAuthConsent) -> str:
        """A new refresh token."""
        token = f"1//0{secrets.token_urlsafe(48)}"
        self.refreshes[token] = consent
        return token

    def _tokens(self, consent: OAuthConsent) -> dict[str, object]:
        token = f"ya29.{secrets.token_urlsafe(48)}"
        self._accesses[token] = AccessToken(consent, self._clock.now().mono + self.lifetime_s)
        return {
            "access_token": token,
            "expires_in": int(self.lifetime_s),
            "scope": " ".join(consent.scopes),
            "token_type": "Bearer",
        }

    def consent(self, access_token: str) -> OAuthConsent | None:
        """What an access token allows; None for one that doesn't count (any more)."""
        access = self._accesses.get(access_token)
        if access is None or access.until_mono < self._clock.now().mono:
            return None
        return access.consent

    def expire(self, access_token: str) -> None:
        """That token doesn't count any more; a new one can be had for the refresh token."""
        self._accesses.pop(access_token, None)

    def revoke(self, token: str) -> bool:
        """Withdraw what a token of either kind was given for; False for one that isn't known."""
        access = self._accesses.get(token)
        consent = access.consent if access else self.refreshes.get(token)
        if consent is None:
            return False
        self._withdraw(consent)
        return True

    def withdraw(self, email: str) -> None:
        """Everything that an account has allowed counts no more."""
        for consent in [c for c in self.refreshes.values() if c.email == email]:
            self._withdraw(consent)

    def _withdraw(self, consent: OAuthConsent) -> None:
        with self._lock:
            self.refreshes = {t: c for t, c in self.refreshes.items() if c != consent}
            self._accesses = {t: a for t, a in self._accesses.items() if a.consent != consent}


def _answers(code: AuthorizationCode, verifier: str) -> bool:
    if code.challenge_method == "plain":
        return verifier == code.challenge
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == code.challenge
