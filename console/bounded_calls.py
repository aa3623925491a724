"""Calls that may never come back, such as those to a shared folder whose server is gone.

The operator gets an answer in time, at the price of a thread that is left behind.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from sessionlib.errors import StoreError, Unknown, Unreachable
from sessionlib.ports import Found, Proof, Store, Version

T = TypeVar("T")


def within(timeout_s: float, call: Callable[[], T], failure: type[StoreError] = Unreachable) -> T:
    """The call's result or exception; `verdict` where neither came in time."""
    answers: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(1)

    def run() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            answers.put((None, error))

    # A daemon: a thread that hangs in the kernel must not keep the program from ending.
    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = answers.get(timeout=timeout_s)
    except queue.Empty:
        raise failure(f"no answer within {timeout_s:g} s") from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # T may itself be None


class TimeoutStore:
    """A store whose calls all come back in time; those that write with Unknown."""

    def __init__(self, store: Store, timeout_s: float, blob_timeout_s: float) -> None:
        self.kind = store.kind
        self._store = store
        self._timeout_s = timeout_s
        self._blob_timeout_s = blob_timeout_s

    def read(self, key: str) -> Found | None:
        return within(self._timeout_s, lambda: self._store.read(key))

    def create(self, key: str, data: bytes) -> Version:
        return within(self._timeout_s, lambda: self._store.create(key, data), Unknown)

    def replace(self, key: str, data: bytes, expected: Version) -> Version:
        return within(self._timeout_s, lambda: self._store.replace(key, data, expected), Unknown)

    def list(self, prefix: str) -> list[str]:
        return within(self._timeout_s, lambda: self._store.list(prefix))

    def put(self, key: str, data: bytes) -> None:
        within(self._blob_timeout_s, lambda: self._store.put(key, data), Unknown)

    def get(self, key: str) -> bytes | None:
        return within(self._blob_timeout_s, lambda: self._store.get(key))

    def has(self, key: str) -> int | None:
        return within(self._timeout_s, lambda: self._store.has(key))

    def proof(self, key: str) -> Proof | None:
        # It may have to read the whole blob.
        return within(self._blob_timeout_s, lambda: self._store.proof(key))

    def delete(self, key: str) -> None:
        within(self._timeout_s, lambda: self._store.delete(key), Unknown)
