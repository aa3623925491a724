"""`login`: an account's sign-in to Google or to the coordinator, kept on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from console.cli.coordinator_tokens import keep_token
from console.cli.options import CommandContext, command_context
from console.config_file import find_config
from console.errors import Refused, WrongUse
from console.setup.google.browser_flow import sign_in_with_browser
from console.setup.google.identity import email_of
from console.setup.google.oauth_client import OAuthClient, keep_client, need_client, read_client
from console.setup.google.paste_flow import sign_in_by_pasting
from console.store_kinds import console_kind_of
from sessionlib import secret_storage
from sessionlib.clock import SystemClock
from sessionlib.config import Config
from sessionlib.config_loading import load
from sessionlib.stores.drive import signin_storage
from sessionlib.stores.drive.opening import emulator_url
from sessionlib.stores.drive.signin_storage import OPERATOR, SignIn

CHANGES = True
EXAMPLES = (
    "colabvps-console login operator --client client_secret.json",
    "colabvps-console login ada",
    "colabvps-console login bob --no-browser",
    "colabvps-console login bob --coordinator < token",
)


def run(
    ctx: typer.Context,
    account: Annotated[
        str,
        typer.Argument(metavar="ACCOUNT", help="Whose sign-in; operator is your own."),
    ],
    client: Annotated[
        str | None,
        typer.Option("--client", metavar="FILE", help="The OAuth client's file; kept once used."),
    ] = None,
    no_browser: Annotated[
        bool,
        typer.Option("--no-browser", help="Show the address, and read the one that it ends at."),
    ] = False,
    coordinator: Annotated[
        bool,
        typer.Option("--coordinator", help="Keep a token for the coordinator, asked for here."),
    ] = False,
) -> None:
    """Google asks in the browser. Its answer is kept in the system's keyring, or encrypted
    where $COLABVPS_PASSPHRASE is set; never in a file that can be read. Agents
    and commands on this machine use it until `logout`. The address that signs in has to
    be the account's. `operator` is who uses the console and owns the shared folder: best
    a Google account that holds no sessions. How to make an OAuth client: docs/drive.md.
    With --coordinator it is the token that `coordinator token create` has made: typed
    unseen, or read from standard input. $COLABVPS_COORDINATOR_TOKEN goes before it.
    """
    context = command_context(ctx)
    context.require_writable("login")
    config = load(find_config(context.config))
    if coordinator:
        keep_token(context, config, account)
        return
    email = signin_storage.email_of(config, account)
    _check_store(config)
    # Before a person is sent to a browser for nothing.
    secret_storage.check()
    oauth = need_client(config.fleet) if client is None else read_client(Path(client).expanduser())
    before = _before(config, account)
    context.out.ask("\n".join(_asks(account, email, before)), yes=context.yes)
    signin = _signed_in(context, account, email, oauth, no_browser=no_browser)
    signin_storage.save(config.fleet, account, signin)
    if client is not None:
        keep_client(config.fleet, oauth)
    for text in _advice(config, account, signin.email):
        context.out.message(text)
    context.out.answer(
        f"{account} is signed in as {signin.email}; kept in {secret_storage.describe_storage()}",
        {"account": account, "email": signin.email, "kept_in": secret_storage.describe_storage()},
    )


def _check_store(config: Config) -> None:
    if not console_kind_of(config).signs_in_to_google:
        raise WrongUse(
            f"{config.where('store', 'kind')}: the store is a {config.store.kind}, and only one in "
            "Google Drive is signed in to: write `store: {kind: drive}` first"
        )


def _before(config: Config, account: str) -> SignIn | None:
    try:
        return signin_storage.load(config.fleet, account)
    except secret_storage.SecretStorageError:
        return None  # spoilt, and about to be replaced


def _asks(account: str, email: str | None, before: SignIn | None) -> Iterator[str]:
    whom = "whichever account you choose there" if email is None else email
    yield (
        f"Sign {account} in to Google as {whom}, with access to all of its Drive, and keep the "
        f"sign-in in {secret_storage.describe_storage()}."
    )
    if before is not None:
        yield f"It takes the place of the one as {before.email}, which stays valid at Google."


def _signed_in(
    context: CommandContext,
    account: str,
    email: str | None,
    oauth: OAuthClient,
    *,
    no_browser: bool,
) -> SignIn:
    base = emulator_url()
    if no_browser:
        token = sign_in_by_pasting(oauth, email, base, context.out.message, context.out.read)
    else:
        token = sign_in_with_browser(oauth, email, base, context.out.message)
    clock = SystemClock()
    signin = SignIn(email or "", oauth.id, oauth.secret, token, clock.now().wall)
    found = email_of(account, signin, clock, base)
    if email is not None and not signin_storage.is_same(found, email):
        # Not taken back at Google: that would end this account's good sign-ins as well.
        raise Refused(
            f"the browser has signed in {found}, and {account} is {email}: nothing was kept; sign "
            "in again and choose that account"
        )
    return replace(signin, email=found)


def _advice(config: Config, account: str, email: str) -> Iterator[str]:
    if account != OPERATOR:
        return
    workers = [
        name
        for name in config.accounts
        if signin_storage.is_same(config.account(name).email, email)
    ]
    if workers and OPERATOR not in workers:
        yield (
            f"{email} is also {workers[0]}'s: should Google close that account for what its "
            "sessions do, the shared folder goes with it. An account without sessions is better."
        )
