"""The scratch folder in Drive that everything is tried in; it is gone afterwards, whatever happens.

It lies in the fleet's own folder: what holds there holds for the fleet's files.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sessionlib.clock import Clock, sleep
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.files import FOLDER_TYPE, DriveFile
from sessionlib.stores.drive.responses import DriveResponse, RequestRefused, Trouble

NAME = "colabvps-doctor"
LONG_S = 3_600.0
CHANGED = 412
LOOKS = 8
LOOK_AGAIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Participant:
    """An account that takes part, and its access to Drive.

    `hangup_client` hangs up after each write.
    """

    name: str
    client: DriveClient
    hangup_client: DriveClient


@dataclass(frozen=True, slots=True)
class ScratchFolder:
    """The folder, the two accounts, and where progress is told. `tries` is how often that is
    tried of which one time says little."""

    one: Participant
    other: Participant
    folder_id: str
    clock: Clock
    on_progress: Callable[[str], None]
    tries: int

    def new_file(self, by: Participant, text: str, title: str = "scratch") -> str:
        """A file of that account's; its id."""
        file_id = by.client.new_id()
        by.client.insert({**self.body(text, title), "id": file_id, **self.parent_field()}, None)
        return file_id

    def parent_field(self) -> dict[str, object]:
        return {"parents": [{"id": self.folder_id}]}

    def body(self, text: str, title: str = "scratch") -> dict[str, str]:
        return {"title": title, "mimeType": "application/octet-stream", "description": text}

    def read_file(self, by: Participant, file_id: str) -> DriveFile:
        return by.client.with_retries(lambda: by.client.get(file_id))

    def wait_for_text(self, by: Participant, file_id: str, wanted: Collection[str]) -> str:
        """What the file says, once that is one of `wanted`: a reading of before may come first.
        What it said last where it never is."""
        for _ in range(LOOKS):
            says = self.read_file(by, file_id).description
            if says in wanted:
                break
            sleep(LOOK_AGAIN_S)
        return says

    def overwrite(self, by: Participant, file_id: str, text: str) -> None:
        """Write, whatever stands there, as often as it takes. Raises as the client does."""
        by.client.with_retries(lambda: by.client.update(file_id, self.body(text), None))

    def write_if_match(
        self, by: Participant, file_id: str, text: str, etag: str | None = None
    ) -> DriveResponse | None:
        """One conditional write, of which the answer counts: None for success. Raises as the
        client does where there is none."""
        try:
            by.client.update(file_id, self.body(text), None, etag)
        except RequestRefused as error:
            return error.answer
        return None


@contextmanager
def open_scratch_folder(
    patients: tuple[Participant, Participant],
    root_id: str,
    clock: Clock,
    on_progress: Callable[[str], None],
    tries: int,
) -> Iterator[ScratchFolder]:
    """A scratch folder of the first account's below `root_id`. Raises as the client does."""
    one, other = patients
    folder_id = one.client.new_id()
    body = {
        "id": folder_id,
        "title": f"{NAME}-{secrets.token_hex(4)}",
        "mimeType": FOLDER_TYPE,
        "parents": [{"id": root_id}],
    }
    with one.client.time_limit(LONG_S), other.client.time_limit(LONG_S):
        one.client.insert(body, None)
        try:
            yield ScratchFolder(one, other, folder_id, clock, on_progress, tries)
        finally:
            for patient in (other, one):
                with suppress(*Trouble):
                    _clear(patient, folder_id)
            with suppress(*Trouble):
                one.client.with_retries(lambda: one.client.delete(folder_id))


def _clear(patient: Participant, folder_id: str) -> None:
    """What an account has made only that account may delete."""
    for file in patient.client.list(folder_id):
        if file.is_ours:
            with suppress(*Trouble):
                patient.client.delete(file.id)
