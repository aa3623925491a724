"""Goal: each fault does what the table says of it. Method: one request by hand under each, and what
Drive holds afterwards."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from console.emulators.drive import Emulator, Faults, running_emulator
from console.emulators.drive.faults.kinds import KINDS, RequestKind
from tests.drive.emulator.kit import MAIN, Signed

WAIT_S = 20.0
DROPPED = (http.client.RemoteDisconnected, http.client.IncompleteRead, ConnectionError)


@dataclass
class Drive:
    """One account, one file, and requests for it."""

    emulator: Emulator

    def __post_init__(self) -> None:
        self._token = Signed(self.emulator, MAIN).token
        self.root_id = self.emulator.world.accounts[MAIN].root_id
        self.file = self.ask("POST", "/drive/v2/files", {"title": "a", "description": "old"})[1]

    def ask(self, verb: str, path: str, body: object = None, etag: str = "") -> tuple[int, dict]:  # type: ignore[type-arg]  # any JSON
        connection = http.client.HTTPConnection(urlsplit(self.emulator.url).netloc)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        if etag:
            headers["If-Match"] = etag
        try:
            connection.request(verb, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            is_json = answer.headers["content-type"].startswith("application/json")
            return answer.status, json.loads(text) if is_json else {"retry": answer.headers}
        finally:
            connection.close()

    def get(self) -> tuple[int, dict]:  # type: ignore[type-arg]  # as above
        return self.ask("GET", f"/drive/v2/files/{self.file['id']}")

    def write(self, text: str = "new", etag: str = "") -> tuple[int, dict]:  # type: ignore[type-arg]  # as above
        body = {"title": "a", "description": text}
        return self.ask("PUT", f"/drive/v2/files/{self.file['id']}", body, etag)

    def holds(self) -> str:
        item = self.emulator.world.get(self.file["id"])
        assert item is not None
        return item.description

    def versions(self) -> int:
        item = self.emulator.world.get(self.file["id"])
        assert item is not None
        return item.version


@pytest.fixture
def drive() -> Iterator[Drive]:
    with running_emulator(accounts=[MAIN]) as emulator:
        yield Drive(emulator)
        assert emulator.defects == []


def all_have_come() -> None:
    """Wait for the requests that are late."""
    for thread in threading.enumerate():
        if thread.name == "late":
            thread.join(WAIT_S)


def once(drive: Drive, kind: str) -> None:
    drive.emulator.faults.force_next(kind)


def test_a_stale_read_shows_the_file_as_it_was(drive: Drive) -> None:
    drive.emulator.faults.durations.stale_s = 60.0
    drive.write()
    once(drive, "stale-get")
    assert drive.get()[1]["description"] == "old"
    assert drive.get()[1]["description"] == "new"


def test_a_stale_listing_lacks_what_was_made_since(drive: Drive) -> None:
    path = f"/drive/v2/files?q='{drive.root_id}'%20in%20parents"
    once(drive, "stale-list")
    assert drive.ask("GET", path)[1]["items"] == []
    assert len(drive.ask("GET", path)[1]["items"]) == 1


@pytest.mark.parametrize("kind", ["lost", "lost-answer", "half-answer"])
def test_a_drop_leaves_it_open_whether_the_write_was_carried_out(drive: Drive, kind: str) -> None:
    once(drive, kind)
    with pytest.raises(DROPPED):
        drive.write()
    assert drive.holds() == ("old" if kind == "lost" else "new")


def test_a_late_write_comes_after_its_connection_has_gone(drive: Drive) -> None:
    drive.emulator.faults.durations.late_s = 0.2
    once(drive, "late")
    with pytest.raises(DROPPED):
        drive.write()
    assert drive.holds() == "old"
    all_have_come()
    assert drive.holds() == "new"


def test_a_late_write_over_another_version_does_nothing(drive: Drive) -> None:
    drive.emulator.faults.durations.late_s = 0.1
    once(drive, "late")
    with pytest.raises(DROPPED):
        drive.write("late", drive.file["etag"])
    drive.write("new", drive.file["etag"])
    all_have_come()
    assert drive.holds() == "new"


def test_a_repeated_write_is_carried_out_twice(drive: Drive) -> None:
    once(drive, "duplicated")
    before = drive.versions()
    assert drive.write()[0] == 200
    assert drive.versions() == before + 2
    once(drive, "duplicated-second")
    etag = drive.get()[1]["etag"]
    assert drive.write("newer", etag)[0] == 412, "the copy found another version"
    assert drive.holds() == "newer"
    once(drive, "duplicated")
    etag = drive.get()[1]["etag"]
    assert drive.write("newest", etag)[0] == 200


def test_a_true_condition_is_refused(drive: Drive) -> None:
    once(drive, "spurious-412")
    assert drive.write("new", drive.file["etag"])[0] == 412
    assert drive.holds() == "old"
    assert drive.write("new", drive.file["etag"])[0] == 200


def test_the_answer_to_a_write_has_the_etag_from_before(drive: Drive) -> None:
    once(drive, "wrong-etag")
    assert drive.write()[1]["etag"] == drive.file["etag"] != drive.get()[1]["etag"]


def test_versions_within_a_second_share_an_etag(drive: Drive) -> None:
    drive.emulator.faults["coarse-etag"] = 1.0
    etags = {drive.write(str(number))[1]["etag"] for number in range(20)}
    assert len(etags) < 10


@pytest.mark.parametrize(
    ("kind", "status", "is_written"),
    [
        ("rate-limit", 403, False),
        ("rate-limit-done", 403, True),
        ("retry-after", 429, False),
        ("expired-token", 401, False),
        ("revoked", 401, False),
    ],
)
def test_a_refusal_says_nothing_of_what_was_done(
    drive: Drive, kind: str, status: int, is_written: bool
) -> None:
    once(drive, kind)
    assert drive.write()[0] == status
    assert drive.holds() == ("new" if is_written else "old")


def test_a_page_of_html_comes_with_and_without_the_write(drive: Drive) -> None:
    drive.emulator.faults["html-5xx"] = 1.0
    done = set()
    for number in range(20):
        status, _ = drive.write(str(number))
        assert status in {500, 502, 503}
        done.add(drive.holds() == str(number))
    assert done == {True, False}


def test_one_that_is_asked_to_wait_hears_for_how_long(drive: Drive) -> None:
    drive.emulator.faults.durations.retry_after_s = 7
    once(drive, "retry-after")
    status, body = drive.get()
    assert (status, body["error"]["errors"][0]["reason"]) == (429, "rateLimitExceeded")


def test_a_new_file_is_binned_or_has_a_double(drive: Drive) -> None:
    once(drive, "trashed")
    assert drive.ask("POST", "/drive/v2/files", {"title": "b"})[1]["labels"]["trashed"] is True
    once(drive, "duplicate-name")
    drive.ask("POST", "/drive/v2/files", {"title": "c"})
    titles = [item.title for item in drive.emulator.world.all_items()]
    assert titles.count("c") == 2


def test_a_full_drive_takes_words_only(drive: Drive) -> None:
    drive.emulator.faults["full"] = 1.0
    status, body = drive.ask("POST", "/drive/v2/files", {"title": "b"})
    assert (status, body["error"]["errors"][0]["reason"]) == (403, "storageQuotaExceeded")
    assert drive.write()[0] == 200


def test_a_seed_repeats_what_happens() -> None:
    def drawn(seed: int) -> list[str]:
        faults = Faults({"lost": 0.2, "delayed": 0.2}, seed)
        found = [faults.draw(frozenset({RequestKind.READ})) for _ in range(100)]
        return [kind.name if kind else "" for kind in found]

    assert drawn(1) == drawn(1) != drawn(2)
    assert {"lost", "delayed", ""} == set(drawn(1))


def test_a_fault_befalls_only_what_it_can() -> None:
    faults = Faults(dict.fromkeys(KINDS, 1.0))
    for sort in RequestKind:
        kind = faults.draw(frozenset({sort}))
        assert kind is not None
        assert sort in kind.on
    with pytest.raises(KeyError):
        faults["no such"] = 0.5
    with pytest.raises(ValueError, match="from 0 to 1"):
        faults["lost"] = 2
