"""Making files and writing over them: a PUT names all that is to stay, a PATCH what is to change.

A file lies in one folder. Only a write that says so leaves the modification date alone, and with
it the ETag.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from console.emulators.drive.contents.item import (
    EMPTY,
    FOLDER_TYPE,
    PLAIN_TYPE,
    Content,
    DriveItem,
    RoleGrant,
    unix_ms,
)
from console.emulators.drive.methods.call import Call
from console.emulators.drive.methods.errors import (
    Refusal,
    bad_request,
    drive_is_full,
    id_in_use,
    not_allowed,
)
from console.emulators.drive.methods.file_resources import SHOWN_NAMES
from sessionlib.clock import sleep

UNTITLED = "Untitled"


class NotEmulated(Exception):
    """Described, and not emulated; its text says what."""


def check_insert(call: Call) -> None:
    """Refuse what can't be made, before a content has arrived. Raises Refusal."""
    body = _metadata(call)
    _room(call, call.email, 0)
    _parent(call, body)
    file_id = body.get("id")
    if file_id is not None and call.world.is_used(file_id):
        raise id_in_use()
    if file_id is not None and call.world.ids.get(file_id) != call.email:
        raise bad_request("The provided file ID is not usable.", "file.id")


def insert(call: Call) -> DriveItem:
    world, body = call.world, _metadata(call)
    content = None if call.media is None else Content.of(call.media.data)
    with world.lock:
        check_insert(call)
        _room(call, call.email, 0 if content is None else len(content.data))
        now_ms = world.now_ms()
        if call.quirks.coarse_dates:
            now_ms -= now_ms % 1000
        mime_type = body.get("mimeType") or (call.media.mime_type if call.media else PLAIN_TYPE)
        item = DriveItem(
            id=body.get("id") or world.new_id(call.email),
            title=body.get("title", UNTITLED),
            mime_type=mime_type,
            owner=call.email,
            parents=(_parent(call, body),),
            created_ms=now_ms,
            modified_ms=now_ms,
            description=body.get("description", ""),
            content=None if mime_type == FOLDER_TYPE else content or EMPTY,
            grants=(RoleGrant(call.email, "owner"),),
            in_bin=call.quirks.bins,
            modified_by=call.email,
        )
        world.put(item)
        if call.quirks.doubles:
            world.put(replace(item, id=world.new_id(call.email), created_ms=now_ms + 1))
        return item


def check_update(call: Call) -> None:
    """Refuse what can't be written, before a content has arrived. Raises Refusal."""
    _metadata(call)
    call.check_version(call.file("writer"))


def update(call: Call) -> DriveItem:
    """PUT: a property that isn't named goes back to what it is in a new file."""
    return _written(call, is_whole=True)


def patch(call: Call) -> DriveItem:
    return _written(call, is_whole=False)


def _written(call: Call, *, is_whole: bool) -> DriveItem:
    content = None if call.media is None else Content.of(call.media.data)
    with call.world.lock:
        check_update(call)
        if not call.quirks.pause_s:
            return _write(call, content, is_whole=is_whole)
    # What a Drive would be that checks here and writes there: others come between.
    sleep(call.quirks.pause_s)
    with call.world.lock:
        return _write(call, content, is_whole=is_whole)


def _write(call: Call, content: Content | None, *, is_whole: bool) -> DriveItem:
    world, body, before = call.world, _metadata(call), call.file("writer")
    if content is not None:
        if before.is_folder:
            raise bad_request("A folder has no content.")
        _room(call, before.owner, len(content.data) - before.size_bytes)
    named = is_whole and call.body is not None
    in_bin = body.get("labels", {}).get("trashed", before.in_bin)
    if in_bin != before.in_bin and before.owner != call.email:
        raise not_allowed()
    item = replace(
        world.next_version(before, call.email, _modified_ms(call, before, body)),
        title=body.get("title", UNTITLED if named else before.title),
        mime_type=body.get("mimeType", before.mime_type),
        description=body.get("description", "" if named else before.description),
        content=before.content if content is None else content,
        parents=_moved(call, before),
        in_bin=in_bin,
    )
    world.put(item)
    return replace(item, modified_ms=before.modified_ms) if call.quirks.old_etag else item


def _modified_ms(call: Call, before: DriveItem, body: dict[str, Any]) -> int:
    behaviour = call.params.get("modifiedDateBehavior")
    if behaviour is None:
        behaviour = "fromBody" if call.is_true("setModifiedDate") else "now"
    now_ms = call.world.next_ms(before, coarse=call.quirks.coarse_dates)
    if behaviour in {"now", "nowIfNeeded"}:
        return now_ms
    if behaviour == "noChange":
        return before.modified_ms
    date = body.get("modifiedDate")
    if date is None:
        return before.modified_ms if behaviour == "fromBody" else now_ms
    return unix_ms(date)


def _moved(call: Call, item: DriveItem) -> tuple[str, ...]:
    """The folder that a file lies in from now on."""
    added, removed = _listed(call, "addParents"), _listed(call, "removeParents")
    for folder_id in added:
        if not call.find(folder_id, "writer").is_folder:
            raise bad_request("The specified parent is not a folder.", "addParents")
    for folder_id in removed:
        if folder_id in item.parents:
            call.find(folder_id, "writer")
    kept = [parent for parent in item.parents if parent not in removed]
    parents = tuple(dict.fromkeys([*kept, *added]))
    if len(parents) > 1:
        raise Refusal(403, "cannotAddParent", "Increasing the number of parents is not allowed")
    return parents or (call.world.accounts[item.owner].root_id,)


def _listed(call: Call, name: str) -> list[str]:
    root_id = call.world.accounts[call.email].root_id
    ids = [part.strip() for part in call.params.get(name, "").split(",")]
    return [root_id if file_id == "root" else file_id for file_id in ids if file_id]


def _parent(call: Call, body: dict[str, Any]) -> str:
    """The folder in which a new file is made. Raises Refusal."""
    named = [parent.get("id", "") for parent in body.get("parents", [])]
    if len(named) > 1:
        raise bad_request("A file can't lie in several folders.", "parents")
    folder = call.find(named[0] if named else "root", "writer")
    if not folder.is_folder:
        raise bad_request("The specified parent is not a folder.", "parents")
    return folder.id


def _room(call: Call, owner: str, more_bytes: int) -> None:
    """Refuse what doesn't fit into its owner's quota. Raises Refusal."""
    account = call.world.accounts[owner]
    is_full = account.used_bytes + more_bytes >= account.limit_bytes
    if call.quirks.is_full or is_full:
        raise drive_is_full()


def _metadata(call: Call) -> dict[str, Any]:
    body = call.body or {}
    # A client may send back what it was shown; what else is described isn't emulated.
    for name in body.keys() - SHOWN_NAMES:
        raise NotEmulated(f"the property {name}")
    return body
