"""Making a Drive store's tree, or finding the one that is there. It can be run again."""

# Known ids count before names. Of several files of one name the oldest counts. A record's file
# stays blank until the record is created in it. Nothing else looks a file up by its name.

from __future__ import annotations

from collections.abc import Mapping

from sessionlib.layout import DRIVE_FILES, DRIVE_FOLDERS
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.conditional_write import NOT_FOUND
from sessionlib.stores.drive.files import FOLDER_TYPE, DriveFile, newest_by_title
from sessionlib.stores.drive.responses import RequestRefused

PROVISION_S = 300.0


class Misplaced(Exception):
    """A file of the tree, known by its id, isn't there any more; the text says which."""


def find_tree(client: DriveClient, root_id: str, known: Mapping[str, str]) -> dict[str, str]:
    """The ids of what is there below the folder `root_id`; those in `known` by their ids.

    Raises Misplaced for one in `known` that is gone, in the bin or elsewhere, and Refused,
    NotSent or Lost, as the client does.
    """
    found: dict[str, str] = {}
    listed: dict[str, dict[str, DriveFile]] = {}
    for path in (*DRIVE_FOLDERS, *DRIVE_FILES):
        above, _, title = path.rpartition("/")
        above_id = found.get(above) if above else root_id
        if path in known:
            _check(client, path, known[path], above_id)
            found[path] = known[path]
            continue
        if above_id is None:
            continue  # what it would be in isn't there
        if above not in listed:
            listed[above] = newest_by_title(client.list(above_id))
        file = listed[above].get(title)
        if file is not None and file.is_folder == (path in DRIVE_FOLDERS):
            found[path] = file.id
    return found


def provision(
    client: DriveClient, root_id: str, known: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The ids of everything below the folder `root_id`, made where it is missing.

    Raises as `find_tree` does; what was made by then is found by the next run.
    """
    with client.time_limit(PROVISION_S):
        ids = find_tree(client, root_id, known or {})
        for path in (*DRIVE_FOLDERS, *DRIVE_FILES):
            if path not in ids:
                above, _, title = path.rpartition("/")
                above_id = ids[above] if above else root_id
                ids[path] = create_file(client, above_id, title, is_folder=path in DRIVE_FOLDERS)
        return ids


def create_file(
    client: DriveClient, above_id: str, title: str, *, is_folder: bool, description: str = ""
) -> str:
    """A new folder, or a blank file; its id. Made once, however often its request is sent."""
    file_id = client.new_id()
    body: dict[str, object] = {"id": file_id, "title": title, "parents": [{"id": above_id}]}
    body["mimeType"] = FOLDER_TYPE if is_folder else "application/octet-stream"
    if description:
        body["description"] = description
    client.insert(body, None)
    return file_id


def _check(client: DriveClient, path: str, file_id: str, above_id: str | None) -> None:
    try:
        file = client.with_retries(lambda: client.get(file_id))
    except RequestRefused as error:
        if error.answer.status != NOT_FOUND:
            raise
        raise Misplaced(f"{path} ({file_id}) is gone, or isn't shared with this account") from error
    if file.is_trashed:
        raise Misplaced(f"{path} ({file_id}) is in its owner's bin")
    if file.parents and above_id not in file.parents:
        raise Misplaced(f"{path} ({file_id}) isn't in the folder that it belongs in")
    if file.is_folder != (path in DRIVE_FOLDERS):
        raise Misplaced(f"{path} ({file_id}) is a {'folder' if file.is_folder else 'file'}")
