"""The OAuth client that a fleet's accounts sign in with: its operator's own, for desktop apps.

Of its file only id and secret count: a file can't name other addresses than Google's. It is kept
once a sign-in with it has worked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.errors import Refused, WrongUse
from sessionlib import secret_storage

MAX_FILE_BYTES = 64 * 1024
HOW = "docs/drive.md shows how to make one"


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """An OAuth client for desktop apps."""

    id: str
    secret: str = field(repr=False)


def read_client(path: Path) -> OAuthClient:
    """The client in a file as Google gives it out. Raises WrongUse."""
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(MAX_FILE_BYTES))
    except OSError as error:
        raise WrongUse(f"--client: {path} can't be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise WrongUse(f"--client: {path} isn't the JSON file of an OAuth client: {HOW}") from None
    if isinstance(document, dict) and "web" in document:
        raise WrongUse(f'--client: {path} is a client of type "Web application": {HOW}')
    client = _client_of(document.get("installed") if isinstance(document, dict) else None)
    if client is None:
        raise WrongUse(f'--client: {path} isn\'t an OAuth client of type "Desktop app": {HOW}')
    return client


def kept_client(fleet: str) -> OAuthClient | None:
    """The client that the fleet's accounts signed in with here before. Raises NotKept."""
    text = secret_storage.find(entry_of(fleet))
    try:
        return None if text is None else _client_of(json.loads(text))
    except ValueError:
        return None


def need_client(fleet: str) -> OAuthClient:
    """The same. Raises Refused with the way to one where there is none, and NotKept."""
    client = kept_client(fleet)
    if client is None:
        raise Refused(
            "no OAuth client is known here: name its file once, as in `colabvps-console login "
            f"operator --client client_secret.json`; {HOW}"
        )
    return client


def keep_client(fleet: str, client: OAuthClient) -> None:
    """Keep it for the next sign-in. Raises NotKept."""
    secret_storage.save(
        entry_of(fleet), json.dumps({"client_id": client.id, "client_secret": client.secret})
    )


def forget_client(fleet: str) -> None:
    """Remove it; no error where there is none. Raises NotKept."""
    secret_storage.delete(entry_of(fleet))


def entry_of(fleet: str) -> str:
    """What it is kept as."""
    return f"google-client:{fleet}"


def _client_of(fields: Any) -> OAuthClient | None:
    if not isinstance(fields, dict):
        return None
    client_id, secret = fields.get("client_id"), fields.get("client_secret")
    if not (isinstance(client_id, str) and isinstance(secret, str) and client_id and secret):
        return None
    return OAuthClient(client_id, secret)
