"""The calls to a coordinator: each is one try, bounded in time and in size.

Neither a token nor an unchecked word of the other side gets into an error text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from sessionlib import __version__
from sessionlib.coordinator.protocol import AnswerVerdict, CoordinatorAnswer, CoordinatorMessage
from sessionlib.plain_text import plain

TIMEOUT_S = 5.0
SILENCE_S = 60.0
"""A stream of events that is silent for longer has died: there is a sign of life in between."""
MAX_ANSWER_BYTES = 64 * 1024
_OUTDATED = 409
_REFUSED = frozenset({400, 401, 403, 404, 405, 413, 415, 422})


class CoordinatorUnavailable(Exception):
    """No answer that says anything: `str` says why, without secrets."""


class TokenRejected(CoordinatorUnavailable):
    """It answers, and takes nobody's word without a token that it knows."""


class CoordinatorClient:
    """One coordinator at `url`. Safe to share between threads."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._token = token
        headers = {"user-agent": f"colabvps/{__version__}"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        # A redirect could carry the token elsewhere; a proxy of the environment is the user's.
        self._http = httpx.Client(headers=headers, timeout=TIMEOUT_S, follow_redirects=False)

    def close(self) -> None:
        self._http.close()

    def send(self, message: CoordinatorMessage) -> CoordinatorAnswer:
        """Send a message once."""
        try:
            status, said = self._call("POST", message.kind.value, message.body)
        except CoordinatorUnavailable as error:
            return CoordinatorAnswer(AnswerVerdict.FAILED, str(error))
        if 200 <= status < 300:
            return CoordinatorAnswer(AnswerVerdict.TAKEN, unregistered=_says_unregistered(said))
        said = self._printable(said)
        why = f"the coordinator answers {status}" + (f": {said}" if said else "")
        if status == _OUTDATED:
            return CoordinatorAnswer(AnswerVerdict.OUTDATED, why)
        return CoordinatorAnswer(
            AnswerVerdict.REFUSED if status in _REFUSED else AnswerVerdict.FAILED, why
        )

    def get(self, path: str) -> Any:
        """A JSON document. Raises Unavailable, TokenUnknown."""
        status, text = self._call("GET", path, None)
        if status == httpx.codes.UNAUTHORIZED:
            raise TokenRejected(f"the coordinator answers {status}")
        if status != httpx.codes.OK:
            raise CoordinatorUnavailable(f"the coordinator answers {status}")
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise CoordinatorUnavailable("the coordinator's answer is no JSON") from None

    def is_token_accepted(self) -> bool:
        """Whether the coordinator takes our token for somebody's. Raises Unavailable."""
        status, _ = self._call("GET", "/api/sessions/status", None)
        if status not in {httpx.codes.OK, httpx.codes.UNAUTHORIZED}:
            raise CoordinatorUnavailable(f"the coordinator answers {status}")
        return status == httpx.codes.OK

    @contextmanager
    def events(self, last_id: str | None) -> Iterator[Iterator[str]]:
        """The lines of the stream of events, from after `last_id`. Raises Unavailable."""
        headers = {"accept": "text/event-stream"}
        if last_id is not None:
            headers["last-event-id"] = last_id
        timeout = httpx.Timeout(TIMEOUT_S, read=SILENCE_S)
        try:
            with self._http.stream(
                "GET", f"{self.url}/api/events", headers=headers, timeout=timeout
            ) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise CoordinatorUnavailable(f"the coordinator answers {answer.status_code}")
                yield answer.iter_lines()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            raise CoordinatorUnavailable(_unreachable_text(error)) from None

    def _printable(self, said: str) -> str:
        """What the other side says, fit to be shown: it may hold anything, our token too."""
        without = said.replace(self._token, "...") if self._token else said
        return plain(without)[:200]

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, str]:
        try:
            with self._http.stream(method, f"{self.url}{path}", json=body) as answer:
                return answer.status_code, _bounded(answer)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            raise CoordinatorUnavailable(_unreachable_text(error)) from None


def _says_unregistered(text: str) -> bool:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and body.get("unregistered") is True


def _bounded(answer: httpx.Response) -> str:
    """So much of the body as is worth reading. Raises httpx.HTTPError."""
    data = b""
    for piece in answer.iter_bytes():
        data += piece
        if len(data) > MAX_ANSWER_BYTES:
            break
    return data[:MAX_ANSWER_BYTES].decode(errors="replace")


def _unreachable_text(error: Exception) -> str:
    text = plain(str(error))[:200]
    return f"the coordinator can't be reached ({text or type(error).__name__})"
