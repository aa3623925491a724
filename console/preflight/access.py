"""Whether the store can be used, by trying it.

Decided here: that a scratch file is written, read and removed, as each account that is signed
in here; of the others nothing is known, which is no failure: their sign-ins are elsewhere, as
they should be.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from console.preflight.items import FLEET, Item, Word
from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.config.schema import StoreKind
from sessionlib.errors import ConfigError, StoreError
from sessionlib.ports import Store
from sessionlib.stores import open_store

OLD_DAYS = 6.0
DAY_S = 86_400.0
_INIT = "run `colabvps-console init`, which shares the folder with every account"


def fleet_access(config: Config, clock: Clock) -> Iterator[Item]:
    """The store as whoever runs this uses it."""
    try:
        store = open_store(config, clock)
    except ConfigError as error:
        yield Item(FLEET, "store", Word.FAIL, str(error), "see docs/drive.md")
        return
    cure = "check that it is there and writable"
    if config.store.kind is StoreKind.DRIVE:
        cure = "check the network; `colabvps-console login operator` signs in anew"
    yield _tried(FLEET, "store", store, cure)


def account_access(config: Config, name: str, clock: Clock) -> Iterator[Item]:
    """On Drive: whose sign-in this machine has for the account, and what it may do."""
    if config.store.kind is not StoreKind.DRIVE:
        return
    # Loaded only for who has such a store.
    from sessionlib.keeping import NotKept  # noqa: PLC0415 - as above
    from sessionlib.stores.drive import signins  # noqa: PLC0415 - as above

    login = f"`colabvps-console login {name}`"
    try:
        kept = signins.find(config.fleet, name)
    except NotKept as error:
        yield Item(name, "sign-in", Word.FAIL, str(error), f"run {login}")
        return
    if kept is None:
        text = "not on this machine; it can only be tried where it is"
        yield Item(name, "sign-in", Word.UNKNOWN, text, f"there, run this or {login}")
        return
    if not signins.is_same(kept.email, config.account(name).email):
        text = f"as {kept.email}, and the file says {config.account(name).email}"
        yield Item(name, "sign-in", Word.FAIL, text, f"correct the file, or run {login}")
        return
    yield _age(name, clock.now().wall - kept.at_s, login)
    yield from _as_account(config, name, clock)


def _age(name: str, age_s: float, login: str) -> Item:
    days = age_s / DAY_S
    text = f"{days:.0f} days old"
    if days >= OLD_DAYS:
        cure = (
            "if your OAuth app is in testing, Google ends sign-ins after 7 days: publish it, or "
            f"run {login} before the session begins"
        )
        return Item(name, "sign-in", Word.WARN, text, cure)
    return Item(name, "sign-in", Word.OK, text)


def _as_account(config: Config, name: str, clock: Clock) -> Iterator[Item]:
    from sessionlib.stores.drive.client import Client  # noqa: PLC0415 - as above
    from sessionlib.stores.drive.opening import credentials, emulator  # noqa: PLC0415 - as above
    from sessionlib.stores.drive.people import about  # noqa: PLC0415 - as above
    from sessionlib.stores.drive.verdicts import Trouble  # noqa: PLC0415 - as above

    email = config.account(name).email
    try:
        root_id, _ = config.drive_ids()
        client = Client(credentials(config, name), clock, emulator())
        with client.within(config.timings.timeout_s * 2):
            me = about(client)
            folder = client.patiently(lambda: client.get(root_id))
    except (ConfigError, *Trouble) as error:
        yield Item(name, "folder", Word.FAIL, str(error), _INIT)
        return
    if me.email.casefold() != email.casefold():
        text = f"Google says it is {me.email}"
        yield Item(name, "identity", Word.FAIL, text, f"sign in as {email}")
    else:
        yield Item(name, "identity", Word.OK, me.email)
    if folder.is_trashed:
        yield Item(name, "folder", Word.FAIL, "is in its owner's bin", "have it put back")
        return
    yield Item(name, "folder", Word.OK, f"sees {folder.title}")
    yield _tried(name, "writing", open_store(config, clock, name), _INIT)


def _tried(of: str, what: str, store: Store, cure: str) -> Item:
    key, data = f"scripts/preflight-{secrets.token_hex(8)}", secrets.token_bytes(16)
    try:
        store.put(key, data)
        same = store.get(key) == data
        store.delete(key)
    except StoreError as error:
        return Item(of, what, Word.FAIL, f"can't be used: {error}", cure)
    if not same:
        return Item(of, what, Word.FAIL, "what was written isn't what is read", cure)
    return Item(of, what, Word.OK, "written, read and removed")
