"""From a configuration to a Drive store. All who ask in one process share one store."""

# The store serves many threads, and what it has learnt of ids has a price. An emulator stands in
# for Drive only where the environment says so, and on this machine only.

from __future__ import annotations

import os
import threading

from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.errors import ConfigError
from sessionlib.layout import BELL, DISCARDED, DRIVE_FILES
from sessionlib.secret_storage import SecretStorageError
from sessionlib.stores.drive import signin_storage
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.consistent_reads import FileReader
from sessionlib.stores.drive.doorbell_file import BellFile
from sessionlib.stores.drive.foreign_discards import ForeignDiscards
from sessionlib.stores.drive.key_index import KeyIndex
from sessionlib.stores.drive.key_locations import FolderTree
from sessionlib.stores.drive.request_signing import Credentials
from sessionlib.stores.drive.store import DriveStore
from sessionlib.stores.drive.transport import checked_base
from sessionlib.stores.drive.tree_ids import drive_ids

EMULATOR_VARIABLE = "COLABVPS_DRIVE_EMULATOR"
"""The address of an emulator that stands in for Google, for demonstrations and tests."""
SCOPE = "https://www.googleapis.com/auth/drive"
SHARE_OF_TIMEOUT = 0.9
"""A call ends before the lane that made it gives up on it."""

_open: dict[tuple[str, ...], DriveStore] = {}
_lock = threading.Lock()


def open_drive(config: Config, clock: Clock, account: str | None, timeout_s: float) -> DriveStore:
    """The store of `config` as `account` sees it; `timeout_s` is how long the fleet waits for a
    call. Raises ConfigError."""
    root_id, ids = drive_ids(config)
    base = emulator_url()
    call_s = timeout_s * SHARE_OF_TIMEOUT
    name = (root_id, account or "", base or "", str(call_s), *map("=".join, sorted(ids.items())))
    with _lock:
        if name not in _open:
            client = DriveClient(credentials(config, account), clock, base)
            _open[name] = build_store(client, root_id, ids, clock, call_s)
        return _open[name]


def build_store(
    client: DriveClient, root_id: str, ids: dict[str, str], clock: Clock, call_s: float
) -> DriveStore:
    """A store over `client`; a call on a record takes `call_s` at the most."""
    tree = FolderTree(root_id, ids, DRIVE_FILES)
    ringer = BellFile(client, FileReader(client), ids[BELL])
    index = KeyIndex(tree, client, clock, ringer.read)
    discards = ForeignDiscards(client, tree.folder_id(DISCARDED), clock)
    return DriveStore(tree, client, index, ringer, discards, call_s)


def emulator_url() -> str | None:
    """Where Google's hosts are emulated, if they are. Raises ConfigError."""
    text = os.environ.get(EMULATOR_VARIABLE)
    return checked_base(text) if text else None


def credentials(config: Config, account: str | None) -> Credentials:
    """The sign-in to use as `account`: the one kept here, else the machine's own, as on Colab.

    Where no account is named, it is the operator's. Raises ConfigError.
    """
    why = ""
    try:
        kept = signin_storage.require_usable(config, account)
    except SecretStorageError as error:
        kept, why = None, f" ({error})"
    if kept is not None:
        return signin_storage.StoredCredentials(*kept)
    return _machines_own(account, why)


def _machines_own(account: str | None, why: str) -> Credentials:
    import google.auth  # noqa: PLC0415 - slow, and only where nothing else is handed in
    import google.auth.exceptions  # noqa: PLC0415 - as above

    try:
        found: Credentials = google.auth.default(scopes=[SCOPE])[0]
    except google.auth.exceptions.DefaultCredentialsError:
        text = (
            f"nobody is signed in to Google here{why}: run `colabvps-console login "
            f"{account or signin_storage.OPERATOR}`; in a notebook run "
            "`from google.colab import auth; auth.authenticate_user()` first"
        )
        raise ConfigError([text]) from None
    return found
