"""Google's sign-in on the loopback address, as far as signing in needs it.

It keeps Google's promises about codes (they count once, and only with the verifier of
the question) and tokens (good until revoked). What a person does on the consent page
is set by the test.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

DRIVE = "https://www.googleapis.com/auth/drive"
CLIENT = {"installed": {"client_id": "the-id", "client_secret": "GOCSPX-secret-of-client"}}


@dataclass
class Google:
    """`chosen` is the account that the person picks, else the one that was hinted at."""

    url: str = ""
    chosen: str | None = None
    allowed: str = DRIVE
    denies: str | None = None
    gives_lasting: bool = True
    asked: list[dict[str, str]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    lasting: dict[str, str] = field(default_factory=dict)
    """The account of each lasting token that is good."""
    trouble: dict[str, int] = field(default_factory=dict)
    """The status that a path answers with for now."""
    _codes: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def answer(self, path: str, asked: dict[str, str], token: str) -> tuple[int, Any]:
        """Status, and a document or an address."""
        self.requests.append(path)
        if path in self.trouble:
            return self.trouble[path], {"error": "internal_failure"}
        match path:
            case "/o/oauth2/v2/auth":
                return self._consent(asked)
            case "/token":
                return self._token(asked)
            case "/revoke":
                return self._revoke(asked["token"])
            case "/drive/v2/about":
                return self._about(token)
        return 404, {}

    def _consent(self, asked: dict[str, str]) -> tuple[int, Any]:
        self.asked.append(asked)
        if self.denies:
            said = {"error": self.denies}
        else:
            code = f"4/code-{next(self._numbers)}"
            who = self.chosen or asked["login_hint"]
            self._codes[code] = (who, asked["code_challenge"], asked["redirect_uri"])
            said = {"code": code, "scope": self.allowed}
        return 302, f"{asked['redirect_uri']}?{urlencode({'state': asked['state'], **said})}"

    def _token(self, asked: dict[str, str]) -> tuple[int, Any]:
        assert asked["client_id"] == "the-id"
        if asked["client_secret"] != CLIENT["installed"]["client_secret"]:
            return 401, {"error": "invalid_client"}
        if asked["grant_type"] == "refresh_token":
            who = self.lasting.get(asked["refresh_token"])
        else:
            digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            who, *rest = self._codes.pop(asked["code"], (None,))
            if rest != [challenge, asked["redirect_uri"]]:
                who = None
        if who is None:
            return 400, {"error": "invalid_grant", "error_description": "Bad Request"}
        token = f"ya29.secret-{next(self._numbers)}"
        self._tokens[token] = who
        given = {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}
        if asked["grant_type"] != "refresh_token" and self.gives_lasting:
            given["refresh_token"] = f"1//secret-{next(self._numbers)}"
            self.lasting[str(given["refresh_token"])] = who
        return 200, {**given, "scope": self.allowed}

    def _revoke(self, token: str) -> tuple[int, Any]:
        if token not in self.lasting:
            return 400, {"error": "invalid_token"}
        who = self.lasting[token]
        self.lasting = {key: email for key, email in self.lasting.items() if email != who}
        return 200, {}

    def _about(self, token: str) -> tuple[int, Any]:
        if token not in self._tokens:
            return 401, {"error": {"errors": [{"reason": "authError"}]}}
        if self.allowed != DRIVE:
            return 403, {"error": {"errors": [{"reason": "insufficientPermissions"}]}}
        return 200, {"user": {"emailAddress": self._tokens[token]}, "rootFolderId": "0Aroot"}


@contextmanager
def running() -> Iterator[Google]:
    google = Google()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            self._answer(_fields(self.rfile.read(length).decode()))

        def _answer(self, body: dict[str, str]) -> None:
            parts = urlsplit(self.path)
            token = self.headers.get("authorization", "").removeprefix("Bearer ")
            status, said = google.answer(parts.path, {**_fields(parts.query), **body}, token)
            data = b"" if status == 302 else json.dumps(said).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", said)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *words: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    google.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield google
    finally:
        server.shutdown()
        server.server_close()


def _fields(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text).items()}
