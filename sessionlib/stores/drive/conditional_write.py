"""The conditional write: one file by its id, over exactly one ETag.

Decided here: what is made of each answer. The argument:

  One PUT with `If-Match` is sent, once. Drive carries it out only over the version
  with that ETag (assumed atomic; `doctor` races it). So the next version is ours, or
  nothing of ours was written.

  Success: the ETag in the answer may be of another moment, so the file is read again.
  If it holds what we wrote, that reading's ETag is the version. If it holds something
  else, or can't be read, ours was written but we know no version: Unknown.

  412: this PUT wrote nothing. If the file has another ETag by now, Conflict. If it has
  the very one that we named, Drive refused a true condition, as it was seen to do:
  twice more, and then Unreachable, for nothing happened and nothing was learnt. A
  Conflict would say that the record is another than expected, which it is not. That
  the file holds our bytes never turns a 412 into success: another may write the same.

  Anything else that leaves room for doubt: Unknown, at once. Whoever writes the lease
  reads back, finds its nonce or doesn't, and asks again by its own clock; a wait here
  would only be in its way.
"""

from __future__ import annotations

import re
import secrets

from sessionlib.clock import sleep
from sessionlib.ports import Conflict, Unknown, Unreachable, Version
from sessionlib.stores.drive import content
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.files import DriveFile
from sessionlib.stores.drive.responses import RequestRefused, Trouble, write_error

SPURIOUS_TRIES = 3
STALE_TRIES = 4
PAUSE_S = 0.15
NOT_FOUND = 404
CHANGED = 412

_ETAG = re.compile(r"[\x21-\x7e]{1,512}")


class ConditionalFile:
    """Conditional writes through one client."""

    def __init__(self, client: DriveClient) -> None:
        self._client = client

    def replace(
        self, key: str, file_id: str, title: str, data: bytes, expected: Version
    ) -> Version:
        """Write over `expected`; the new version. Raises the port's verdicts."""
        if not _ETAG.fullmatch(expected):
            raise Conflict(f"{key} was never at version {expected!r:.40}")
        body = body_of(title, data)
        media = None if content.is_inline(data) else data
        for _ in range(SPURIOUS_TRIES):
            try:
                self._client.update(file_id, body, media, expected)
            except Trouble as error:
                if not isinstance(error, RequestRefused) or error.answer.status != CHANGED:
                    raise _verdict(error, key) from error
                self._require_same(key, file_id, expected)
                continue
            return self._settle(key, file_id, data, expected)
        raise Unreachable(f"{key}: Drive refuses the version that it says is the present one")

    def _require_same(self, key: str, file_id: str, expected: Version) -> None:
        """After a 412: Conflict unless the record is what we expected after all."""
        try:
            file = self._client.get(file_id)
        except Trouble as error:
            raise Conflict(f"{key} was changed meanwhile, by all that Drive says") from error
        if file.etag != expected:
            raise Conflict(f"{key} was changed meanwhile")
        pause_s()

    def _settle(self, key: str, file_id: str, data: bytes, before: Version) -> Version:
        """The version that our write, which Drive says it has carried out, has made."""
        for _ in range(STALE_TRIES):
            try:
                file = self._client.get(file_id)
                is_ours = content.has_content(file, data)
            except Trouble as error:
                raise Unknown(f"{key}: it was written, and then: {error}") from error
            if is_ours:
                return file.etag
            if file.etag != before:
                break
            pause_s()  # a reading from before our write
        raise Unknown(f"{key}: it was written, and holds something else by now")


def body_of(title: str, data: bytes) -> dict[str, str]:
    """The metadata that goes with a value. A PUT names all that is to stay."""
    return {
        "title": title,
        "mimeType": "application/octet-stream",
        "description": content.description_of(data),
    }


def is_blank(file: DriveFile) -> bool:
    """Whether a file that `init` made for a record has never held one."""
    return not file.description and file.size_bytes == 0


def pause_s() -> None:
    """Let what lags behind catch up; a little different for each, so that racers part."""
    sleep(PAUSE_S * (0.5 + secrets.randbelow(1_000) / 1_000))


def _verdict(error: Exception, key: str) -> Exception:
    if isinstance(error, RequestRefused) and error.answer.status == NOT_FOUND:
        return Conflict(f"{key} isn't there any more, or not shared with this account")
    return write_error(error, key)
