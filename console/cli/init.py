"""`init`: a fleet set up, step by step, as often as you like."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.options import CommandContext, command_context
from console.config_file import find_config, write_starter
from console.errors import WrongUse
from console.setup.founding.keys import key_steps
from console.store_kinds import console_kind_of
from sessionlib.config import Config
from sessionlib.config_loading import load
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
    """The first run writes a configuration to start from. The next one makes the store's
    folders, the lease record and the fleet's key. The key is the one in
    $COLABVPS_FLEET_KEY, else one in the system's keyring. In Google Drive it makes the
    shared folder, or takes the one that `folder_id` names. It shares the folder with every
    account as editor, and writes the ids into the configuration. Run again, it does what
    is still missing and nothing else.
    """
    context = command_context(ctx)
    context.require_writable("init")
    path = _place(context, folder)
    if not path.exists():
        _start(context, path)
        return
    config = load(path)
    store = console_kind_of(config).plan_setup(config, mail=not no_mail)
    for text in store.warnings:
        context.out.message(text)
    steps = [*store.steps, *key_steps(config)]
    if steps:
        context.out.ask("\n".join(step.asks for step in steps if step.asks), yes=context.yes)
    did = [step.do() for step in steps] or ["everything was there already; nothing was changed"]
    _report(context, path, did, [*store.by_hand(), *_next(config)])


def _place(context: CommandContext, folder: str | None) -> Path:
    if folder is not None and context.config is not None:
        raise WrongUse("--dir and --config both say where: give one of them")
    if folder is not None:
        return Path(folder).expanduser() / "accounts.yaml"
    try:
        return find_config(context.config)
    except ConfigError:
        return Path("accounts.yaml")


def _start(context: CommandContext, path: Path) -> None:
    context.out.ask(f"Write a configuration to start from to {path}.", yes=context.yes)
    write_starter(path)
    again = f"colabvps-console init --config {path}"
    _report(context, path, [f"wrote {path}"], [f"edit it: accounts and workload; then {again}"])


def _next(config: Config) -> list[str]:
    agents = [
        f"python -m sessionlib agent --config {config.path} --account {name}"
        for name in config.by_priority()
    ]
    return [*agents, f"colabvps-console status --config {config.path}"]


def _report(context: CommandContext, path: Path, did: list[str], following: list[str]) -> None:
    if context.out.json:
        context.out.document({"config": str(path), "did": did, "next": following})
        return
    for text in did:
        context.out.line(f"Done: {text}")
    context.out.line("Next:")
    for text in following:
        context.out.line(f"  {text}")
