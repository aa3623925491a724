"""The emulator's own paths, for a test or a demonstration in another process.

`POST /control/token` gives a refresh token without a browser.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from console.emulators.drive.contents.world import DriveContents
from console.emulators.drive.faults.rates import Faults
from console.emulators.drive.oauth.pages import SignInPages
from console.emulators.drive.oauth.tokens import DRIVE_SCOPE, OAuthConsent, TokenIssuer
from console.emulators.drive.request_log import RequestLog
from console.emulators.drive.wire.messages import HttpRequest, HttpResponse, json_response

PREFIX = "/control/"
CLIENT = {
    "client_id": "emulator.apps.googleusercontent.com",
    "client_secret": "emulator",
    "token_uri": "https://oauth2.googleapis.com/token",
}


class ControlApi:
    """What can be asked of the emulator itself."""

    def __init__(
        self,
        world: DriveContents,
        grants: TokenIssuer,
        pages: SignInPages,
        faults: Faults,
        ledger: RequestLog,
    ) -> None:
        self._world = world
        self._grants = grants
        self._pages = pages
        self._faults = faults
        self._ledger = ledger
        self._doors: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "POST token": self._token,
            "POST revoke": self._revoke,
            "POST consent": self._consent,
            "POST faults": self._set_faults,
            "GET report": self._report,
        }

    def answer(self, request: HttpRequest) -> HttpResponse:
        door = self._doors.get(f"{request.method} {request.path.removeprefix(PREFIX)}")
        if door is None:
            return json_response({"error": f"use one of {', '.join(self._doors)}"}, 404)
        try:
            body = json.loads(request.body or b"{}")
            return json_response(door(body))
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            return json_response({"error": f"that can't be: {error}"}, 400)

    def refresh_token(self, email: str, scopes: tuple[str, ...] = (DRIVE_SCOPE,)) -> str:
        """A refresh token for an account. Raises KeyError for one that there isn't."""
        return self._grants.refresh_token(OAuthConsent(self._world.accounts[email].email, scopes))

    def _token(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {**CLIENT, "refresh_token": self.refresh_token(asked["email"])}

    def _revoke(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._grants.withdraw(self._world.accounts[asked["email"]].email)
        return {}

    def _consent(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._pages.answers[self._world.accounts[asked["email"]].email] = str(asked["answer"])
        return {}

    def _set_faults(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._faults.set(asked)
        return self._faults.rates()

    def _report(self, _: dict[str, Any]) -> dict[str, Any]:
        return {
            "units": dict(self._ledger.units),
            "requests": dict(self._ledger.methods),
            "defects": self._ledger.defects[-100:],
            "faults": dict(self._faults.counts),
        }
