"""`init`: a fleet set up, step by step, as often as you like."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from console.cli.options import Desk, desk_of
from console.config_file import find_config
from console.config_file_edit import write_starter
from console.errors import WrongUse
from console.setup.founding.folder import folder_steps
from console.setup.founding.keys import key_steps
from console.setup.founding.steps import Step
from sessionlib.config import Config, StoreKind, load
from sessionlib.errors import ConfigError

CHANGES = True
EXAMPLES = (
    "colabvps-console init",
    "colabvps-console init --dir ~/my-fleet --yes",
    "colabvps-console init --config accounts.yaml --yes",
    "colabvps-console init --no-mail",
)


def run(
    ctx: typer.Context,
    folder: Annotated[
        str | None, typer.Option("--dir", metavar="DIR", help="The folder of the configuration.")
    ] = None,
    no_mail: Annotated[
        bool, typer.Option("--no-mail", help="On Drive: share without a mail from Google.")
    ] = False,
) -> None:
    """The first run writes a configuration to start from. With one at hand it makes the
    store's folders and the lease record, and the fleet's key: the one in
    $COLABVPS_FLEET_KEY, else one in the system's keyring. With a store in Google Drive
    it makes the shared folder there, or takes the one that `folder_id` names, shares it
    with every account as editor, and writes the ids into the configuration. Run again,
    it does what is still missing and nothing else.
    """
    desk = desk_of(ctx)
    desk.may_change("init")
    path = _place(desk, folder)
    if not path.exists():
        _start(desk, path)
        return
    config = load(path)
    store, following = _store(desk, config, mail=not no_mail)
    steps = [*store, *key_steps(config)]
    if steps:
        desk.out.ask("\n".join(step.asks for step in steps if step.asks), yes=desk.yes)
    did = [step.do() for step in steps] or ["everything was there already; nothing was changed"]
    _report(desk, path, did, [*following(), *_next(config)])


def _store(desk: Desk, config: Config, *, mail: bool) -> tuple[list[Step], Callable[[], list[str]]]:
    """What the store lacks, and what is to be done by hand once it has it."""
    if config.store.kind is not StoreKind.DRIVE:
        return folder_steps(config), list
    # Loaded only then: a folder fleet needs nothing of Google's.
    drive = import_module("console.setup.founding.drive")
    site = drive.look(config)
    for text in drive.warnings(site):
        desk.out.tell(text)
    return drive.steps(site, mail=mail), lambda: drive.following(site)


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
