"""What an emulated Drive holds, in a file, so that a demonstration can go on after a restart."""

# The file is written anew soon after a change and at the end, whole or not at all. It holds
# accounts, files as they are, ids that were given out, and sign-ins, whose tokens open nothing but
# this emulator. Earlier versions, uploads under way and access tokens aren't kept.

from __future__ import annotations

import base64
import json
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from console.emulators.drive.contents.item import Content, DriveItem, RoleGrant
from console.emulators.drive.contents.world import Account, DriveContents
from console.emulators.drive.oauth.tokens import OAuthConsent, TokenIssuer
from sessionlib.errors import ConfigError

EVERY_S = 1.0
_SCHEMA = "drive-emulator/1"


class StateFile:
    """Keeps `world` and the sign-ins in `path` until it is closed.

    Raises ConfigError for a file that is none of its own.
    """

    def __init__(self, path: Path, world: DriveContents, grants: TokenIssuer) -> None:
        self._path = path
        self._world = world
        self._grants = grants
        self._end = threading.Event()
        self._saved: tuple[int, int] | None = None
        if path.exists():
            self._load()
        self._thread = threading.Thread(target=self._run, name="state", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._end.set()
        self._thread.join()
        self.save()

    def save(self) -> None:
        """Write the file, if anything has changed. Raises OSError."""
        with self._world.lock:
            state = (self._world.changes, len(self._grants.refreshes))
            if state == self._saved:
                return
            items = self._world.all_items()
        # They don't change any more: nobody has to wait while they are written down.
        text = json.dumps({_SCHEMA: self._body(items)})
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self._path)
        self._saved = state

    def _run(self) -> None:
        while not self._end.wait(EVERY_S):
            self.save()

    def _body(self, items: list[DriveItem]) -> dict[str, Any]:
        return {
            "accounts": [asdict(account) for account in self._world.accounts.values()],
            "ids": dict(self._world.ids),
            "files": [_packed(item) for item in items],
            "sign_ins": {token: asdict(c) for token, c in dict(self._grants.refreshes).items()},
        }

    def _load(self) -> None:
        try:
            body = json.loads(self._path.read_text(encoding="utf-8"))[_SCHEMA]
            items = [_unpacked(item) for item in body["files"]]
            accounts = [Account(**{**account, "used_bytes": 0}) for account in body["accounts"]]
            consents = {token: _consent(words) for token, words in body["sign_ins"].items()}
            ids = dict(body["ids"])
        except (OSError, ValueError, LookupError, TypeError) as error:
            text = f"{self._path}: no state of this emulator ({error}): name another file"
            raise ConfigError([text]) from None
        with self._world.lock:
            for account in accounts:
                self._world.accounts[account.email] = account
            for item in items:
                self._world.put(item)
            self._world.ids.update(ids)
        self._grants.refreshes.update(consents)


def _packed(item: DriveItem) -> dict[str, Any]:
    data = None if item.content is None else base64.b64encode(item.content.data).decode()
    # Without `asdict`, which would copy every content once more.
    words = {name: getattr(item, name) for name in item.__slots__}
    return {**words, "content": data, "grants": [asdict(grant) for grant in item.grants]}


def _unpacked(words: dict[str, Any]) -> DriveItem:
    data = words["content"]
    return DriveItem(
        **{
            **words,
            "content": None if data is None else Content.of(base64.b64decode(data)),
            "grants": tuple(RoleGrant(**grant) for grant in words["grants"]),
            "parents": tuple(words["parents"]),
        }
    )


def _consent(words: dict[str, Any]) -> OAuthConsent:
    return OAuthConsent(words["email"], tuple(words["scopes"]), words["client_id"])
