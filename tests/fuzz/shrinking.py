"""A finding made small: what is left fails in the same way, and no part of it can go.

Decided here: that "the same way" is the error's type and the line that raised it.
Not decided here: what is found.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable

from tests.fuzz.target import Target

MOST_TRIES = 20_000


def shrunk(target: Target, data: bytes) -> bytes:
    """The smallest input that is found with `data`'s failure; `data` itself if it has none."""
    want = _kind(target, data)
    if want is None:
        return data
    return smaller(data, lambda tried: _kind(target, tried) == want)


def _kind(target: Target, data: bytes) -> tuple[str, str, int] | None:
    try:
        target.accepts(data)
    except Exception as error:  # noqa: BLE001 - any is a finding
        last = traceback.extract_tb(error.__traceback__)[-1]
        return type(error).__name__, last.filename, last.lineno or 0
    return None


def smaller(data: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """`data` without whatever it fails without: halves first, single bytes last."""
    tries = 0
    size = len(data) // 2 or 1
    while size and tries < MOST_TRIES:
        at, before = 0, len(data)
        while at < len(data) and tries < MOST_TRIES:
            tried = data[:at] + data[at + size :]
            tries += 1
            if fails(tried):
                data = tried
            else:
                at += size
        if size > 1 or len(data) == before:
            size //= 2
    return data
