"""Goal: nothing is answered, and nothing asked, that Google's own description of Drive v2 doesn't
know. Method: a store's whole work over the wire, and requests with each kind of mistake."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from console.emulators.drive import Emulator, running_emulator
from console.emulators.drive.discovery.document import drive_v2
from console.emulators.drive.discovery.field_selection import BadSelection, selected, selection_of
from sessionlib.layout import LEASE
from tests.drive.emulator import kit
from tests.drive.emulator.kit import MAIN, Signed


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with running_emulator(accounts=[MAIN]) as made:
        yield made


def ask(emulator: Emulator, verb: str, path: str, body: object = None) -> tuple[int, str]:
    """Status and words of the answer to a request as it is given."""
    connection = http.client.HTTPConnection(urlsplit(emulator.url).netloc)
    headers = {"Authorization": f"Bearer {Signed(emulator, MAIN).token}"}
    data = None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body), "application/json"
    connection.request(verb, path, data, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text)["error"]["message"] if answer.status >= 400 else ""


@pytest.mark.parametrize(
    ("verb", "path", "body", "words"),
    [
        ("GET", "/drive/v3/files", None, "not described"),
        ("POST", "/drive/v2/files/x/nothing", None, "not described"),
        ("GET", "/drive/v2/files?pageSize=3", None, "pageSize is not described"),
        ("GET", "/drive/v2/files?maxResults=many", None, "maxResults can't be"),
        ("GET", "/drive/v2/files/generateIds?maxResults=1001", None, "maxResults can't be"),
        ("GET", "/drive/v2/files?supportsAllDrives=yes", None, "supportsAllDrives can't be"),
        ("GET", "/drive/v2/files?q=a&q=b", None, "given twice"),
        ("PUT", "/drive/v2/files/x?modifiedDateBehavior=never", {}, "can't be"),
        ("POST", "/drive/v2/files", {"name": "v3's word"}, "name is not described"),
        ("POST", "/drive/v2/files", {"title": 3}, "title is no string"),
        ("POST", "/drive/v2/files", {"parents": {"id": "x"}}, "parents is no list"),
        ("POST", "/drive/v2/files", {"parents": ["x"]}, "no object"),
        ("POST", "/drive/v2/files", {"labels": {"trashed": "no"}}, "trashed is no boolean"),
        ("POST", "/drive/v2/files", {"modifiedDate": "today"}, "modifiedDate is no date-time"),
        ("POST", "/drive/v2/files/x/permissions", {"role": "writer"}, "type is missing"),
        ("GET", "/drive/v2/about", {"a": 1}, "where none is described"),
        ("POST", "/drive/v2/files/x/copy", {}, "not emulated"),
        ("POST", "/drive/v2/files?ocr=true", {}, "not emulated"),
        ("POST", "/drive/v2/files", {"indexableText": {"text": "x"}}, "not emulated"),
    ],
)
def test_what_is_not_described_or_emulated_is_refused_and_told(
    emulator: Emulator, verb: str, path: str, body: object, words: str
) -> None:
    status, said = ask(emulator, verb, path, body)
    assert status == 400
    assert words in said
    (defect,) = emulator.defects
    assert words in defect


@pytest.mark.parametrize("fields", ["id,nothing", "labels/nothing", "id)", "parents(id", "", "a b"])
def test_what_isnt_there_cant_be_selected(emulator: Emulator, fields: str) -> None:
    status, _ = ask(emulator, "GET", f"/drive/v2/files/root?fields={fields.replace(' ', '%20')}")
    assert status == 400


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("id", {"id": "i"}),
        ("id,parents/id", {"id": "i", "parents": [{"id": "p"}, {"id": "q"}]}),
        ("parents(id,isRoot)", {"parents": [{"id": "p", "isRoot": True}, {"id": "q"}]}),
        ("parents/id,parents/isRoot", {"parents": [{"id": "p", "isRoot": True}, {"id": "q"}]}),
        ("parents", {"parents": [{"id": "p", "isRoot": True}, {"id": "q"}]}),
        ("*", {"id": "i", "parents": [{"id": "p", "isRoot": True}, {"id": "q"}]}),
        ("etag", {}),
    ],
)
def test_what_was_asked_for_is_left(text: str, left: object) -> None:
    shapes = drive_v2().shapes
    selection = selection_of(text, shapes, shapes.named("File"))
    file = {"id": "i", "parents": [{"id": "p", "isRoot": True}, {"id": "q"}]}
    assert selected(file, selection) == left
    with pytest.raises(BadSelection):
        selection_of(f"{text},{text}/nothing", shapes, shapes.named("File"))


def test_all_that_a_store_asks_is_described() -> None:
    with kit.fleet() as fleet:
        store, other = fleet.store(), fleet.store(kit.BACKUP)
        version = store.create(LEASE, b'{"a":1}')
        store.replace(LEASE, b"x" * 10_000, version)
        store.create("state/orders/a.json", b'{"a":1}')
        store.put("data/blobs/a", b"x" * 6_000_000)
        store.put("data/blobs/a", b"x" * 7_000_000)
        other.put("data/blobs/b", b"y")
        store.create("data/manifests/a.json", b"{}")
        assert other.get("data/blobs/a") == b"x" * 7_000_000
        assert other.list("data/") == ["data/blobs/a", "data/blobs/b", "data/manifests/a.json"]
        other.delete("data/blobs/a")
        other.delete("data/blobs/b")
        assert set(fleet.emulator.request_log.methods) == {
            "drive.files.delete",
            "drive.files.generateIds",
            "drive.files.get",
            "drive.files.insert",
            "drive.files.list",
            "drive.files.patch",
            "drive.files.update",
            "drive.permissions.insert",
        }
        always = {f"{m} supportsAllDrives" for m in fleet.emulator.request_log.methods}
        always -= {f"drive.{name} supportsAllDrives" for name in ("files.generateIds",)}
        missing = always - fleet.emulator.request_log.parameters
        assert missing == {"drive.permissions.insert supportsAllDrives"}, "the tests' own share"
        assert fleet.emulator.defects == []
