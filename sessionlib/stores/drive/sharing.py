"""Whose Drive it is, and with whom a folder is shared, as Drive says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sessionlib.stores.drive import quota_costs
from sessionlib.stores.drive.client import ALL_DRIVES, DriveClient
from sessionlib.stores.drive.responses import NoResponse

WRITERS = frozenset({"owner", "organizer", "fileOrganizer", "writer"})
"""The roles that may write."""
MAX_PAGES = 100
ABOUT_FIELDS = (
    "user(emailAddress),rootFolderId,quotaType,quotaBytesTotal,quotaBytesUsed,"
    "quotaBytesUsedAggregate"
)


@dataclass(frozen=True, slots=True)
class DriveAccount:
    """Who is signed in, the id of their My Drive, and how much room is left in it, None where
    there is no limit or none is told."""

    email: str
    root_id: str
    free_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """A right to a file. `email` is empty for a kind that has none, as `anyone`."""

    id: str
    role: str
    kind: str
    email: str = ""

    @property
    def writes(self) -> bool:
        return self.role in WRITERS


def read_account(client: DriveClient) -> DriveAccount:
    """Who is signed in. Raises Refused, NotSent or Lost, as all here."""
    body = client.with_retries(
        lambda: client.request(lambda drive: drive.about().get(fields=ABOUT_FIELDS))
    )
    try:
        email, root_id = _text(body["user"]["emailAddress"]), _text(body["rootFolderId"])
        return DriveAccount(email, root_id, _free_bytes(body))
    except (LookupError, TypeError, ValueError) as error:
        raise NoResponse(f"Drive doesn't say who is signed in ({error})") from error


def _free_bytes(body: dict[str, Any]) -> int | None:
    if body.get("quotaType") != "LIMITED":
        return None
    # What Mail and Photos hold counts as well.
    used = max(int(body.get(name, 0)) for name in ("quotaBytesUsed", "quotaBytesUsedAggregate"))
    return max(0, int(body["quotaBytesTotal"]) - used)


def list_permissions(client: DriveClient, file_id: str) -> list[Permission]:
    """Who may do what with a file."""
    found: list[Permission] = []
    token = None
    for _ in range(MAX_PAGES):
        page = client.with_retries(lambda token=token: _page(client, file_id, token))  # type: ignore[misc]  # a default binds the loop's value
        found += _permissions_of(page)
        token = page.get("nextPageToken")
        if token is None:
            return found
    raise NoResponse("a folder is shared with more people than can be")


def share_file(client: DriveClient, file_id: str, email: str, *, mail: bool) -> None:
    """Let an account write, also one that could only read. With `mail` Google tells it, and then
    there is one try only."""

    def once() -> None:
        client.request(
            lambda drive: drive.permissions().insert(
                fileId=file_id,
                body={"role": "writer", "type": "user", "value": email},
                sendNotificationEmails=mail,
                fields="id",
                **ALL_DRIVES,
            ),
            quota_costs.WRITE,
        )

    if mail:
        once()
    else:
        client.with_retries(once)


def _page(client: DriveClient, file_id: str, token: str | None) -> Any:
    return client.request(
        lambda drive: drive.permissions().list(
            fileId=file_id,
            pageToken=token,
            fields="nextPageToken,items(id,emailAddress,role,type,deleted)",
            **ALL_DRIVES,
        ),
        quota_costs.LIST,
    )


def _permissions_of(body: Any) -> list[Permission]:
    """Those in one page of a list, without deleted accounts'."""
    try:
        return [
            Permission(
                _text(item["id"]),
                _text(item["role"]),
                _text(item["type"]),
                _text(item.get("emailAddress", "")),
            )
            for item in body["items"]
            if item.get("deleted") is not True
        ]
    except (LookupError, TypeError, AttributeError) as error:
        raise NoResponse(f"the answer isn't a list of permissions ({error})") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where a text is documented")
    return value
