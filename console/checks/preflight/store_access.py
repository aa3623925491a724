"""Whether the store can be used: a scratch file is written, read and removed.

Of an account that isn't signed in here nothing is known, and that is no failure.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

from console.checks.preflight.items import CLOCK_S, FLEET, ItemStatus, PreflightItem
from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.errors import ConfigError, StoreError
from sessionlib.layout import LEASE
from sessionlib.ports import Store
from sessionlib.stores import open_store


def fleet_access(
    config: Config, clock: Clock, cure: str, *, writes: bool
) -> Iterator[PreflightItem]:
    """The store as whoever runs this uses it."""
    try:
        store = open_store(config, clock)
    except ConfigError as error:
        yield PreflightItem(FLEET, "store", ItemStatus.FAIL, str(error), "see docs/drive.md")
        return
    yield try_store(FLEET, "store", store, cure, writes=writes)
    yield _clock(store)


def _clock(store: Store) -> PreflightItem:
    """The store's clock, which ages are told by. A store that was just asked has shown it."""
    told: Callable[[], float | None] = getattr(store, "clock_ahead_s", lambda: None)
    ahead_s = told()
    if ahead_s is None:
        return PreflightItem(FLEET, "clock here", ItemStatus.UNKNOWN, "the store's can't be seen")
    text = f"{abs(ahead_s):.1f} s from the store's"
    if abs(ahead_s) > CLOCK_S:
        cure = "set the clocks; nothing safe rests on them, but signing in to Google may fail"
        return PreflightItem(FLEET, "clock here", ItemStatus.WARN, text, cure)
    return PreflightItem(FLEET, "clock here", ItemStatus.OK, text)


def try_store(of: str, what: str, store: Store, cure: str, *, writes: bool) -> PreflightItem:
    key, data = f"scripts/preflight-{secrets.token_hex(8)}", secrets.token_bytes(16)
    try:
        store.read(LEASE)
        if not writes:
            text = "read; not written to, for nothing may be changed"
            return PreflightItem(of, what, ItemStatus.UNKNOWN, text, "run it without --read-only")
        store.put(key, data)
        same = store.get(key) == data
        store.delete(key)
    except StoreError as error:
        return PreflightItem(of, what, ItemStatus.FAIL, f"can't be used: {error}", cure)
    if not same:
        return PreflightItem(of, what, ItemStatus.FAIL, "what was written isn't what is read", cure)
    return PreflightItem(of, what, ItemStatus.OK, "written, read and removed")
