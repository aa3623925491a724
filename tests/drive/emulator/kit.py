"""What tests over the emulator share: accounts, a provisioned tree, and stores that ask it
through PyDrive2 and googleapiclient as they would ask Google."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import google.oauth2.credentials
import googleapiclient.discovery
import httplib2
import pytest

from console.emulators.drive import Emulator
from console.emulators.drive.control_api import CLIENT
from sessionlib.clock import Clock, SystemClock
from sessionlib.stores.drive import backoff, conditional_write
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.files import FOLDER_TYPE
from sessionlib.stores.drive.opening import SCOPE, build_store
from sessionlib.stores.drive.provision import provision
from sessionlib.stores.drive.store import DriveStore
from sessionlib.stores.drive.transport import redirected

OPERATOR, MAIN, BACKUP = "operator@example.com", "main@example.com", "backup@example.com"
CALL_S = 7.0
SYSTEM = SystemClock()


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def credentials(emulator: Emulator, email: str) -> Any:
    made: Callable[..., Any] = google.oauth2.credentials.Credentials
    return made(token=None, refresh_token=emulator.refresh_token(email), scopes=[SCOPE], **CLIENT)


def client(
    emulator: Emulator,
    email: str,
    clock: Clock = SYSTEM,
    spend: Callable[[int], None] = lambda units: None,
    kind: type[DriveClient] = DriveClient,
) -> DriveClient:
    return kind(credentials(emulator, email), clock, emulator.url, spend)


class Signed:
    """httplib2's `Http` for one account at the emulator, as it is: nothing is sent again, for
    every request has an answer."""

    def __init__(self, emulator: Emulator, email: str) -> None:
        self._http = httplib2.Http()
        self._base = emulator.url
        own = credentials(emulator, email)
        own.refresh(_Tokens(self._http, self._base))
        self.token = own.token
        self.redirect_codes: frozenset[int] = frozenset()
        self.timeout = None

    def request(self, uri: str, method: str = "GET", **words: Any) -> Any:
        headers = {**(words.pop("headers", None) or {}), "authorization": f"Bearer {self.token}"}
        return self._http.request(redirected(uri, self._base), method, headers=headers, **words)

    def close(self) -> None:
        self._http.close()


class _Tokens:
    def __init__(self, http: httplib2.Http, base: str) -> None:
        self._http = http
        self._base = base

    def __call__(self, url: str, method: str, body: Any, headers: Any, **words: Any) -> Any:
        answer, data = self._http.request(redirected(url, self._base), method, body, headers)
        return type("Answer", (), {"status": answer.status, "headers": answer, "data": data})


def service(emulator: Emulator, email: str) -> Any:
    """Google's own client for Drive v2."""
    http = Signed(emulator, email)
    return googleapiclient.discovery.build("drive", "v2", http=http, static_discovery=True)


@dataclass
class Fleet:
    """A folder that the operator made and shared, and a store in it for each account."""

    emulator: Emulator
    clock: Clock = SYSTEM
    root_id: str = field(init=False)
    ids: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        files = service(self.emulator, OPERATOR)
        made = files.files().insert(body={"title": "VPS_Shared", "mimeType": FOLDER_TYPE}).execute()
        self.root_id = made["id"]
        for email in (MAIN, BACKUP):
            body = {"type": "user", "role": "writer", "value": email}
            files.permissions().insert(fileId=self.root_id, body=body).execute()
        self.ids = provision(client(self.emulator, OPERATOR, self.clock), self.root_id)

    def store(
        self, email: str = MAIN, spend: Callable[[int], None] = lambda units: None
    ) -> DriveStore:
        account = client(self.emulator, email, self.clock, spend)
        return build_store(account, self.root_id, self.ids, self.clock, CALL_S)


@contextmanager
def fleet(clock: Clock = SYSTEM) -> Iterator[Fleet]:
    """A provisioned fleet over an emulator of its own; nothing it was asked was undescribed."""
    with Emulator([OPERATOR, MAIN, BACKUP], clock=clock) as emulator:
        yield Fleet(emulator, clock)
        assert emulator.defects == []


def hurry(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have faults, and what the store waits after them, take hundredths of a second."""
    takes = emulator.faults.durations
    takes.stale_s = takes.unseen_s = takes.delay_s = 0.03
    takes.late_s, takes.retry_after_s = 0.05, 0
    monkeypatch.setattr(backoff, "BASE_S", 0.01)
    monkeypatch.setattr(conditional_write, "PAUSE_S", 0.02)


class Drives:
    """Any number of empty stores of one account, on one emulator that lasts as long as the
    process does."""

    def __init__(self) -> None:
        self.emulator = Emulator([MAIN])
        self._client = client(self.emulator, MAIN)

    def store(self) -> DriveStore:
        root_id = self._client.new_id()
        self._client.insert({"id": root_id, "title": "VPS_Shared", "mimeType": FOLDER_TYPE}, None)
        ids = provision(self._client, root_id)
        return build_store(self._client, root_id, ids, SYSTEM, CALL_S)
