"""Signing requests with google-auth's credentials."""

# A token is renewed in the background while it is still good. So no renewal of the lease waits
# for the sign-in service unless the token has really run out. PyDrive2 knows credentials in
# oauth2client's form, so the few names that it wants stand here.

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

import google.auth.exceptions
import google_auth_httplib2

from sessionlib.clock import Clock
from sessionlib.stores.drive import signin_errors
from sessionlib.stores.drive.responses import NoResponse, NotSent, SignInEnded
from sessionlib.stores.drive.transport import OnceHttp, redirected

SOON_S = 300.0
"""A token with less time left is renewed beside the work."""
SPENT_S = 5.0
"""One with less is not sent any more."""
UNAUTHORIZED = 401


class Credentials(Protocol):
    """The part of `google.auth.credentials.Credentials` that is used here."""

    token: str | None
    expiry: datetime | None

    def refresh(self, request: Any) -> None:
        """Get a new token. Raises google.auth.exceptions.GoogleAuthError."""

    def apply(self, headers: dict[str, str]) -> None:
        """Put the token into `headers`."""


class Tokens:
    """One account's token, shared by all threads. `http` makes a connection of its own."""

    def __init__(
        self, credentials: Credentials, clock: Clock, http: Callable[[], PlainTransport]
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._http = http
        self._lock = threading.Lock()
        self._busy = False

    def sign(self, headers: dict[str, str]) -> None:
        """Put a token that is still good into `headers`. Raises NotSent."""
        left_s = self._left_s()
        if left_s < SPENT_S:
            self.renew(self._credentials.token)
        elif left_s < SOON_S:
            self._renew_beside()
        self._credentials.apply(headers)

    def renew(self, spent: str | None) -> None:
        """Get a new token in place of `spent`, unless another thread has. Raises NotSent."""
        with self._lock:
            if self._credentials.token != spent and self._left_s() >= SPENT_S:
                return
            try:
                self._credentials.refresh(google_auth_httplib2.Request(self._http()))
            except google.auth.exceptions.GoogleAuthError as error:
                raise self._refusal(error) from error
            except NoResponse as error:
                # What was lost is the service's answer: the request itself never left.
                raise NotSent(f"the sign-in service can't be reached ({error})") from error

    def _refusal(self, error: google.auth.exceptions.GoogleAuthError) -> NotSent:
        word = None if error.retryable else signin_errors.error_code(error.args)
        if word is None:
            return NotSent(f"the sign-in service can't be reached ({_first(error)})")
        kept_as: str | None = getattr(self._credentials, "kept_as", None)
        since_s: float | None = getattr(self._credentials, "since_s", None)
        age_s = None if since_s is None else self._clock.now().wall - since_s
        return SignInEnded(signin_errors.explain_ended(word, kept_as, age_s))

    def _renew_beside(self) -> None:
        if self._busy:
            return
        self._busy = True
        threading.Thread(target=self._renew_quietly, name="token", daemon=True).start()

    def _renew_quietly(self) -> None:
        try:
            self.renew(self._credentials.token)
        except Exception:  # noqa: BLE001, S110 - the next request tries again, and says so
            pass
        finally:
            self._busy = False

    def _left_s(self) -> float:
        expiry = self._credentials.expiry
        if self._credentials.token is None:
            return 0.0
        if expiry is None:
            return float("inf")
        return expiry.replace(tzinfo=UTC).timestamp() - self._clock.now().wall


class PlainTransport:
    """Requests without a token, for the sign-in service alone."""

    def __init__(self, http: OnceHttp, base: str | None) -> None:
        self._http = http
        self._base = base

    def request(self, uri: str, **words: Any) -> Any:
        return self._http.request(redirected(uri, self._base), **words)


class AuthorizedHttp:
    """What googleapiclient takes for httplib2's `Http`: signs each request, and sends it once.

    `watch` is called before each request, and what it returns with the answer's headers.
    A 401 is the one answer after which a request is sent again at once, with a new
    token: it was turned away at the door.
    """

    def __init__(
        self,
        http: OnceHttp,
        tokens: Tokens,
        base: str | None,
        watch: Callable[[], Callable[[Any], None]],
    ) -> None:
        self._http = http
        self._tokens = tokens
        self._base = base
        self._watch = watch
        self._sent_token = ""
        # Read by googleapiclient, which would set them on a plain `Http`.
        self.redirect_codes = frozenset[int]()
        self.timeout = None

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: Any = None,
        headers: dict[str, str] | None = None,
        **words: Any,
    ) -> Any:
        uri = redirected(uri, self._base)
        if hasattr(body, "read"):
            # A piece of an upload can be read once, and may have to be sent again.
            body = body.read()
        answer = self._send(uri, method, body, headers, words)
        if int(answer[0].status) == UNAUTHORIZED:
            self._tokens.renew(self._sent_token)
            answer = self._send(uri, method, body, headers, words)
        return answer

    def _send(self, uri: str, method: str, body: Any, headers: Any, words: dict[str, Any]) -> Any:
        signed = dict(headers or {})
        self._tokens.sign(signed)
        self._sent_token = signed.get("authorization", "").removeprefix("Bearer ")
        answered = self._watch()
        answer = self._http.request(uri, method, body=body, headers=signed, **words)
        answered(answer[0])
        return answer

    def close(self) -> None:
        self._http.close()


class HttpFactory:
    """google-auth's credentials in the form that PyDrive2 asks for."""

    access_token_expired = False  # looked after by `Tokens`

    def __init__(self, sign: Callable[[OnceHttp], AuthorizedHttp]) -> None:
        self._sign = sign

    def authorize(self, http: OnceHttp) -> AuthorizedHttp:
        return self._sign(http)


def _first(error: Exception) -> str:
    """The first line of what an error says; a token service may answer with a page."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
