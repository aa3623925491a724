"""`init`: a fleet set up, step by step, as often as you like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from console import credentials
from console.cli.options import Desk, desk_of
from console.errors import Refused, WrongUse
from console.finding import find_config
from console.provision import create_lease, missing_lease
from console.starter import write_fleet_key, write_starter
from sessionlib.clock import SystemClock
from sessionlib.config import Config, load
from sessionlib.core.values import UNKNOWN_HOLDER, Lease
from sessionlib.errors import ConfigError
from sessionlib.layout import FOLDERS
from sessionlib.signing import new_seed, public_of
from sessionlib.stores.folder import FolderStore

CHANGES = True
EXAMPLES = (
    "colabvps-console init",
    "colabvps-console init --dir ~/my-fleet --yes",
    "colabvps-console init --config accounts.yaml --yes",
)


@dataclass(frozen=True, slots=True)
class Step:
    """Something to be done: what is asked, how, and what is told afterwards."""

    asks: str
    do: Callable[[], str]


def run(
    ctx: typer.Context,
    folder: Annotated[
        str | None, typer.Option("--dir", metavar="DIR", help="The folder of the configuration.")
    ] = None,
) -> None:
    """The first run writes a configuration to start from. With one at hand it makes the
    store's folders and the lease record, and the fleet's key: the one in
    $COLABVPS_FLEET_KEY, else one in the system's keyring. Run again, it does what is
    still missing and nothing else.
    """
    desk = desk_of(ctx)
    desk.may_change("init")
    path = _place(desk, folder)
    if not path.exists():
        _start(desk, path)
        return
    config = load(path)
    steps = [*_store_steps(config), *_key_steps(config)]
    if steps:
        desk.out.ask("\n".join(step.asks for step in steps if step.asks), yes=desk.yes)
    did = [step.do() for step in steps] or ["everything was there already; nothing was changed"]
    _report(desk, path, did, _next(config))


def _place(desk: Desk, folder: str | None) -> Path:
    if folder is not None and desk.config is not None:
        raise WrongUse("--dir and --config both say where: give one of them")
    if folder is not None:
        return Path(folder).expanduser() / "accounts.yaml"
    try:
        return find_config(desk.config)
    except ConfigError:
        return Path("accounts.yaml")


def _start(desk: Desk, path: Path) -> None:
    desk.out.ask(f"Write a configuration to start from to {path}.", yes=desk.yes)
    write_starter(path)
    again = f"colabvps-console init --config {path}"
    _report(desk, path, [f"wrote {path}"], [f"edit it: accounts and workload; then {again}"])


def _store_steps(config: Config) -> list[Step]:
    root = config.store_folder()
    store = FolderStore(root, SystemClock())

    def make_folders() -> str:
        store.provision()
        return f"made the store's folders in {root}"

    if not root.exists():
        asks = (
            f"Make a new store in {root}, which isn't there. (A shared folder that only isn't "
            "mounted must be mounted first: this would begin a second fleet.)"
        )
        # Looked at only then: while a store isn't there, what it lacks can't be told.
        return [Step(asks, make_folders), Step("", lambda: _make_lease(store, config))]
    steps = []
    if not all((root / name).is_dir() for name in FOLDERS):
        steps.append(Step(f"Make the store's folders in {root}.", make_folders))
    lease = missing_lease(store, config.timing().ttl_s)
    if lease is not None:
        steps.append(Step(_lease_asks(lease), lambda: _make_lease(store, config)))
    return steps


def _lease_asks(lease: Lease) -> str:
    if lease.holder != UNKNOWN_HOLDER:
        return "Make the lease record: free, epoch 0."
    pointer = lease.checkpoint
    data = "no checkpoint, for none can be read"
    if pointer is not None:
        data = f"checkpoint {pointer.seq} of epoch {pointer.epoch}, the newest that can be read"
    return (
        "WARNING: the lease record is gone, but this store has been in use. It is made again "
        f"with holder unknown and epoch {lease.epoch}, pointing at {data}; an agent may claim "
        f"it only after watching it for {lease.ttl_s:g} s. Find out who removed it."
    )


def _make_lease(store: FolderStore, config: Config) -> str:
    lease = missing_lease(store, config.timing().ttl_s)
    if lease is None or not create_lease(store, lease):
        return "found a lease record, and left it as it is"
    return f"made the lease record: {lease.state.value}, epoch {lease.epoch}"


def _key_steps(config: Config) -> list[Step]:
    try:
        seed = credentials.find_seed(config.fleet)
    except Refused:
        if config.fleet_key is None or credentials.seed_from_env() is not None:
            raise
        seed = None
    if seed is None and config.fleet_key is not None:
        return []
    if seed is not None and public_of(seed) == config.fleet_key:
        return []

    def write_public() -> str:
        kept = seed or new_seed()
        if seed is None:
            credentials.keep_seed(config.fleet, kept)
        write_fleet_key(config.path, public_of(kept))
        return f"wrote the public half of the fleet's key to {config.path}"

    where = "a new key, kept in the system's keyring" if seed is None else "the key at hand"
    asks = f"Write the public half of {where} to {config.path}."
    if config.fleet_key is not None:
        asks = (
            f"WARNING: {config.where('fleet_key')} has another key's public half. It is replaced "
            "by that of the key at hand; agents that run now ignore its orders until they restart."
        )
    return [Step(asks, write_public)]


def _next(config: Config) -> list[str]:
    agents = [
        f"python -m sessionlib agent --config {config.path} --account {name}"
        for name in config.by_priority()
    ]
    return [*agents, f"colabvps-console status --config {config.path}"]


def _report(desk: Desk, path: Path, did: list[str], following: list[str]) -> None:
    if desk.out.json:
        desk.out.document({"config": str(path), "did": did, "next": following})
        return
    for text in did:
        desk.out.line(f"Done: {text}")
    desk.out.line("Next:")
    for text in following:
        desk.out.line(f"  {text}")
