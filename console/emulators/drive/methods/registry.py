"""Which function answers which method, and what it costs.

Decided here: what is emulated of all that is described, methods and parameters; all
other requests are faults of whoever sends them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from console.emulators.drive.contents.item import Item
from console.emulators.drive.methods import about, files, permissions, writes
from console.emulators.drive.methods.call import Call
from sessionlib.stores.drive import units

Result = Item | dict[str, Any] | bytes | None


@dataclass(frozen=True, slots=True)
class Answerer:
    """How one method is answered."""

    run: Callable[[Call], Result]
    units: int
    writes: bool = False


@dataclass(frozen=True, slots=True)
class Uploader:
    """How one method takes a content that comes later. `check` says beforehand what it meets."""

    check: Callable[[Call], None]
    run: Callable[[Call], Item]


METHODS: Mapping[str, Answerer] = {
    "drive.about.get": Answerer(about.get, units.READ),
    "drive.files.get": Answerer(files.get, units.READ),
    "drive.files.list": Answerer(files.list_, units.LIST),
    "drive.files.generateIds": Answerer(files.generate_ids, units.READ),
    "drive.files.insert": Answerer(writes.insert, units.WRITE, writes=True),
    "drive.files.update": Answerer(writes.update, units.WRITE, writes=True),
    "drive.files.patch": Answerer(writes.patch, units.WRITE, writes=True),
    "drive.files.delete": Answerer(files.delete, units.WRITE, writes=True),
    "drive.files.trash": Answerer(files.trash, units.WRITE, writes=True),
    "drive.files.untrash": Answerer(files.untrash, units.WRITE, writes=True),
    "drive.permissions.insert": Answerer(permissions.insert, units.WRITE, writes=True),
    "drive.permissions.list": Answerer(permissions.list_, units.LIST),
    "drive.permissions.get": Answerer(permissions.get, units.READ),
    "drive.permissions.getIdForEmail": Answerer(permissions.get_id_for_email, units.READ),
    "drive.permissions.delete": Answerer(permissions.delete, units.WRITE, writes=True),
}
UPLOADS: Mapping[str, Uploader] = {
    "drive.files.insert": Uploader(writes.check_insert, writes.insert),
    "drive.files.update": Uploader(writes.check_update, writes.update),
}
DOWNLOAD = Answerer(files.download, units.DOWNLOAD)
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
