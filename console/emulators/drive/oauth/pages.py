"""The consent page, the token endpoint and withdrawal.

A page answers at once, in the name of the hinted account or the first one. A test sets the
answer: yes, no, no to Drive, or in the name of another account.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from console.emulators.drive.contents.world import DriveContents
from console.emulators.drive.oauth.tokens import DRIVE_SCOPE, OAuthConsent, OAuthError, TokenIssuer
from console.emulators.drive.wire.messages import HttpRequest, HttpResponse, json_response

CONSENT_PATHS = ("/o/oauth2/auth", "/o/oauth2/v2/auth")
TOKEN_PATH = "/token"  # noqa: S105 - a path
REVOKE_PATH = "/revoke"
ALLOW = "allow"
DENY = "deny"
UNTICK = "untick"
"""Yes, but the box for Drive was left empty."""
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SignInPages:
    """`answers` are by e-mail: `allow` where nothing is said, `deny`, `untick`, or another
    account's e-mail, in whose name the browser answers then."""

    def __init__(self, world: DriveContents, grants: TokenIssuer) -> None:
        self.answers: dict[str, str] = {}
        self._world = world
        self._grants = grants

    def answer(self, request: HttpRequest) -> HttpResponse | None:
        """The answer, if the path is one of the sign-in's."""
        if request.path in CONSENT_PATHS and request.method == "GET":
            return self._consent(request.params())
        if request.path == TOKEN_PATH and request.method == "POST":
            return self._token(request.form())
        if request.path == REVOKE_PATH and request.method == "POST":
            token = {**request.form(), **request.params()}.get("token", "")
            if self._grants.revoke(token):
                return json_response({})
            return json_response({"error": "invalid_token"}, 400)
        return None

    def _consent(self, asked: Mapping[str, str]) -> HttpResponse:
        wrong = self._wrong(asked)
        if wrong is not None:
            return _page(400, f"Access blocked: {wrong}")
        email = asked.get("login_hint") or next(iter(self._world.accounts))
        said = asked.get("deny") or self.answers.get(email, ALLOW)
        if "@" in said:
            email, said = said, ALLOW
        if email not in self._world.accounts:
            return _page(400, f"Couldn't find your Google Account: {email}")
        if said == DENY:
            return self._back(asked, {"error": "access_denied"})
        scopes = tuple(asked["scope"].split())
        if said == UNTICK:
            scopes = tuple(scope for scope in scopes if scope != DRIVE_SCOPE)
        consent = OAuthConsent(email, scopes, asked["client_id"])
        challenge = asked.get("code_challenge", "")
        method = asked.get("code_challenge_method", "plain")
        code = self._grants.code(consent, asked["redirect_uri"], challenge, method)
        return self._back(asked, {"code": code, "scope": " ".join(scopes)})

    def _wrong(self, asked: Mapping[str, str]) -> str | None:
        for name in ("client_id", "redirect_uri", "response_type", "scope"):
            if not asked.get(name):
                return f"Error 400: invalid_request: Missing required parameter: {name}"
        if asked["response_type"] != "code":
            return "Error 400: unsupported_response_type"
        target = urlsplit(asked["redirect_uri"])
        if target.scheme != "http" or target.hostname not in _LOOPBACK:
            return "Error 400: redirect_uri_mismatch"
        if asked.get("code_challenge_method", "plain") not in {"plain", "S256"}:
            return "Error 400: invalid_request: code_challenge_method"
        return None

    def _back(self, asked: Mapping[str, str], said: dict[str, str]) -> HttpResponse:
        state = {"state": asked["state"]} if "state" in asked else {}
        target = asked["redirect_uri"]
        joint = "&" if urlsplit(target).query else "?"
        return HttpResponse(
            302, b"", {"location": f"{target}{joint}{urlencode({**state, **said})}"}
        )

    def _token(self, form: Mapping[str, str]) -> HttpResponse:
        try:
            return json_response(self._grants.exchange(form))
        except OAuthError as error:
            body = {"error": error.error, "error_description": error.words}
            return json_response(body, error.status)


def _page(status: int, words: str) -> HttpResponse:
    body = f"<!DOCTYPE html><html><body><h1>{words}</h1></body></html>"
    return HttpResponse(status, body.encode(), {"content-type": "text/html; charset=utf-8"})
