"""What one account's sign-in to Google may do in the shared folder, by trying it."""

from __future__ import annotations

from collections.abc import Iterator

from console.checks.preflight.items import MIN_FREE_BYTES, ItemStatus, PreflightItem
from console.checks.preflight.store_access import try_store
from console.text.units import size_text
from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.errors import ConfigError
from sessionlib.secret_storage import SecretStorageError
from sessionlib.stores import open_store
from sessionlib.stores.drive import signin_storage
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.opening import credentials, emulator_url
from sessionlib.stores.drive.provision import Misplaced, find_tree
from sessionlib.stores.drive.responses import Trouble
from sessionlib.stores.drive.sharing import read_account
from sessionlib.stores.drive.signin_errors import DAY_S, TESTING_DAYS
from sessionlib.stores.drive.tree_ids import drive_ids

SOON_DAYS = 2.0
"""So long before Google ends the sign-ins of an app in testing it is told of."""
OUTLIVED_DAYS = 0.5
"""A sign-in that works so long after that isn't one of those."""
LOOK_S = 30.0
_INIT = "run `colabvps-console init`, which shares the folder with every account"


def account_items(
    config: Config, name: str, clock: Clock, *, writes: bool
) -> Iterator[PreflightItem]:
    """Whose sign-in this machine has for the account, and what it may do."""
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

    email = config.account(name).email
    try:
        root_id, ids = drive_ids(config)
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
    yield try_store(name, "writing", open_store(config, clock, name), _INIT, writes=writes)


def _room(name: str, free_bytes: int | None) -> PreflightItem:
    if free_bytes is None:
        return PreflightItem(name, "its Drive", ItemStatus.OK, "without a limit that is told")
    text = f"{size_text(free_bytes)} free"
    if free_bytes < MIN_FREE_BYTES:
        cure = "make room for the checkpoints that it makes; what lies in its bin counts"
        return PreflightItem(name, "its Drive", ItemStatus.WARN, text, cure)
    return PreflightItem(name, "its Drive", ItemStatus.OK, text)
