"""Reading, listing, binning and deleting files.

Whoever could read a file before can read it in the bin, by its id.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from console.emulators.drive.contents.item import DriveItem
from console.emulators.drive.contents.roles import descendants, role_of
from console.emulators.drive.methods.call import Call
from console.emulators.drive.methods.errors import Refusal, not_allowed, not_found
from console.emulators.drive.methods.queries import query_of

DEFAULT_PAGE = 100
MAX_PAGE = 1_000


def get(call: Call) -> DriveItem:
    item = call.file(ago_s=call.quirks.read_ago_s)
    age_ms = call.world.now_ms() - item.created_ms
    if item.owner != call.email and age_ms < call.quirks.unseen_s * 1000:
        raise not_found(item.id)
    return item


def download(call: Call) -> bytes:
    """A file's content, as of the same moment as its metadata would be."""
    item = get(call)
    if item.content is None:
        words = "Only files with binary content can be downloaded."
        raise Refusal(403, "fileNotDownloadable", words, ("parameter", "alt"))
    return item.content.data


def list_(call: Call) -> dict[str, Any]:
    root_id = call.world.accounts[call.email].root_id
    query = query_of(call.params.get("q", ""), root_id)
    size = min(int(call.params.get("maxResults", DEFAULT_PAGE)) or DEFAULT_PAGE, MAX_PAGE)
    after = _place(call.params.get("pageToken"))
    with call.world.lock:
        if query.folder is not None:
            call.find(query.folder)
            items = list(call.world.children(query.folder, call.quirks.list_ago_s))
        else:
            items = call.world.all_items()
        fitting = sorted(
            (
                item
                for item in items
                if (item.created_ms, item.id) > after
                and query.fits(call.world, item)
                and role_of(call.world, call.email, item) is not None
            ),
            key=lambda item: (item.created_ms, item.id),
        )
    page = fitting[:size]
    body: dict[str, Any] = {"kind": "drive#fileList", "incompleteSearch": False, "items": page}
    if len(fitting) > size:
        body["nextPageToken"] = _token(page[-1])
    return body


def _token(item: DriveItem) -> str:
    return base64.urlsafe_b64encode(f"{item.created_ms} {item.id}".encode()).decode()


def _place(token: str | None) -> tuple[int, str]:
    if token is None:
        return (-1, "")
    try:
        created_ms, _, file_id = base64.urlsafe_b64decode(token).decode().partition(" ")
        return int(created_ms), file_id
    except ValueError:
        raise Refusal(400, "invalid", "Invalid Value", ("parameter", "pageToken")) from None


def generate_ids(call: Call) -> dict[str, Any]:
    count = int(call.params.get("maxResults", 10))
    with call.world.lock:
        ids = [call.world.new_id(call.email) for _ in range(count)]
    return {"kind": "drive#generatedIds", "space": "drive", "ids": ids}


def trash(call: Call) -> DriveItem:
    return _binned(call, in_bin=True)


def untrash(call: Call) -> DriveItem:
    return _binned(call, in_bin=False)


def _binned(call: Call, *, in_bin: bool) -> DriveItem:
    with call.world.lock:
        item = _owned(call)
        new = replace(call.world.next_version(item, call.email), in_bin=in_bin)
        call.world.put(new)
        return new


def delete(call: Call) -> None:
    """For good, past the bin. What others own in a folder goes home to them."""
    with call.world.lock:
        item = _owned(call)
        call.check_version(item)
        inside = descendants(call.world, item)
        call.world.remove(item.id)
        for other in inside:
            if other.owner == call.email:
                call.world.remove(other.id)
            elif item.id in other.parents or all(
                call.world.get(parent) is None for parent in other.parents
            ):
                home = call.world.accounts[other.owner].root_id
                call.world.put(replace(other, parents=(home,)))


def _owned(call: Call) -> DriveItem:
    """The file, which its owner alone may bin or delete. Raises Refusal."""
    item = call.file()
    if item.owner != call.email or not item.parents:
        raise not_allowed()
    return item
