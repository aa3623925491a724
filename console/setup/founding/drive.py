"""A store in Google Drive, made ready: its folder, the tree in it, lease record, sharing."""

# The folder is made in the Drive of whoever is signed in as the operator. Its description tells it
# again where its id couldn't be written down. Each id is written as soon as it counts. The sharing
# comes last, so that nobody finds half a tree.

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from console.config_file import write_drive
from console.errors import OutcomeUnknown, Refused
from console.setup.founding.sharing import accounts_without_write, share_with_accounts, strangers
from console.setup.founding.steps import SetupStep, lease_steps, make_lease
from sessionlib.clock import SystemClock
from sessionlib.config import Config
from sessionlib.layout import DRIVE_PATHS
from sessionlib.stores import timing_of
from sessionlib.stores.drive import responses, signin_storage
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.files import DriveFile
from sessionlib.stores.drive.opening import build_store, credentials, emulator_url
from sessionlib.stores.drive.provision import (
    PROVISION_S,
    Misplaced,
    create_file,
    find_tree,
    provision,
)
from sessionlib.stores.drive.sharing import Permission, list_permissions, read_account
from sessionlib.stores.drive.signin_storage import OPERATOR, StoredCredentials
from sessionlib.stores.drive.store import DriveStore

NAME = "VPS_Shared"
CALL_S = 30.0


@dataclass
class DriveFolder:
    """The folder and what is in it, as far as it is there."""

    config: Config
    client: DriveClient
    clock: SystemClock
    email: str
    signed_in_as: str
    root_id: str | None = None
    ids: dict[str, str] = field(default_factory=dict)
    rights: list[Permission] = field(default_factory=list)
    namesakes: list[str] = field(default_factory=list)

    @property
    def root(self) -> str:
        """The folder's id, once it is there."""
        if self.root_id is None:
            raise Refused("the folder isn't there yet")
        return self.root_id

    @property
    def is_whole(self) -> bool:
        return all(path in self.ids for path in DRIVE_PATHS)

    def store(self) -> DriveStore:
        return build_store(self.client, self.root, self.ids, self.clock, CALL_S)


def inspect_folder(config: Config) -> DriveFolder:
    """Find what is there already. Raises ConfigError where nobody is signed in, and Refused."""
    clock = SystemClock()
    found = credentials(config, None)
    client = DriveClient(found, clock, emulator_url())
    name = found.kept_as if isinstance(found, StoredCredentials) else "this machine's own sign-in"
    with _drive_errors_translated(), client.time_limit(PROVISION_S):
        me = read_account(client)
        site = DriveFolder(config, client, clock, me.email, name)
        if config.store.folder_id is not None:
            site.root_id = _adopted(client, config.store.folder_id).id
        else:
            _look_for_it(site, me.root_id)
        if site.root_id is not None:
            site.ids = find_tree(client, site.root_id, config.store.ids or {})
            site.rights = list_permissions(client, site.root_id)
    return site


def steps(site: DriveFolder, *, mail: bool) -> list[SetupStep]:
    """What is missing."""
    config = site.config
    ttl_s = timing_of(config).ttl_s
    found: list[SetupStep] = []
    if config.store.folder_id is None:
        found.append(SetupStep(_folder_asks(site), lambda: _have_folder(site)))
    if not site.is_whole:
        asks = (
            "Make the fleet's tree in it: state, scripts, data, logs, config, and what they hold."
        )
        found.append(SetupStep(asks, lambda: _have_tree(site)))
    if any(path not in (config.store.ids or {}) for path in DRIVE_PATHS):
        found.append(
            SetupStep(f"Write the ids of all that to {config.path}.", lambda: _write(site))
        )
    if site.is_whole:
        found += lease_steps(site.store(), ttl_s)
    else:
        asks = "Make the lease record, if there is none: free, epoch 0."
        do = SetupStep(asks, lambda: make_lease(site.store(), ttl_s, may_follow_one=False))
        found.append(do)
    return [*found, *_share_steps(site, mail=mail)]


def warnings(site: DriveFolder) -> Iterator[str]:
    """What the operator should know before anything is done."""
    if site.root_id is None and site.signed_in_as != OPERATOR:
        yield (
            f"WARNING: nobody is signed in as {OPERATOR}, so the folder would belong to "
            f"{site.email} ({site.signed_in_as}). If Google closes that account, the folder goes "
            f"with it: better sign in an account without sessions, `colabvps-console login "
            f"{OPERATOR}`."
        )
    for file_id in site.namesakes:
        yield (
            f"There is a folder {NAME} already that wasn't made for this fleet. To use it, write "
            f"`folder_id: {file_id}` under store, and run this again."
        )
    others = strangers(site.config, site.email, site.rights)
    if others:
        yield (
            f"WARNING: others have a right to the shared folder: {', '.join(others)}. Whoever may "
            "write there can stop the work, and whoever may read sees the data."
        )


def manual_steps(site: DriveFolder) -> list[str]:
    """What is to be done by hand afterwards."""
    link = f"https://drive.google.com/drive/folders/{site.root}"
    owner = next((one.email for one in site.rights if one.role == "owner"), site.email)
    shortcut = (
        f"only where a session mounts Drive: each account but {owner} opens {link} and adds a "
        "shortcut to My Drive, or the folder isn't in its mount"
    )
    here = {name for name, _ in signin_storage.saved_entries(site.config)}
    return [
        shortcut,
        *(
            f"on {name}'s machine: colabvps-console login {name} --config {site.config.path}"
            for name in site.config.by_priority()
            if name not in here
        ),
    ]


def _adopted(client: DriveClient, file_id: str) -> DriveFile:
    found = client.with_retries(lambda: client.get(file_id))
    if found.is_trashed:
        raise Refused(f"the folder {file_id} is in its owner's bin: have it put back")
    if not found.is_folder:
        raise Refused(f"store.folder_id: {file_id} is a file, not a folder")
    return found


def _look_for_it(site: DriveFolder, my_drive_id: str) -> None:
    named = [
        file for file in site.client.list(my_drive_id) if file.is_folder and file.title == NAME
    ]
    ours = [file for file in named if file.description == _mark(site.config)]
    site.namesakes = [] if ours else [file.id for file in named]
    if ours:
        site.root_id = min(ours, key=lambda file: (file.created_s, file.id)).id


def _mark(config: Config) -> str:
    return f"The shared folder of fleet {config.fleet}. Nothing in it is to be changed by hand."


def _folder_asks(site: DriveFolder) -> str:
    if site.root_id is not None:
        return (
            f"Go on with the folder {NAME} ({site.root_id}), which was made for this fleet before."
        )
    return f"Make the folder {NAME} in the Drive of {site.email}, who then owns it."


def _have_folder(site: DriveFolder) -> str:
    if site.root_id is not None:
        did = f"found the folder {NAME} ({site.root_id})"
    else:
        with _drive_errors_translated():
            my_drive_id = read_account(site.client).root_id
            site.root_id = create_file(
                site.client, my_drive_id, NAME, is_folder=True, description=_mark(site.config)
            )
        did = f"made the folder {NAME} ({site.root_id}) in the Drive of {site.email}"
    write_drive(site.config.path, site.root, {})
    return did


def _have_tree(site: DriveFolder) -> str:
    with _drive_errors_translated():
        site.ids = provision(site.client, site.root, site.ids)
    return "made the fleet's tree in it"


def _write(site: DriveFolder) -> str:
    write_drive(site.config.path, site.root, {path: site.ids[path] for path in DRIVE_PATHS})
    return f"wrote the ids to {site.config.path}"


def _share_steps(site: DriveFolder, *, mail: bool) -> list[SetupStep]:
    emails = accounts_without_write(site.config, site.email, site.rights)
    if not emails:
        return []
    how = "Google sends each of them a mail." if mail else "Google sends no mail."

    def do() -> str:
        with _drive_errors_translated():
            return share_with_accounts(
                site.client, site.root, mail=mail, config=site.config, owner=site.email
            )

    return [SetupStep(f"Share the folder with {', '.join(emails)} as editors. {how}", do)]


@contextmanager
def _drive_errors_translated() -> Iterator[None]:
    """Drive's answers as endings of a command."""
    try:
        yield
    except Misplaced as error:
        raise Refused(
            f"store.ids: {error}: put it back; or remove ids from the file and run this again, "
            "which takes what is there and makes the rest anew"
        ) from None
    except responses.NoResponse as error:
        raise OutcomeUnknown(f"{error}: run this again, which looks what is there") from None
    except responses.Trouble as error:
        raise Refused(str(error)) from None
