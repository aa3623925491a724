"""Goal: an upload in pieces goes on where it was after a drop, over the store and by the protocol's
own rules. Method: pieces sent by hand, and stores whose connections the emulator closes."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from console.emulators.drive.methods.uploads import PIECE_BYTES
from sessionlib.stores.drive import client
from tests.drive.emulator import kit
from tests.drive.emulator.kit import MAIN, Fleet, Signed, md5

DATA = bytes(range(256)) * 4_096
HALF = len(DATA) // 2
Sent = tuple[int, dict[str, str], bytes]


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with kit.fleet() as made:
        yield made


class Upload:
    """One resumable upload, request by request."""

    def __init__(self, fleet: Fleet, title: str = "a", etag: str = "", file_id: str = "") -> None:
        self._connection = http.client.HTTPConnection(urlsplit(fleet.emulator.url).netloc)
        self._token = Signed(fleet.emulator, MAIN).token
        self.body = {"title": title, "parents": [{"id": fleet.ids["data/blobs"]}]}
        path = f"/upload/drive/v2/files{'/' + file_id if file_id else ''}?uploadType=resumable"
        headers = {"Content-Type": "application/json", "X-Upload-Content-Type": "text/plain"}
        if etag:
            headers["If-Match"] = etag
        data = json.dumps(self.body).encode()
        self.began = self._send("PUT" if file_id else "POST", path, data, headers)
        self._uri = self.began[1].get("location", "")

    def send(self, content_range: str, data: bytes = b"") -> Sent:
        return self._send("PUT", self._uri, data, {"Content-Range": content_range})

    def _send(self, verb: str, uri: str, data: bytes, headers: dict[str, str]) -> Sent:
        headers = {**headers, "Authorization": f"Bearer {self._token}"}
        self._connection.request(verb, uri, data, headers)
        answer = self._connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, named, answer.read()


def test_pieces_make_a_file_and_the_state_can_be_asked_for_at_any_time(fleet: Fleet) -> None:
    upload = Upload(fleet)
    status, headers, _ = upload.send(f"bytes */{len(DATA)}")
    assert (status, headers.get("range")) == (308, None)
    status, headers, _ = upload.send(f"bytes 0-{HALF - 1}/{len(DATA)}", DATA[:HALF])
    assert (status, headers["range"]) == (308, f"bytes=0-{HALF - 1}")
    status, headers, _ = upload.send(f"bytes */{len(DATA)}")
    assert (status, headers["range"]) == (308, f"bytes=0-{HALF - 1}")
    last = f"bytes {HALF}-{len(DATA) - 1}/{len(DATA)}"
    status, _, body = upload.send(last, DATA[HALF:])
    assert status == 200
    assert json.loads(body)["md5Checksum"] == md5(DATA)
    status, _, again = upload.send(f"bytes */{len(DATA)}")
    assert (status, json.loads(again)["id"]) == (200, json.loads(body)["id"])
    assert len(list(fleet.emulator.world.children(fleet.ids["data/blobs"]))) == 1


@pytest.mark.parametrize(
    ("content_range", "data"),
    [
        (f"bytes 0-99/{len(DATA)}", DATA[:100]),
        (f"bytes {PIECE_BYTES}-{2 * PIECE_BYTES - 1}/{len(DATA)}", DATA[:PIECE_BYTES]),
        (f"bytes 0-{PIECE_BYTES}/{len(DATA)}", DATA[:PIECE_BYTES]),
        ("bytes nonsense", DATA[:PIECE_BYTES]),
    ],
)
def test_a_piece_that_doesnt_fit_is_refused_and_nothing_is_kept(
    fleet: Fleet, content_range: str, data: bytes
) -> None:
    upload = Upload(fleet)
    assert upload.send(content_range, data)[0] == 400
    status, headers, _ = upload.send(f"bytes */{len(DATA)}")
    assert (status, headers.get("range")) == (308, None)


def test_a_condition_is_checked_when_it_begins_and_not_when_it_ends(fleet: Fleet) -> None:
    files = kit.service(fleet.emulator, MAIN).files()
    file = files.insert(body={"title": "a"}).execute()
    assert Upload(fleet, etag='"other"', file_id=file["id"]).began[0] == 412
    upload = Upload(fleet, etag=file["etag"], file_id=file["id"])
    files.patch(fileId=file["id"], body={"description": "meanwhile"}).execute()
    status, _, _ = upload.send(f"bytes 0-{len(DATA) - 1}/{len(DATA)}", DATA)
    assert status == 200, "so the store sends no condition with an upload in pieces"


@pytest.mark.parametrize("kind", ["lost", "lost-answer", "half-answer", "short-piece", "html-5xx"])
def test_a_stores_upload_goes_on_after_drops(
    fleet: Fleet, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.hurry(fleet.emulator, monkeypatch)
    monkeypatch.setattr(client, "RESUMABLE_BYTES", PIECE_BYTES)
    monkeypatch.setattr(client, "CHUNK_BYTES", 2 * PIECE_BYTES)
    store = fleet.store()
    store.put("data/blobs/small", b"x")
    fleet.emulator.request_log.clear()
    fleet.emulator.faults.force_next(kind, 3)
    store.put("data/blobs/large", DATA)
    assert fleet.emulator.faults.counts[kind] == 3
    proof = store.proof("data/blobs/large")
    assert proof is not None
    assert (proof.bytes, proof.digest) == (len(DATA), md5(DATA))
    made = [item for item in fleet.emulator.world.all_items() if item.title == "large"]
    assert len(made) == 1
