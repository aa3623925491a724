"""Drive's requests, each as one call; tried again only while the caller's time lasts.

Each thread has connections of its own. Drive's clock is known from its answers.
"""

from __future__ import annotations

import http.client
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import googleapiclient.errors
import httplib2
from googleapiclient.http import MediaInMemoryUpload
from pydrive2.auth import GoogleAuth

from sessionlib.clock import Clock, sleep
from sessionlib.stores.drive import backoff, quota_costs
from sessionlib.stores.drive.files import FIELDS, LIST_FIELDS, DriveFile, parse_file
from sessionlib.stores.drive.request_signing import (
    AuthorizedHttp,
    Credentials,
    HttpFactory,
    PlainTransport,
    Tokens,
)
from sessionlib.stores.drive.responses import (
    DriveResponse,
    NoResponse,
    RequestRefused,
    SignInEnded,
    Trouble,
    reason_of,
    retry_after_s,
)
from sessionlib.stores.drive.transport import OnceHttp
from sessionlib.stores.server_clock import ServerClock

RESUMABLE_BYTES = 5 * 1024 * 1024
"""Above this an upload is resumable; Google's bound for the other kinds."""
CHUNK_BYTES = 4 * 1024 * 1024
CONTENT_TYPE = "application/octet-stream"
PAGE = 1_000
MAX_PAGES = 1_000
IDS_AT_ONCE = 20
OUTSIDE_S = 60.0
"""The time that a request has which no caller has put a limit to."""
ALL_DRIVES = {"supportsAllDrives": True}

T = TypeVar("T")


class _Auth(GoogleAuth):  # type: ignore[misc]  # PyDrive2 has no types
    """PyDrive2's sign-in, over our own transport."""

    def __init__(self, shim: HttpFactory, http: Callable[[], OnceHttp]) -> None:
        super().__init__(settings_file=None)
        self.credentials = shim
        self._make_http = http

    def _build_http(self) -> OnceHttp:
        return self._make_http()


class DriveClient:
    """One account's access to Drive. Safe to share between threads.

    Calls raise Refused, NotSent or Lost. `base` is the address of an emulator on this
    machine. `spend` is told what each request costs.
    """

    def __init__(
        self,
        credentials: Credentials,
        clock: Clock,
        base: str | None = None,
        spend: Callable[[int], None] = lambda units: None,
    ) -> None:
        self.time = ServerClock(clock)
        self._clock = clock
        self._base = base
        self._spend = spend
        self._thread = threading.local()
        self._ids: list[str] = []
        self._lock = threading.Lock()
        tokens = Tokens(credentials, clock, lambda: PlainTransport(self._once(), base))
        shim = HttpFactory(lambda once: AuthorizedHttp(once, tokens, base, self._watch))
        self._auth = _Auth(shim, self._once)
        self._auth.Authorize()
        self._service: Any = self._auth.service
        self._files = self._service.files()

    @contextmanager
    def time_limit(self, seconds: float) -> Iterator[None]:
        """Requests of this thread end by then; an outer limit that is shorter counts."""
        before = getattr(self._thread, "until_mono", None)
        until_mono = self._clock.now().mono + seconds
        self._thread.until_mono = until_mono if before is None else min(before, until_mono)
        try:
            yield
        finally:
            self._thread.until_mono = before

    def left_s(self) -> float:
        """How much of this thread's time is left."""
        until_mono = getattr(self._thread, "until_mono", None)
        return OUTSIDE_S if until_mono is None else until_mono - self._clock.now().mono

    def with_retries(self, call: Callable[[], T]) -> T:
        """`call`, again where it failed for a passing reason: for what may happen twice."""
        tries = 0
        while True:
            tries += 1
            try:
                return call()
            except SignInEnded:
                raise
            except Trouble as error:
                answer = error.answer if isinstance(error, RequestRefused) else None
                if answer is not None and not answer.is_passing:
                    raise
                asked_s = answer.retry_after_s if answer else None
                wait_s = backoff.delay_s(tries, secrets.randbelow(1_000) / 1_000, asked_s)
                if not backoff.is_worthwhile(tries, wait_s, self.left_s()):
                    raise
            sleep(wait_s)

    def get(self, file_id: str) -> DriveFile:
        return parse_file(
            self._request(self._files.get(fileId=file_id, fields=FIELDS, **ALL_DRIVES))
        )

    def list(self, folder_id: str) -> list[DriveFile]:
        """The files in a folder that aren't in the bin."""
        found: list[DriveFile] = []
        token = None
        for _ in range(MAX_PAGES):
            page = self.with_retries(lambda token=token: self._page(folder_id, token))  # type: ignore[misc]  # a default binds the loop's value
            found += [parse_file(item) for item in page.get("items", [])]
            token = page.get("nextPageToken")
            if token is None:
                return found
        raise NoResponse(f"a folder has more than {PAGE * MAX_PAGES} files")

    def _page(self, folder_id: str, token: str | None) -> dict[str, Any]:
        asked = self._files.list(
            q=f"'{folder_id}' in parents and trashed = false",
            maxResults=PAGE,
            pageToken=token,
            fields=LIST_FIELDS,
            includeItemsFromAllDrives=True,
            **ALL_DRIVES,
        )
        page = self._request(asked, quota_costs.LIST)
        if not isinstance(page, dict) or page.get("incompleteSearch") is True:
            raise NoResponse("Drive listed a folder only in part")
        return page

    def new_id(self) -> str:
        """An id for a file to be made: with it an insert can be repeated, and happens once."""
        with self._lock:
            if self._ids:
                return self._ids.pop()
        asked = self._files.generateIds(maxResults=IDS_AT_ONCE, space="drive")
        body = self.with_retries(lambda: self._request(asked))
        ids = body.get("ids") if isinstance(body, dict) else None
        if not isinstance(ids, list) or not ids or not all(isinstance(i, str) for i in ids):
            raise NoResponse("Drive gave no ids for new files")
        with self._lock:
            self._ids += ids[1:]
        return str(ids[0])

    def insert(self, body: dict[str, Any], data: bytes | None) -> None:
        """Make a file with the id in `body`; no error if it was made by a try before."""

        def once() -> None:
            try:
                self._send(lambda **media: self._files.insert(body=body, **media), data)
            except RequestRefused as error:
                if error.answer.status != http.client.CONFLICT:
                    raise

        self.with_retries(once)

    def update(
        self, file_id: str, body: dict[str, Any], data: bytes | None, etag: str | None = None
    ) -> DriveFile:
        """Write over a file, over exactly the version `etag` where one is given. One try.

        What is returned tells whether it was in the bin; its ETag isn't to be trusted.
        """

        def asked(**media: Any) -> Any:
            return self._files.update(
                fileId=file_id, body=body, modifiedDateBehavior="now", **media
            )

        headers = {} if etag is None else {"If-Match": etag}
        return parse_file(self._send(asked, data, headers))

    def download(self, file_id: str) -> bytes:
        asked = self._files.get_media(fileId=file_id, **ALL_DRIVES)
        content = self._request(asked, quota_costs.DOWNLOAD)
        if not isinstance(content, bytes):
            raise NoResponse("the answer isn't a file's content")
        return content

    def delete(self, file_id: str) -> None:
        """Remove a file for good, which only its owner may."""
        self._request(self._files.delete(fileId=file_id, **ALL_DRIVES), quota_costs.WRITE)

    def move(self, file_id: str, from_id: str, to_id: str) -> None:
        """Take a file, which may be another account's, from one folder into another; all else
        of it stays as it is."""
        # A PUT names all that is to stay, and this one would name nothing.
        asked = self._files.patch(
            fileId=file_id,
            body={},
            addParents=to_id,
            removeParents=from_id,
            fields="id",
            **ALL_DRIVES,
        )
        self._request(asked, quota_costs.WRITE)

    def request(self, make: Callable[[Any], Any], cost: int = quota_costs.READ) -> Any:
        """What Drive answers to a request of another kind. One try.

        `make` makes it of googleapiclient's service.
        """
        return self._request(make(self._service), cost)

    def _send(
        self, asked: Callable[..., Any], data: bytes | None, headers: dict[str, str] | None = None
    ) -> Any:
        words: dict[str, Any] = {"fields": FIELDS, **ALL_DRIVES}
        if data is None:
            return self._request(asked(**words), quota_costs.WRITE, headers)
        large = len(data) > RESUMABLE_BYTES and not headers
        media = MediaInMemoryUpload(
            data, mimetype=CONTENT_TYPE, chunksize=CHUNK_BYTES, resumable=large
        )
        request = asked(media_body=media, **words)
        return (
            self._resumed(request) if large else self._request(request, quota_costs.WRITE, headers)
        )

    def _resumed(self, request: Any) -> Any:
        """An upload in parts; after a drop it goes on where Drive says it is."""
        self._spend(quota_costs.WRITE)
        body = None
        while body is None:
            body = self.with_retries(
                lambda: self._exchange(lambda: request.next_chunk(http=self._http())[1])
            )
        return body

    def _request(
        self, request: Any, cost: int = quota_costs.READ, headers: dict[str, str] | None = None
    ) -> Any:
        self._spend(cost)
        request.headers.update(headers or {})
        return self._exchange(lambda: request.execute(http=self._http()))

    def _exchange(self, exchange: Callable[[], Any]) -> Any:
        try:
            return exchange()
        except googleapiclient.errors.HttpError as error:
            status = int(error.resp.status)
            wait_s = retry_after_s(error.resp.get("retry-after"))
            raise RequestRefused(DriveResponse(status, reason_of(error.content), wait_s)) from error
        except ValueError as error:
            raise NoResponse(
                "the answer isn't what Drive sends: is a portal in between?"
            ) from error
        except (OSError, httplib2.HttpLib2Error, http.client.HTTPException) as error:
            raise NoResponse(str(error) or type(error).__name__) from error

    def _http(self) -> AuthorizedHttp:
        found: AuthorizedHttp | None = getattr(self._thread, "http", None)
        if found is None:
            found = self._thread.http = self._auth.Get_Http_Object()
        return found

    def _once(self) -> OnceHttp:
        return OnceHttp(self.left_s, proxied=self._base is None)

    def _watch(self) -> Callable[[Any], None]:
        """Look at Drive's clock, where the last look is old."""
        if self.time.is_fresh():
            return lambda headers: None
        before_boot = self.time.reading()

        def answered(headers: Any) -> None:
            try:
                date_s = parsedate_to_datetime(headers["date"]).timestamp()
            except (KeyError, TypeError, ValueError):
                return
            # Cut off to a second: an age had better come out too high than too low.
            self.time.note_file_time(date_s + 1.0, before_boot)

        return answered
