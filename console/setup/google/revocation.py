"""Taking a sign-in back, at Google, and which answers mean that it is gone.

With it Google ends what the same account has allowed the same OAuth client on other machines.
"""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlencode

import httplib2

from console.errors import Refused
from sessionlib.stores.drive.request_signing import PlainTransport
from sessionlib.stores.drive.responses import Trouble
from sessionlib.stores.drive.signin_storage import SignIn
from sessionlib.stores.drive.transport import OnceHttp

REVOKE_URI = "https://oauth2.googleapis.com/revoke"
ASK_S = 30.0


def revoke(signin: SignIn, base: str | None) -> bool:
    """Take it back; False where it had ended before. Raises Refused."""
    http_once = PlainTransport(OnceHttp(lambda: ASK_S, proxied=base is None), base)
    try:
        answer, content = http_once.request(
            REVOKE_URI,
            method="POST",
            body=urlencode({"token": signin.refresh_token}),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
    except (*Trouble, OSError, httplib2.HttpLib2Error, http.client.HTTPException) as error:
        raise Refused(f"Google can't be asked to take the sign-in back ({error})") from None
    if answer.status == http.client.OK:
        return True
    if answer.status == http.client.BAD_REQUEST and _word(content) == "invalid_token":
        return False
    raise Refused(f"Google answers {answer.status} to taking the sign-in back")


def _word(content: bytes) -> object:
    try:
        return json.loads(content[:10_000])["error"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
