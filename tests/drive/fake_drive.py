"""A Drive in a dict, below the store's client: for what needs no wire.

It has the register's promise (a conditional write is atomic, a read by id is new) and
Drive's bad habits, each switched on by a test: refusals before and after a write is
carried out, refused true conditions, readings and listings of a moment ago. What a
request costs is noted by account. The wire itself is the emulator's business.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from sessionlib.clock import Clock, SystemClock
from sessionlib.core.values import Instant
from sessionlib.stores.drive import quota_costs
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.content import md5
from sessionlib.stores.drive.files import FOLDER_TYPE, DriveFile
from sessionlib.stores.drive.opening import build_store
from sessionlib.stores.drive.provision import provision
from sessionlib.stores.drive.responses import DriveResponse, NoResponse, NotSent, RequestRefused
from sessionlib.stores.drive.store import DriveStore
from sessionlib.stores.server_clock import ServerClock

ROOT = "root-folder"
T = TypeVar("T")


@dataclass
class Stopwatch:
    """A clock that a test moves."""

    at_s: float = 1_000_000.0

    def now(self) -> Instant:
        return Instant(self.at_s, self.at_s, self.at_s)


@dataclass
class FakeDrive:
    """What all accounts see, and what goes wrong. `before` and `after` are called with the name
    of each write, and may raise; `stale` readings are answered as they were one write before."""

    clock: Clock = field(default_factory=SystemClock)
    files: dict[str, DriveFile] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    previous: dict[str, DriveFile] = field(default_factory=dict)
    before: Callable[[str], None] = lambda name: None
    after: Callable[[str], None] = lambda name: None
    spurious: int = 0
    stale: int = 0
    hidden: set[str] = field(default_factory=set)
    """Ids that listings don't show yet."""
    unseen: dict[str, str] = field(default_factory=dict)
    """Ids that an account doesn't see at all yet, and that account."""
    spent: Counter[str] = field(default_factory=Counter)
    requests: list[tuple[str, str]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def number(self) -> int:
        return next(self._numbers)

    def account(self, name: str) -> FakeClient:
        return FakeClient(self, name)


@dataclass
class FakeClient:
    """One account's side, with the calls of `Client`."""

    drive: FakeDrive
    name: str
    time: ServerClock = field(init=False)

    def __post_init__(self) -> None:
        self.time = ServerClock(self.drive.clock)

    @contextmanager
    def time_limit(self, seconds: float) -> Iterator[None]:
        yield

    def with_retries(self, call: Callable[[], T]) -> T:
        for _ in range(5):
            try:
                return call()
            except (RequestRefused, NoResponse, NotSent) as error:
                if isinstance(error, RequestRefused) and not error.answer.is_passing:
                    raise
        return call()

    def get(self, file_id: str) -> DriveFile:
        self._spend("get", quota_costs.READ)
        file = self._there(file_id)
        if self.drive.stale and file_id in self.drive.previous:
            self.drive.stale -= 1
            return self.drive.previous[file_id]
        return file

    def list(self, folder_id: str) -> list[DriveFile]:
        self._spend("list", quota_costs.LIST)
        return [
            replace(file, is_ours=self.drive.owners[file.id] == self.name)
            for file in list(self.drive.files.values())
            if folder_id in file.parents
            and not file.is_trashed
            and file.id not in self.drive.hidden
            and self.drive.unseen.get(file.id) != self.name
        ]

    def new_id(self) -> str:
        return f"id-{self.drive.number():06}"

    def insert(self, body: dict[str, Any], data: bytes | None) -> None:
        def once() -> None:
            self._spend("insert", quota_costs.WRITE)
            self.drive.before("insert")
            if body["id"] not in self.drive.files:
                parents = tuple(parent["id"] for parent in body["parents"])
                is_folder = body.get("mimeType") == FOLDER_TYPE
                now_s = self._now_s()
                blank = DriveFile(
                    body["id"], "", "", now_s, now_s, is_folder=is_folder, parents=parents
                )
                self.drive.owners[blank.id] = self.name
                self._write(blank, body, data)
            self.drive.after("insert")

        self.with_retries(once)

    def update(
        self, file_id: str, body: dict[str, Any], data: bytes | None, etag: str | None = None
    ) -> DriveFile:
        self._spend("update", quota_costs.WRITE)
        self.drive.before("update")
        file = self._there(file_id)
        if etag is not None and self.drive.spurious:
            self.drive.spurious -= 1
            raise RequestRefused(DriveResponse(412, "conditionNotMet"))
        if etag is not None and etag != file.etag:
            raise RequestRefused(DriveResponse(412, "conditionNotMet"))
        written = self._write(file, body, data)
        self.drive.after("update")
        return replace(written, etag=file.etag)

    def download(self, file_id: str) -> bytes:
        self._spend("download", quota_costs.DOWNLOAD)
        self._there(file_id)
        return self.drive.contents.get(file_id, b"")

    def delete(self, file_id: str) -> None:
        self._spend("delete", quota_costs.WRITE)
        self._there(file_id)
        if self.drive.owners[file_id] != self.name:
            raise RequestRefused(DriveResponse(403, "insufficientFilePermissions"))
        del self.drive.files[file_id]

    def move(self, file_id: str, from_id: str, to_id: str) -> None:
        self._spend("move", quota_costs.WRITE)
        file = self._there(file_id)
        kept = tuple(parent for parent in file.parents if parent != from_id)
        self.drive.files[file_id] = replace(file, parents=(*kept, to_id))

    def _there(self, file_id: str) -> DriveFile:
        if file_id not in self.drive.files or self.drive.unseen.get(file_id) == self.name:
            raise RequestRefused(DriveResponse(404, "notFound"))
        return self.drive.files[file_id]

    def _write(self, file: DriveFile, body: dict[str, Any], data: bytes | None) -> DriveFile:
        if data is not None:
            self.drive.contents[file.id] = data
        held = self.drive.contents.get(file.id, b"")
        written = replace(
            file,
            title=body.get("title", file.title),
            description=body.get("description", file.description),
            etag=f'"e{self.drive.number()}"',
            modified_s=self._now_s(),
            md5=md5(held),
            size_bytes=len(held),
        )
        if file.id in self.drive.files:
            self.drive.previous[file.id] = file
        self.drive.files[file.id] = written
        return written

    def _now_s(self) -> float:
        return self.drive.clock.now().wall

    def _spend(self, name: str, cost: int) -> None:
        self.drive.spent[self.name] += cost
        self.drive.requests.append((self.name, name))


@dataclass
class Fleet:
    """A provisioned tree, and stores over it."""

    drive: FakeDrive = field(default_factory=FakeDrive)
    ids: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.ids = provision(self.client("operator"), ROOT)
        self.drive.spent.clear()
        self.drive.requests.clear()

    def client(self, account: str) -> DriveClient:
        return cast("DriveClient", self.drive.account(account))

    def store(self, account: str) -> DriveStore:
        return build_store(self.client(account), ROOT, self.ids, self.drive.clock, 7.0)
