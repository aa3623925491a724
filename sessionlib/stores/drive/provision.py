"""Making a Drive store's tree, or finding the one that is there.

Decided here: that it can be run again, that of several folders of one name the oldest
counts, and that the register's file stays blank until a record is created in it. The
only place where anything is looked up by its name. Not decided here: with whom the
folder is shared, and where the ids are written.
"""

from __future__ import annotations

from sessionlib.layout import DRIVE_FILES, DRIVE_FOLDERS
from sessionlib.stores.drive.client import Client
from sessionlib.stores.drive.files import FOLDER_TYPE, File, by_title

PROVISION_S = 300.0


def provision(client: Client, root_id: str) -> dict[str, str]:
    """The ids of everything below the folder `root_id`, made where it is missing.

    Raises Refused, NotSent or Lost, as the client does; what was made by then is found by
    the next run.
    """
    with client.within(PROVISION_S):
        ids = {"": root_id}
        listed: dict[str, dict[str, File]] = {}
        for path in (*DRIVE_FOLDERS, *DRIVE_FILES):
            above, _, title = path.rpartition("/")
            if above not in listed:
                listed[above] = by_title(client.list(ids[above]))
            found = listed[above].get(title)
            is_folder = path in DRIVE_FOLDERS
            if found is not None and found.is_folder == is_folder:
                ids[path] = found.id
            else:
                ids[path] = _make(client, ids[above], title, is_folder=is_folder)
        del ids[""]
        return ids


def _make(client: Client, above_id: str, title: str, *, is_folder: bool) -> str:
    file_id = client.new_id()
    body = {"id": file_id, "title": title, "parents": [{"id": above_id}]}
    if is_folder:
        client.insert({**body, "mimeType": FOLDER_TYPE}, None)
    else:
        client.insert({**body, "mimeType": "application/octet-stream"}, None)
    return file_id
