"""A file as Drive shows it: the fields that were asked for, the folders that the caller sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from console.emulators.drive.contents.item import Content, DriveItem, date_of
from console.emulators.drive.contents.roles import has_role, is_binned, role_of
from console.emulators.drive.contents.world import DriveContents, permission_id

FILES_URL = "https://www.googleapis.com/drive/v2/files"

Shown = Callable[[DriveContents, str, DriveItem], Any]


def file_body(
    world: DriveContents, email: str, item: DriveItem, names: Iterable[str] | None = None
) -> dict[str, Any]:
    """The fields `names` of a file, or all, as `email` sees them."""
    wanted = _SHOWN if names is None else {n: _SHOWN[n] for n in names if n in _SHOWN}
    found = {name: show(world, email, item) for name, show in wanted.items()}
    return {name: value for name, value in found.items() if value is not None}


def user_body(email: str, me: str) -> dict[str, Any]:
    return {
        "kind": "drive#user",
        "displayName": email.partition("@")[0],
        "isAuthenticatedUser": email == me,
        "permissionId": permission_id(email),
        "emailAddress": email,
    }


def _parents(world: DriveContents, email: str, item: DriveItem) -> list[dict[str, Any]]:
    found = []
    for parent_id in item.parents:
        parent = world.get(parent_id)
        if parent is not None and role_of(world, email, parent) is not None:
            found.append(
                {
                    "kind": "drive#parentReference",
                    "id": parent_id,
                    "selfLink": f"{FILES_URL}/{item.id}/parents/{parent_id}",
                    "parentLink": f"{FILES_URL}/{parent_id}",
                    "isRoot": not parent.parents,
                }
            )
    return found


def _labels(world: DriveContents, _: str, item: DriveItem) -> dict[str, Any]:
    return {
        "starred": False,
        "hidden": False,
        "trashed": is_binned(world, item),
        "restricted": False,
        "viewed": True,
    }


def _own_permission(world: DriveContents, email: str, item: DriveItem) -> dict[str, Any]:
    role = role_of(world, email, item)
    shown = "reader" if role == "commenter" else role
    body = {"kind": "drive#permission", "id": "me", "type": "user", "role": shown}
    return {**body, "additionalRoles": ["commenter"]} if role == "commenter" else body


def _capabilities(world: DriveContents, email: str, item: DriveItem) -> dict[str, Any]:
    can_edit, owns = has_role(world, email, item, "writer"), item.owner == email
    return {
        "canEdit": can_edit,
        "canRename": can_edit,
        "canModifyContent": can_edit,
        "canShare": can_edit,
        "canAddChildren": can_edit and item.is_folder,
        "canListChildren": item.is_folder,
        "canDownload": True,
        "canDelete": owns,
        "canTrash": owns,
        "canUntrash": owns,
    }


def _of_content(show: Callable[[DriveItem, Content], Any]) -> Shown:
    return lambda world, email, item: None if item.content is None else show(item, item.content)


def _plain(show: Callable[[DriveItem], Any]) -> Shown:
    return lambda world, email, item: show(item)


_SHOWN: Mapping[str, Shown] = {
    "kind": _plain(lambda item: "drive#file"),
    "id": _plain(lambda item: item.id),
    "etag": _plain(lambda item: item.etag),
    "selfLink": _plain(lambda item: f"{FILES_URL}/{item.id}"),
    "alternateLink": _plain(lambda item: f"https://drive.google.com/file/d/{item.id}/view"),
    "downloadUrl": _of_content(lambda item, _: f"{FILES_URL}/{item.id}?alt=media"),
    "title": _plain(lambda item: item.title),
    "mimeType": _plain(lambda item: item.mime_type),
    "description": _plain(lambda item: item.description or None),
    "labels": _labels,
    "createdDate": _plain(lambda item: date_of(item.created_ms)),
    "modifiedDate": _plain(lambda item: date_of(item.modified_ms)),
    "version": _plain(lambda item: str(item.version)),
    "md5Checksum": _of_content(lambda _, content: content.md5),
    "fileSize": _of_content(lambda _, content: str(len(content.data))),
    "quotaBytesUsed": _plain(lambda item: str(item.size_bytes)),
    "originalFilename": _of_content(lambda item, _: item.title),
    "parents": _parents,
    "owners": lambda world, email, item: [user_body(item.owner, email)],
    "ownerNames": _plain(lambda item: [item.owner.partition("@")[0]]),
    "ownedByMe": lambda world, email, item: item.owner == email,
    "lastModifyingUser": lambda world, email, item: user_body(item.modified_by, email),
    "userPermission": _own_permission,
    "capabilities": _capabilities,
    "editable": lambda world, email, item: has_role(world, email, item, "writer"),
    "copyable": _plain(lambda item: True),
    "shared": _plain(lambda item: len(item.grants) > 1),
    "writersCanShare": _plain(lambda item: True),
    "explicitlyTrashed": _plain(lambda item: item.in_bin),
    "spaces": _plain(lambda item: ["drive"]),
}

SHOWN_NAMES = frozenset(_SHOWN)
"""The properties that are emulated."""
