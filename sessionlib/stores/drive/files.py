"""What Drive says of a file, read with care: an unknown form makes the answer unreadable."""

# Of two files of one name, that are written over, the last written counts; of others, the older.

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sessionlib.stores.drive.responses import NoResponse

FIELDS = (
    "id,title,mimeType,etag,createdDate,modifiedDate,description,md5Checksum,fileSize,"
    "labels/trashed,parents/id,ownedByMe"
)
LIST_FIELDS = f"nextPageToken,incompleteSearch,items({FIELDS})"
FOLDER_TYPE = "application/vnd.google-apps.folder"


@dataclass(frozen=True, slots=True)
class DriveFile:
    """One file. Times are Unix seconds by Drive's clock."""

    id: str
    title: str
    etag: str
    created_s: float
    modified_s: float
    description: str = ""
    md5: str = ""
    size_bytes: int = 0
    is_trashed: bool = False
    is_folder: bool = False
    is_ours: bool = False
    parents: tuple[str, ...] = ()


def parse_file(body: Any) -> DriveFile:
    """A file from Drive's JSON. Raises Lost for anything else."""
    try:
        return DriveFile(
            id=_text(body, "id"),
            title=_text(body, "title"),
            etag=_text(body, "etag"),
            created_s=_seconds(body, "createdDate"),
            modified_s=_seconds(body, "modifiedDate"),
            description=_text(body, "description", ""),
            md5=_text(body, "md5Checksum", ""),
            size_bytes=int(_text(body, "fileSize", "0")),
            is_trashed=body.get("labels", {}).get("trashed") is True,
            is_ours=body.get("ownedByMe") is True,
            is_folder=body.get("mimeType") == FOLDER_TYPE,
            parents=tuple(_text(parent, "id") for parent in body.get("parents", [])),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NoResponse(f"the answer isn't a file as Drive describes them ({error})") from error


def newest_by_title(
    files: Iterable[DriveFile], *, is_written_over: bool = False
) -> dict[str, DriveFile]:
    """The file that counts for each title: of several the oldest, then the lowest id.

    `is_written_over` is for what one account writes again and again: the one that it wrote
    last is the one that it goes by, and all others of that name are dead.
    """
    found: dict[str, DriveFile] = {}
    for file in sorted(files, key=lambda file: _rank(file, is_written_over=is_written_over)):
        found.setdefault(file.title, file)
    return found


def _rank(file: DriveFile, *, is_written_over: bool) -> tuple[float, str]:
    return (-file.modified_s if is_written_over else file.created_s, file.id)


def _text(body: Any, name: str, default: str | None = None) -> str:
    value = body[name] if default is None else body.get(name, default)
    if not isinstance(value, str):
        raise TypeError(f"{name} is {type(value).__name__}")
    return value


def _seconds(body: Any, name: str) -> float:
    return datetime.fromisoformat(_text(body, name)).timestamp()
