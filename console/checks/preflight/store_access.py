"""Whether the store can be used, by trying it.

Decided here: that a scratch file is written, read and removed, as each account that is signed
in here, unless nothing may be changed; of the others nothing is known, which is no failure:
their sign-ins are elsewhere, as they should be.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

from console.checks.preflight.items import CLOCK_S, FLEET, MIN_FREE_BYTES, ItemStatus, PreflightItem
from console.text.units import size_text
from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.config.schema import StoreKind
from sessionlib.errors import ConfigError, StoreError
from sessionlib.layout import LEASE
from sessionlib.ports import Store
from sessionlib.stores import open_store

SOON_DAYS = 2.0
"""So long before Google ends the sign-ins of an app in testing it is told of."""
OUTLIVED_DAYS = 0.5
"""A sign-in that works so long after that isn't one of those."""
LOOK_S = 30.0
_INIT = "run `colabvps-console init`, which shares the folder with every account"


def fleet_access(config: Config, clock: Clock, *, writes: bool) -> Iterator[PreflightItem]:
    """The store as whoever runs this uses it."""
    try:
        store = open_store(config, clock)
    except ConfigError as error:
        yield PreflightItem(FLEET, "store", ItemStatus.FAIL, str(error), "see docs/drive.md")
        return
    cure = "check that it is there and writable"
    if config.store.kind is StoreKind.DRIVE:
        cure = "check the network; `colabvps-console login operator` signs in anew"
    yield _tried(FLEET, "store", store, cure, writes=writes)
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


def account_access(
    config: Config, name: str, clock: Clock, *, writes: bool
) -> Iterator[PreflightItem]:
    """On Drive: whose sign-in this machine has for the account, and what it may do."""
    if config.store.kind is not StoreKind.DRIVE:
        return
    # Loaded only for who has such a store.
    from sessionlib.secret_storage import SecretStorageError  # noqa: PLC0415 - as above
    from sessionlib.stores.drive import signin_storage  # noqa: PLC0415 - as above

    login = f"`colabvps-console login {name}`"
    try:
        kept = signin_storage.load(config.fleet, name)
    except SecretStorageError as error:
        yield PreflightItem(name, "sign-in", ItemStatus.FAIL, str(error), f"run {login}")
        return
    if kept is None:
        text = "not on this machine; it can only be tried where it is"
        yield PreflightItem(
            name, "sign-in", ItemStatus.UNKNOWN, text, f"there, run this or {login}"
        )
        return
    if not signin_storage.is_same(kept.email, config.account(name).email):
        text = f"as {kept.email}, and the file says {config.account(name).email}"
        yield PreflightItem(
            name, "sign-in", ItemStatus.FAIL, text, f"correct the file, or run {login}"
        )
        return
    yield _age(name, clock.now().wall - kept.at_s, login)
    yield from _as_account(config, name, clock, writes=writes)


def _age(name: str, age_s: float, login: str) -> PreflightItem:
    from sessionlib.stores.drive.signin_errors import DAY_S, TESTING_DAYS  # noqa: PLC0415 - as above

    days = age_s / DAY_S
    text = f"{days:.0f} days old"
    if TESTING_DAYS - SOON_DAYS <= days < TESTING_DAYS + OUTLIVED_DAYS:
        cure = (
            f"if your OAuth app is in testing, Google ends sign-ins after {TESTING_DAYS} days: "
            f"publish it, or run {login} before the session begins"
        )
        return PreflightItem(name, "sign-in", ItemStatus.WARN, text, cure)
    return PreflightItem(name, "sign-in", ItemStatus.OK, text)


def _as_account(
    config: Config, name: str, clock: Clock, *, writes: bool
) -> Iterator[PreflightItem]:
    from sessionlib.stores.drive.client import DriveClient  # noqa: PLC0415 - as above
    from sessionlib.stores.drive.opening import credentials, emulator_url  # noqa: PLC0415 - as above
    from sessionlib.stores.drive.provision import Misplaced, find_tree  # noqa: PLC0415 - as above
    from sessionlib.stores.drive.responses import Trouble  # noqa: PLC0415 - as above
    from sessionlib.stores.drive.sharing import read_account  # noqa: PLC0415 - as above

    email = config.account(name).email
    try:
        root_id, ids = config.drive_ids()
        client = DriveClient(credentials(config, name), clock, emulator_url())
        with client.time_limit(LOOK_S):
            me = read_account(client)
            folder = client.with_retries(lambda: client.get(root_id))
            if not folder.is_trashed:
                find_tree(client, root_id, ids)
    except Misplaced as error:
        cure = "compare `store` in the file with the operator's, and look into the owner's bin"
        yield PreflightItem(name, "folder", ItemStatus.FAIL, str(error), cure)
        return
    except (ConfigError, *Trouble) as error:
        yield PreflightItem(name, "folder", ItemStatus.FAIL, str(error), _INIT)
        return
    if me.email.casefold() != email.casefold():
        text = f"Google says it is {me.email}"
        yield PreflightItem(name, "identity", ItemStatus.FAIL, text, f"sign in as {email}")
    else:
        yield PreflightItem(name, "identity", ItemStatus.OK, me.email)
    yield _room(name, me.free_bytes)
    if folder.is_trashed:
        yield PreflightItem(
            name, "folder", ItemStatus.FAIL, "is in its owner's bin", "have it put back"
        )
        return
    yield PreflightItem(
        name, "folder", ItemStatus.OK, f"sees {folder.title}, and all of it that has an id"
    )
    yield _tried(name, "writing", open_store(config, clock, name), _INIT, writes=writes)


def _room(name: str, free_bytes: int | None) -> PreflightItem:
    if free_bytes is None:
        return PreflightItem(name, "its Drive", ItemStatus.OK, "without a limit that is told")
    text = f"{size_text(free_bytes)} free"
    if free_bytes < MIN_FREE_BYTES:
        cure = "make room for the checkpoints that it makes; what lies in its bin counts"
        return PreflightItem(name, "its Drive", ItemStatus.WARN, text, cure)
    return PreflightItem(name, "its Drive", ItemStatus.OK, text)


def _tried(of: str, what: str, store: Store, cure: str, *, writes: bool) -> PreflightItem:
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
