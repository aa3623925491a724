"""Which function answers which method, and what it costs.

Whatever is described and not emulated is a fault of whoever sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from console.emulators.drive.contents.item import DriveItem
from console.emulators.drive.methods import about, files, permissions, writes
from console.emulators.drive.methods.call import Call
from sessionlib.stores.drive import quota_costs

Result = DriveItem | dict[str, Any] | bytes | None


@dataclass(frozen=True, slots=True)
class MethodHandler:
    """How one method is answered."""

    run: Callable[[Call], Result]
    units: int
    writes: bool = False


@dataclass(frozen=True, slots=True)
class UploadHandler:
    """How one method takes a content that comes later. `check` says beforehand what it meets."""

    check: Callable[[Call], None]
    run: Callable[[Call], DriveItem]


METHODS: Mapping[str, MethodHandler] = {
    "drive.about.get": MethodHandler(about.get, quota_costs.READ),
    "drive.files.get": MethodHandler(files.get, quota_costs.READ),
    "drive.files.list": MethodHandler(files.list_, quota_costs.LIST),
    "drive.files.generateIds": MethodHandler(files.generate_ids, quota_costs.READ),
    "drive.files.insert": MethodHandler(writes.insert, quota_costs.WRITE, writes=True),
    "drive.files.update": MethodHandler(writes.update, quota_costs.WRITE, writes=True),
    "drive.files.patch": MethodHandler(writes.patch, quota_costs.WRITE, writes=True),
    "drive.files.delete": MethodHandler(files.delete, quota_costs.WRITE, writes=True),
    "drive.files.trash": MethodHandler(files.trash, quota_costs.WRITE, writes=True),
    "drive.files.untrash": MethodHandler(files.untrash, quota_costs.WRITE, writes=True),
    "drive.permissions.insert": MethodHandler(permissions.insert, quota_costs.WRITE, writes=True),
    "drive.permissions.list": MethodHandler(permissions.list_, quota_costs.LIST),
    "drive.permissions.get": MethodHandler(permissions.get, quota_costs.READ),
    "drive.permissions.getIdForEmail": MethodHandler(
        permissions.get_id_for_email, quota_costs.READ
    ),
    "drive.permissions.delete": MethodHandler(permissions.delete, quota_costs.WRITE, writes=True),
}
UPLOADS: Mapping[str, UploadHandler] = {
    "drive.files.insert": UploadHandler(writes.check_insert, writes.insert),
    "drive.files.update": UploadHandler(writes.check_update, writes.update),
}
DOWNLOAD = MethodHandler(files.download, quota_costs.DOWNLOAD)
"""What `alt=media` makes of `drive.files.get`."""

_HEEDED = frozenset(
    {
        *("alt", "fields", "q", "maxResults", "pageToken", "uploadType", "space"),
        *("addParents", "removeParents", "modifiedDateBehavior", "setModifiedDate"),
    }
)
_WITHOUT_EFFECT = frozenset(
    {
        *("supportsAllDrives", "supportsTeamDrives", "includeItemsFromAllDrives"),
        *("prettyPrint", "quotaUser", "key", "sendNotificationEmails", "emailMessage"),
        *("updateViewedDate", "newRevision", "acknowledgeAbuse", "includeSubscribed"),
    }
)
_ONLY_AS: Mapping[str, frozenset[str]] = {
    "spaces": frozenset({"drive"}),
    "corpora": frozenset({"default", "user"}),
    "type": frozenset({"files"}),
    "convert": frozenset({"false"}),
    "ocr": frozenset({"false"}),
    "pinned": frozenset({"false"}),
}


def is_emulated(name: str, value: str) -> bool:
    """Whether a parameter that is described is emulated, with that value."""
    return name in _HEEDED | _WITHOUT_EFFECT or value in _ONLY_AS.get(name, frozenset())
