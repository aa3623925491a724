"""Goal: the emulator answers as Drive does, where the store or the sign-in relies on it. Method:
Google's own client for Drive v2."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaInMemoryUpload

from console.emulators.drive import Emulator, running_emulator
from sessionlib.stores.drive import quota_costs
from sessionlib.stores.drive.files import FOLDER_TYPE
from sessionlib.stores.drive.responses import reason_of
from tests.drive.emulator.kit import BACKUP, MAIN, OPERATOR, md5, service


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with running_emulator(accounts=[OPERATOR, MAIN, BACKUP]) as made:
        yield made


@pytest.fixture
def operator(emulator: Emulator) -> Any:
    return service(emulator, OPERATOR)


@pytest.fixture
def folder(operator: Any) -> str:
    """A folder of the operator's, shared with the main account and not with the backup."""
    made = operator.files().insert(body={"title": "shared", "mimeType": FOLDER_TYPE}).execute()
    share(operator, made["id"], MAIN)
    return str(made["id"])


def share(drive: Any, file_id: str, email: str, role: str = "writer") -> Any:
    body = {"type": "user", "role": role, "value": email}
    return drive.permissions().insert(fileId=file_id, body=body).execute()


def make(drive: Any, title: str = "a", **words: Any) -> Any:
    media = words.pop("media_body", None)
    return drive.files().insert(body={"title": title, **words}, media_body=media).execute()


def refused(request: Any) -> tuple[int, str]:
    with pytest.raises(HttpError) as raised:
        request.execute()
    return int(raised.value.resp.status), reason_of(raised.value.content)


def update(drive: Any, file: Any, etag: str, **body: Any) -> Any:
    request = drive.files().update(fileId=file["id"], body=body)
    request.headers["If-Match"] = etag
    return request


def test_an_etag_is_the_modification_date_and_each_write_has_another(operator: Any) -> None:
    file = make(operator)
    etags = [file["etag"]]
    for _ in range(20):
        file = update(operator, file, etags[-1], title="a").execute()
        etags.append(file["etag"])
    assert len(set(etags)) == len(etags)
    ms = base64.b64decode(etags[-1].strip('"')).decode()
    assert file["modifiedDate"].endswith(f".{ms[-3:]}Z")
    assert refused(update(operator, file, etags[0], title="b")) == (412, "conditionNotMet")
    delete = operator.files().delete(fileId=file["id"])
    delete.headers["If-Match"] = etags[0]
    assert refused(delete) == (412, "conditionNotMet")
    delete.headers["If-Match"] = etags[-1]
    delete.execute()
    assert refused(operator.files().get(fileId=file["id"])) == (404, "notFound")


def test_a_date_that_is_kept_or_brought_back_brings_back_its_etag(operator: Any) -> None:
    file = make(operator, description="1")
    kept = operator.files().patch(
        fileId=file["id"], body={"description": "2"}, modifiedDateBehavior="noChange"
    )
    assert kept.execute()["etag"] == file["etag"]
    later = operator.files().patch(fileId=file["id"], body={"description": "3"}).execute()
    assert later["etag"] != file["etag"]
    back = operator.files().patch(
        fileId=file["id"],
        body={"modifiedDate": file["modifiedDate"]},
        modifiedDateBehavior="fromBody",
    )
    assert back.execute()["etag"] == file["etag"]


def test_a_put_clears_what_it_does_not_name_and_a_patch_does_not(operator: Any) -> None:
    file = make(operator, "named", description="said")
    patched = operator.files().patch(fileId=file["id"], body={"title": "other"}).execute()
    assert (patched["title"], patched["description"]) == ("other", "said")
    put = operator.files().update(fileId=file["id"], body={}).execute()
    assert (put["title"], put.get("description")) == ("Untitled", None)


def test_an_id_makes_one_file_of_the_account_that_it_was_made_for(
    emulator: Emulator, operator: Any
) -> None:
    ids = operator.files().generateIds(maxResults=2).execute()["ids"]
    make(operator, id=ids[0])
    again = operator.files().insert(body={"id": ids[0], "title": "b"})
    assert refused(again) == (409, "fileIdInUse")
    operator.files().trash(fileId=ids[0]).execute()
    assert refused(again) == (409, "fileIdInUse")
    mine = service(emulator, MAIN).files().insert(body={"id": ids[1], "title": "b"})
    assert refused(mine)[0] == 400
    assert refused(operator.files().insert(body={"id": "made-up"}))[0] == 400


def test_names_repeat_and_listings_come_in_pages(operator: Any, folder: str) -> None:
    for _ in range(7):
        make(operator, "same", parents=[{"id": folder}])
    make(operator, "elsewhere")
    operator.files().trash(fileId=make(operator, "same", parents=[{"id": folder}])["id"]).execute()
    query = f"'{folder}' in parents and trashed = false and title = 'same'"
    found, token = [], None
    while True:
        page = operator.files().list(q=query, maxResults=3, pageToken=token).execute()
        found += [item["id"] for item in page["items"]]
        token = page.get("nextPageToken")
        if token is None:
            break
    assert len(found) == len(set(found)) == 7
    assert refused(operator.files().list(q="title like 'x'")) == (400, "invalid")
    unknown = operator.files().list(q="'nowhere' in parents")
    assert refused(unknown) == (404, "notFound")


def test_what_is_not_shared_is_not_there_and_a_folder_shares_what_is_in_it(
    emulator: Emulator, operator: Any, folder: str
) -> None:
    main, backup = service(emulator, MAIN), service(emulator, BACKUP)
    file = make(operator, parents=[{"id": folder}])
    assert main.files().get(fileId=file["id"]).execute()["userPermission"]["role"] == "writer"
    assert refused(backup.files().get(fileId=file["id"])) == (404, "notFound")
    share(operator, folder, BACKUP, "reader")
    assert backup.files().get(fileId=file["id"]).execute()["editable"] is False
    patch = backup.files().patch(fileId=file["id"], body={"title": "b"})
    assert refused(patch) == (403, "insufficientFilePermissions")
    into = backup.files().insert(body={"title": "b", "parents": [{"id": folder}]})
    assert refused(into)[0] == 403
    listed = operator.permissions().list(fileId=file["id"]).execute()["items"]
    assert {(one["emailAddress"], one["role"]) for one in listed} == {
        (OPERATOR, "owner"),
        (MAIN, "writer"),
        (BACKUP, "reader"),
    }
    number = next(one["id"] for one in listed if one["emailAddress"] == BACKUP)
    assert refused(operator.permissions().delete(fileId=file["id"], permissionId=number))[0] == 403
    operator.permissions().delete(fileId=folder, permissionId=number).execute()
    assert refused(backup.files().get(fileId=file["id"])) == (404, "notFound")


def test_whoever_makes_a_file_owns_it_and_alone_takes_it_away(
    emulator: Emulator, operator: Any, folder: str
) -> None:
    main = service(emulator, MAIN)
    file = make(main, parents=[{"id": folder}])
    assert file["owners"][0]["emailAddress"] == MAIN
    for take in (operator.files().trash, operator.files().delete):
        assert refused(take(fileId=file["id"])) == (403, "insufficientFilePermissions")
    main.files().trash(fileId=file["id"]).execute()
    seen = operator.files().get(fileId=file["id"]).execute()
    assert seen["labels"]["trashed"] is True
    assert main.files().untrash(fileId=file["id"]).execute()["labels"]["trashed"] is False
    out = operator.files().patch(fileId=file["id"], body={}, removeParents=folder, fields="id")
    out.execute()
    home = main.files().get(fileId=file["id"]).execute()
    assert home["parents"][0]["isRoot"] is True
    assert refused(operator.files().get(fileId=file["id"])) == (404, "notFound")


def test_what_lies_in_a_folder_goes_with_it_and_what_others_own_goes_home(
    emulator: Emulator, operator: Any, folder: str
) -> None:
    main = service(emulator, MAIN)
    own, other = make(operator, parents=[{"id": folder}]), make(main, parents=[{"id": folder}])
    operator.files().trash(fileId=folder).execute()
    assert main.files().get(fileId=other["id"]).execute()["labels"]["trashed"] is True
    operator.files().delete(fileId=folder).execute()
    assert refused(operator.files().get(fileId=own["id"])) == (404, "notFound")
    home = main.files().get(fileId=other["id"]).execute()
    assert home["labels"]["trashed"] is False


def test_a_file_lies_in_one_folder(operator: Any, folder: str) -> None:
    file = make(operator)
    both = operator.files().patch(fileId=file["id"], body={}, addParents=folder)
    assert refused(both) == (403, "cannotAddParent")
    root_id = file["parents"][0]["id"]
    moved = operator.files().patch(
        fileId=file["id"], body={}, addParents=folder, removeParents=root_id
    )
    assert [parent["id"] for parent in moved.execute()["parents"]] == [folder]


@pytest.mark.parametrize("data", [b"", b"x", b"ends in a line end\r\n", b"\r", b"--==\n--" * 99])
def test_a_content_comes_back_with_what_drive_says_of_it(operator: Any, data: bytes) -> None:
    media = MediaInMemoryUpload(data, mimetype="application/octet-stream", resumable=False)
    file = make(operator, media_body=media)
    assert (file["md5Checksum"], file["fileSize"]) == (md5(data), str(len(data)))
    assert operator.files().get_media(fileId=file["id"]).execute() == data
    replaced = operator.files().update(fileId=file["id"], media_body=media).execute()
    assert (replaced["title"], replaced["md5Checksum"]) == ("a", md5(data))


def test_a_full_drive_takes_nothing_new_but_words(emulator: Emulator, operator: Any) -> None:
    media = MediaInMemoryUpload(b"x" * 100, mimetype="text/plain", resumable=False)
    file = make(operator, media_body=media)
    account = emulator.world.accounts[OPERATOR]
    assert operator.about().get().execute()["quotaBytesUsed"] == "100"
    account.limit_bytes = 100
    full = (403, "storageQuotaExceeded")
    assert refused(operator.files().insert(body={"title": "b"})) == full
    longer = MediaInMemoryUpload(b"x" * 101, mimetype="text/plain", resumable=False)
    assert refused(operator.files().update(fileId=file["id"], media_body=longer)) == full
    assert operator.files().update(fileId=file["id"], body={"description": "d"}).execute()
    operator.files().delete(fileId=file["id"]).execute()
    assert operator.about().get().execute()["quotaBytesUsed"] == "0"


def test_who_one_is(emulator: Emulator) -> None:
    about = service(emulator, MAIN).about().get(fields="user,quotaBytesTotal").execute()
    assert set(about) == {"user", "quotaBytesTotal"}
    assert about["user"]["emailAddress"] == MAIN


def test_each_request_has_its_price(emulator: Emulator, operator: Any, folder: str) -> None:
    emulator.request_log.clear()
    file = make(operator)
    operator.files().get(fileId=file["id"]).execute()
    operator.files().get_media(fileId=file["id"]).execute()
    operator.files().list(q=f"'{folder}' in parents").execute()
    spent = quota_costs.WRITE + quota_costs.READ + quota_costs.DOWNLOAD + quota_costs.LIST
    assert emulator.units == {OPERATOR: spent}
