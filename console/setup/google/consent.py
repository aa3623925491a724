"""The question that Google asks a person, and the exchange of its answer, bound by PKCE."""

# It asks for the whole of Drive: with less, an account doesn't see the others' files. A yes to less
# than was asked for is none.

from __future__ import annotations

from typing import Any

import requests
from google_auth_oauthlib.flow import Flow
from oauthlib.oauth2 import OAuth2Error
from requests.adapters import HTTPAdapter

from console.errors import Refused
from console.setup.google.oauth_client import OAuthClient
from console.setup.google.redirect import extract_code
from sessionlib.stores.drive.opening import SCOPE
from sessionlib.stores.drive.signin_errors import CURES
from sessionlib.stores.drive.signin_storage import TOKEN_URI
from sessionlib.stores.drive.transport import redirected

AUTH_URI = "https://accounts.google.com/o/oauth2/v2/auth"
EXCHANGE_S = 30.0
UNTICKED = (
    "the box for Google Drive wasn't ticked on the consent screen: sign in again, and tick every "
    "box; nothing was kept"
)


class ConsentRequest:
    """One question. `email` is the address that is to answer, where that is known."""

    def __init__(
        self, client: OAuthClient, redirect_uri: str, email: str | None, base: str | None
    ) -> None:
        settings = {
            "client_id": client.id,
            "client_secret": client.secret,
            "auth_uri": AUTH_URI,
            "token_uri": TOKEN_URI,
        }
        self._flow: Any = Flow.from_client_config(
            {"installed": settings}, [SCOPE], redirect_uri=redirect_uri
        )
        if base is not None:
            self._flow.oauth2session.mount("https://", _EmulatorAdapter(base))
        # Without `consent` Google gives a lasting token only the first time.
        who = {"login_hint": email} if email else {}
        prompt = "consent" if email else "select_account consent"
        url, self.state = self._flow.authorization_url(prompt=prompt, **who)
        self.url = redirected(url, base)

    def redeem(self, address: str) -> str:
        """The lasting token that the answer is good for. Raises Refused, NotTheAnswer."""
        token = self._exchanged(extract_code(address, self.state))
        if SCOPE not in _scopes(token):
            raise Refused(UNTICKED)
        lasting = token.get("refresh_token")
        if not isinstance(lasting, str) or not lasting:
            raise Refused(
                "Google gave no lasting sign-in: remove the app's access at "
                "https://myaccount.google.com/connections and sign in again"
            )
        return lasting

    def _exchanged(self, code: str) -> Any:
        try:
            return self._flow.fetch_token(code=code, include_client_id=True, timeout=EXCHANGE_S)
        except Warning as warning:
            # How the library tells that less was allowed than was asked for.
            return getattr(warning, "token", {})
        except OAuth2Error as error:
            raise Refused(_refusal(str(error.error))) from None
        except (requests.RequestException, ValueError) as error:
            # Without its text, which may repeat what was sent.
            raise Refused(
                f"the sign-in service can't be reached ({type(error).__name__}): nothing was kept; "
                "try again"
            ) from None


class _EmulatorAdapter(HTTPAdapter):
    """Sends what would go to Google to an emulator on this machine."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def send(self, request: Any, *args: Any, **words: Any) -> Any:
        request.url = redirected(request.url, self._base)
        return super().send(request, *args, **{**words, "proxies": {}})


def _scopes(token: Any) -> list[str]:
    """What was allowed. The library makes a list of it; left out, it is what was asked for."""
    scope = token.get("scope", [SCOPE])
    return scope.split() if isinstance(scope, str) else list(scope)


def _refusal(word: str) -> str:
    if word == "invalid_grant":
        return (
            "Google doesn't take that answer any more (invalid_grant): it counts once, and for a "
            "few minutes; sign in again"
        )
    cause, cure = CURES.get(word, ("was refused", "try again"))
    said = cure.format(login="`colabvps-console login`")
    return f"the sign-in {cause} ({word:.40}): {said}"
